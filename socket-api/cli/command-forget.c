/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea forget: decisions that are no longer to be followed.
 *
 * Each named one is tried, also behind one that the agent does not know. What could not be saved may be
 * remembered again when the agent starts anew, so it makes the command fail; the last answer tells, since it
 * stands for all before it. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"
#include "socket-api/wire/error.h"

/* @id NULL: all. */
static json_t *
call (CardeaClient *client, const char *id, GError **error)
{
  g_autoptr (json_t) parameters = json_pack ("{s:s?}", "decision", id);

  return cardea_client_call (client, "org.cardea.agent.Forget", parameters, CARDEA_CLIENT_CALL_MS, error);
}

static int
report (json_t *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *problems = json_object_get (reply, "problems");

  cardea_listing_append_problems (text, problems, "");
  g_printerr ("%s", text->str);
  return json_array_size (problems) == 0 ? CARDEA_EXIT_SUCCESS : CARDEA_EXIT_FAILURE;
}

static int
forget_all (CardeaClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply = call (client, NULL, &error);

  if (reply == NULL)
    return cardea_cli_fail (error);
  g_print ("Decisions forgotten: %" JSON_INTEGER_FORMAT "\n",
           json_integer_value (json_object_get (reply, "forgotten")));
  return report (reply);
}

static int
forget_each (CardeaClient *client, char **ids, int n)
{
  g_autoptr (json_t) last = NULL;
  int exit_code = CARDEA_EXIT_SUCCESS;

  for (int i = 0; i < n; i++) {
    g_autoptr (GError) error = NULL;
    json_t *reply = call (client, ids[i], &error);

    if (reply == NULL) {
      exit_code = cardea_cli_fail (error);
      if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_NOT_FOUND))
        return exit_code;
      continue;
    }
    g_clear_pointer (&last, json_decref);
    last = reply;
  }
  return report (last) == CARDEA_EXIT_SUCCESS ? exit_code : CARDEA_EXIT_FAILURE;
}

/* A name that JSON cannot carry must not become null, which is all of them. */
static gboolean
are_names (char **ids, int n)
{
  for (int i = 0; i < n; i++) {
    g_autoptr (json_t) name = json_string (ids[i]);

    if (name == NULL)
      return FALSE;
  }
  return TRUE;
}

int
cardea_command_forget (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = NULL;
  gboolean all = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &all, "Forget all decisions", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (
          cli, entries, "DECISION...",
          "Forgets decisions, so that you are asked again; \"cardea decisions\" lists their names.", 0,
          G_MAXINT, &argc, &argv, &exit_code))
    return exit_code;
  if (all == (argc > 1))
    return cardea_cli_usage_error ("forget", all ? "--all and the names of decisions exclude each other"
                                                 : "An argument is missing: name decisions, or give --all");
  if (!are_names (argv + 1, argc - 1))
    return cardea_cli_usage_error ("forget", "The name of a decision is UTF-8 text");
  client = cardea_cli_connect (cli, &error);
  if (client == NULL)
    return cardea_cli_fail (error);
  return all ? forget_all (client) : forget_each (client, argv + 1, argc - 1);
}
