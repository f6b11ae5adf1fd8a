/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea lock: ends the logins to tokens, so that a PIN is needed again. A card that may sign all the same
 * makes the command fail. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"

static int
lock (CardeaCli *cli, const char *token)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) parameters = json_pack ("{s:s?}", "token", token);
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *problems;
  json_int_t n;

  if (parameters == NULL)
    return cardea_cli_usage_error ("lock", "The URI of a token is UTF-8 text");
  reply = cardea_cli_call (cli, "org.cardea.agent.EndLeases", parameters, &error);
  if (reply == NULL)
    return cardea_cli_fail (error);
  n = json_integer_value (json_object_get (reply, "ended"));
  if (n == 0)
    g_print ("No token was unlocked.\n");
  else
    g_print ("%" JSON_INTEGER_FORMAT " %s locked.\n", n, n == 1 ? "token is" : "tokens are");
  problems = json_object_get (reply, "problems");
  cardea_listing_append_problems (text, problems, "");
  g_printerr ("%s", text->str);
  return json_array_size (problems) == 0 ? CARDEA_EXIT_SUCCESS : CARDEA_EXIT_FAILURE;
}

int
cardea_command_lock (CardeaCli *cli, int argc, char **argv)
{
  int exit_code;

  if (!cardea_cli_parse (cli, NULL, "[TOKEN]",
                         "Ends the logins to all tokens, or to those that a PKCS#11 URI matches, so that the "
                         "PIN is needed again. Connections that stand go on.",
                         0, 1, &argc, &argv, &exit_code))
    return exit_code;
  if (argc > 1 && !g_str_has_prefix (argv[1], "pkcs11:"))
    return cardea_cli_usage_error ("lock", "A token is named by its URI, which \"cardea tokens\" shows");
  return lock (cli, argc > 1 ? argv[1] : NULL);
}
