/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/base/purpose-names.h"

static const struct
{
  CardeaPurposes purpose;
  const char *name;
} names[] = {
  { CARDEA_PURPOSE_CLIENT_AUTH, "client_auth" },
  { CARDEA_PURPOSE_SERVER_AUTH, "server_auth" },
  { CARDEA_PURPOSE_SIGNATURE, "signature" },
  { CARDEA_PURPOSE_EMAIL, "email" },
  { CARDEA_PURPOSE_NON_REPUDIATION, "non_repudiation" },
  { CARDEA_PURPOSE_AUTHORITY, "authority" },
};

char **
cardea_purposes_dup_names (CardeaPurposes purposes)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if ((purposes & names[i].purpose) != 0)
      g_strv_builder_add (builder, names[i].name);
  return g_strv_builder_end (builder);
}
