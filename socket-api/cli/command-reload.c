/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea reload: the agent reads everything again. Problems it found are its news, and make the command fail:
 * a script that changed the configuration must not go on as if it had been taken. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"

int
cardea_command_reload (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (json_t) reply = NULL;
  json_t *problems;
  gboolean json = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the agent's reply as JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (cli, entries, "", "Has the agent read its configuration, modules and tokens again.",
                         0, 0, &argc, &argv, &exit_code))
    return exit_code;
  reply = cardea_cli_call (cli, "org.cardea.agent.Reload", NULL, &error);
  if (reply == NULL)
    return cardea_cli_fail (error);
  problems = json_object_get (reply, "problems");
  cardea_listing_append_problems (text, problems, "");
  if (json)
    cardea_cli_print_json (reply);
  else
    g_printerr ("%s", text->str);
  return json_array_size (problems) == 0 ? CARDEA_EXIT_SUCCESS : CARDEA_EXIT_FAILURE;
}
