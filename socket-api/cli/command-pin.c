/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea pin: a new PIN for a token.
 *
 * No PIN passes through here: the agent asks for it in a dialog, or itself on this terminal. */

#include <unistd.h>

#include "socket-api/cli/commands.h"
#include "socket-api/client/text.h"
#include "socket-api/wire/error.h"

typedef struct
{
  const char *name, *method, *done;
} Action;

static const Action ACTIONS[] = {
  { "change", "org.cardea.agent.ChangePin", "changed" },
  { "unblock", "org.cardea.agent.UnblockPin", "set" },
};

static const Action *
find_action (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ACTIONS); i++)
    if (g_str_equal (ACTIONS[i].name, name))
      return &ACTIONS[i];
  return NULL;
}

/* What is read is no token yet, and what needs no PIN is not meant; @name NULL: any. */
static gboolean
is_meant (json_t *token, const char *name)
{
  if (g_str_equal (cardea_text_member (token, "state", ""), "reading") ||
      g_str_equal (cardea_text_member (token, "state", ""), "absent") ||
      g_str_equal (cardea_text_member (token, "pin", ""), "not_needed"))
    return FALSE;
  return name == NULL || g_str_equal (cardea_text_member (token, "label", ""), name) ||
         g_str_equal (cardea_text_member (token, "uri", ""), name);
}

static void
print_choice (json_t *tokens)
{
  json_t *token;
  gsize i;

  json_array_foreach (tokens, i, token) {
    g_autofree char *label = cardea_text_safe (cardea_text_member (token, "label", "?"));
    g_autofree char *uri = cardea_text_safe (cardea_text_member (token, "uri", "?"));

    if (is_meant (token, NULL))
      g_printerr ("  %s\n    %s\n", label, uri);
  }
}

static int
fail_to_choose (json_t *tokens, guint n, const char *name)
{
  g_autofree char *safe = cardea_text_safe (name);

  if (n > 1)
    g_printerr ("cardea: Several tokens could be meant. Name one by its URI:\n");
  else if (name != NULL)
    g_printerr ("cardea: There is no token “%s”. Those there are:\n", safe);
  else
    g_printerr ("cardea: There is no token with a PIN. Insert it; \"cardea tokens\" shows what there is.\n");
  print_choice (tokens);
  return CARDEA_EXIT_FAILURE;
}

/* The one token that is meant, borrowed from @tokens; NULL: return @exit_code. */
static json_t *
choose (json_t *tokens, const char *name, int *exit_code)
{
  json_t *token, *found = NULL;
  guint n = 0;
  gsize i;

  json_array_foreach (tokens, i, token) {
    if (!is_meant (token, name))
      continue;
    found = token;
    n++;
  }
  if (n == 1)
    return found;
  *exit_code = fail_to_choose (tokens, n, name);
  return NULL;
}

static gboolean
set_pin (CardeaClient *client, const Action *action, json_t *token, gboolean needs_terminal, GError **error)
{
  g_autoptr (json_t) options = json_object ();
  g_autoptr (json_t) parameters = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GError) problem = NULL;
  int terminal = cardea_cli_pass_terminal (client, options, needs_terminal, &problem);

  if (problem == NULL) {
    parameters = json_pack ("{s:s, s:O}", "token", cardea_text_member (token, "uri", ""), "options", options);
    reply =
        cardea_client_call (client, action->method, parameters, -1, &problem); /* people take their time */
  }
  if (terminal >= 0)
    close (terminal);
  if (reply != NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static int
fail (const GError *error)
{
  if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED))
    return cardea_cli_fail (error);
  g_printerr ("cardea: Nobody typed a new PIN, so the token keeps the one it has.\n");
  return CARDEA_EXIT_FAILURE;
}

static int
run (CardeaClient *client, const Action *action, const char *name, gboolean needs_terminal)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply =
      cardea_client_call (client, "org.cardea.agent.ListTokens", NULL, CARDEA_CLIENT_CALL_MS, &error);
  g_autofree char *label = NULL;
  json_t *token;
  int exit_code;

  if (reply == NULL)
    return cardea_cli_fail (error);
  token = choose (json_object_get (reply, "tokens"), name, &exit_code);
  if (token == NULL)
    return exit_code;
  if (!set_pin (client, action, token, needs_terminal, &error))
    return fail (error);
  label = cardea_text_safe (cardea_text_member (token, "label", "?"));
  g_print ("The PIN of %s is %s.\n", label, action->done);
  return CARDEA_EXIT_SUCCESS;
}

int
cardea_command_pin (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (GError) error = NULL;
  const Action *action;
  gboolean terminal = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "terminal", 't', 0, G_OPTION_ARG_NONE, &terminal, "Ask on this terminal, also where there is a display",
      NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (
          cli, entries, "change|unblock [TOKEN]",
          "Gives a token a new PIN: \"change\" by the old one, \"unblock\" by the PUK, when the "
          "PIN is locked, forgotten or was never set. TOKEN is its label or its PKCS#11 URI.",
          1, 2, &argc, &argv, &exit_code))
    return exit_code;
  action = find_action (argv[1]);
  if (action == NULL)
    return cardea_cli_usage_error ("pin", "What can be done is \"change\" and \"unblock\"");
  if (argc > 2 && !g_utf8_validate (argv[2], -1, NULL))
    return cardea_cli_usage_error ("pin", "The name of a token is UTF-8 text");
  client = cardea_cli_connect (cli, &error);
  if (client == NULL)
    return cardea_cli_fail (error);
  return run (client, action, argc > 2 ? argv[2] : NULL, terminal);
}
