/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.varlink.service: what the service says about itself. The descriptions are the very files of the
 * contract, built in. */
#include <string.h>

#include "agent/api/methods.h"
#include "agent/api/resource.h"
#include "config.h"
#include "socket-api/wire/error.h"

#define FOLDER "/org/cardea/agent/"

void
cardea_handle_get_info (CardeaCall *call, gpointer context)
{
  if (!cardea_methods_expect_nothing (call))
    return;

  cardea_call_reply (call, json_pack ("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "Cardea", "product",
                                      "cardea-agent", "version", CARDEA_VERSION, "url", "man:cardea-agent(1)",
                                      "interfaces", "org.varlink.service", "org.cardea.agent"));
}

static GBytes *
find_description (const char *interface)
{
  g_autofree char *path = g_strconcat (FOLDER, interface, ".varlink", NULL);

  /* Names come from outside: a path of the resource's own folder, nothing above or below it. */
  if (strchr (interface, '/'))
    return NULL;

  return g_resource_lookup_data (cardea_api_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

void
cardea_handle_get_interface_description (CardeaCall *call, gpointer context)
{
  const char *interface = cardea_methods_expect_string (call, "interface");
  g_autoptr (GBytes) description = NULL;
  g_autoptr (GError) error = NULL;
  const char *text;
  gsize length;

  if (!interface)
    return;

  description = find_description (interface);
  if (!description) {
    error = cardea_error_new (CARDEA_ERROR_INTERFACE_NOT_FOUND, "There is no interface %s", interface);
    cardea_error_take_parameter (error, "interface", json_string (interface));
    cardea_call_reply_error (call, error);
    return;
  }

  text = g_bytes_get_data (description, &length);
  cardea_call_reply (call, json_pack ("{s:s%}", "description", text, length));
}
