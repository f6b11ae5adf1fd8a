/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea status: does the agent run, what does it have, what is wrong. One connection, three questions. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"
#include "socket-api/client/text.h"
#include "socket-api/client/locate.h"

#define COLUMN 18

/* The replies in one object, under the names of the questions; NULL on error. */
static json_t *
ask (const char *path, GError **error)
{
  static const struct
  {
    const char *name;
    const char *method;
  } QUESTIONS[] = {
    { "info", "org.varlink.service.GetInfo" },
    { "tokens", "org.cardea.agent.ListTokens" },
    { "sessions", "org.cardea.agent.ListSessions" },
  };
  g_autoptr (CardeaClient) client = cardea_client_new (path, error);
  g_autoptr (json_t) answers = json_object ();

  if (client == NULL)
    return NULL;
  json_object_set_new (answers, "socket", json_string (path));
  for (gsize i = 0; i < G_N_ELEMENTS (QUESTIONS); i++) {
    json_t *reply = cardea_client_call (client, QUESTIONS[i].method, NULL, CARDEA_CLIENT_CALL_MS, error);

    if (reply == NULL)
      return NULL;
    json_object_set_new (answers, QUESTIONS[i].name, reply);
  }
  return g_steal_pointer (&answers);
}

static guint
count_usable (json_t *tokens)
{
  guint n = 0;
  gsize i;
  json_t *token;

  json_array_foreach (tokens, i, token)
    if (g_str_equal (cardea_text_member (token, "state", ""), "ready"))
      n++;
  return n;
}

static void
append_all_problems (GString *text, json_t *listing)
{
  gsize i;
  json_t *token;

  cardea_listing_append_problems (text, json_object_get (listing, "problems"), "  ");
  json_array_foreach (json_object_get (listing, "tokens"), i, token)
    cardea_listing_append_problems (text, json_object_get (token, "problems"), "  ");
}

static char *
format (json_t *answers, const char *path)
{
  GString *text = g_string_new ("The agent runs.\n");
  json_t *listing = json_object_get (answers, "tokens");
  json_t *tokens = json_object_get (listing, "tokens");
  json_t *sessions = json_object_get (json_object_get (answers, "sessions"), "sessions");
  g_autofree char *n_tokens =
      g_strdup_printf ("%zu, %u of them ready", json_array_size (tokens), count_usable (tokens));
  g_autofree char *n_sessions = g_strdup_printf ("%zu", json_array_size (sessions));

  cardea_text_append_field (text, COLUMN, "Version",
                            cardea_text_member (json_object_get (answers, "info"), "version", "?"));
  cardea_text_append_field (text, COLUMN, "Socket", path);
  cardea_text_append_field (text, COLUMN, "Tokens", n_tokens);
  cardea_text_append_field (text, COLUMN, "Connections", n_sessions);
  append_all_problems (text, listing);
  return g_string_free (text, FALSE);
}

int
cardea_command_status (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) answers = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  gboolean json = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the agent's replies as JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (cli, entries, "", "Tells whether the agent runs, and what it has.", 0, 0, &argc,
                         &argv, &exit_code))
    return exit_code;
  path = cardea_client_find_socket (cli->socket, &error);
  answers = path != NULL ? ask (path, &error) : NULL;
  if (answers == NULL)
    return cardea_cli_fail (error);
  if (json) {
    cardea_cli_print_json (answers);
    return CARDEA_EXIT_SUCCESS;
  }
  text = format (answers, path);
  g_print ("%s", text);
  return CARDEA_EXIT_SUCCESS;
}
