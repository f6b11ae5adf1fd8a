/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a choice of certificates has to know of the server that asked, whenever it asked. */

#include "agent/tls/asker.h"

G_DEFINE_INTERFACE (CardeaAsker, cardea_asker, G_TYPE_OBJECT)

static void
cardea_asker_default_init (CardeaAskerInterface *interface)
{
}

const char *
cardea_asker_get_authority (CardeaAsker *self)
{
  g_return_val_if_fail (CARDEA_IS_ASKER (self), NULL);

  return CARDEA_ASKER_GET_IFACE (self)->get_authority (self);
}

gboolean
cardea_asker_can_use (CardeaAsker *self, CardeaCertificate *certificate, CardeaRsaSchemes rsa_schemes)
{
  g_return_val_if_fail (CARDEA_IS_ASKER (self), FALSE);

  return CARDEA_ASKER_GET_IFACE (self)->can_use (self, certificate, rsa_schemes);
}
