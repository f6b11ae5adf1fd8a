/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea watch: what happens, line by line, until it is interrupted or the agent ends. */

#include <stdio.h>

#include "socket-api/cli/commands.h"
#include "socket-api/cli/event-text.h"
#include "socket-api/cli/listing.h"

static void
print_line (json_t *value)
{
  char *text = json_dumps (value, JSON_COMPACT | JSON_ENSURE_ASCII);

  g_print ("%s\n", text != NULL ? text : "{}");
  free (text);
}

static void
print_text (json_t *parameters)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autoptr (GString) problems = g_string_new (NULL);
  gsize i;
  json_t *event;

  json_array_foreach (json_object_get (parameters, "events"), i, event) {
    g_autofree char *line = cardea_event_to_text (event);

    if (line != NULL)
      g_print ("%s  %s\n", time, line);
  }
  cardea_listing_append_problems (problems, json_object_get (parameters, "problems"), "          ");
  g_print ("%s", problems->str);
}

/* Each reply is out before the next is waited for, also where the output is a pipe. Nobody there any more
 * ends it; where that is no signal, it is seen here. */
static gboolean
on_reply (json_t *parameters, gpointer user_data)
{
  const gboolean *json = user_data;

  if (*json)
    print_line (parameters);
  else
    print_text (parameters);
  return fflush (stdout) == 0;
}

int
cardea_command_watch (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (GError) error = NULL;
  gboolean json = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print each of the agent's replies as one line of JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (cli, entries, "",
                         "Tells which tokens, certificates and connections there are, and then what changes, "
                         "until it is interrupted.",
                         0, 0, &argc, &argv, &exit_code))
    return exit_code;
  client = cardea_cli_connect (cli, &error);
  if (client == NULL ||
      !cardea_client_call_more (client, "org.cardea.agent.Watch", NULL, -1, on_reply, &json, &error))
    return cardea_cli_fail (error);
  return CARDEA_EXIT_SUCCESS;
}
