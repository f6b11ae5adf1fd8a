/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea disconnect: ends one connection, whoever's it is. */

#include "socket-api/cli/commands.h"

int
cardea_command_disconnect (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) parameters = NULL;
  g_autoptr (json_t) reply = NULL;
  int exit_code;

  if (!cardea_cli_parse (cli, NULL, "SESSION", "Ends a connection; \"cardea sessions\" lists their names.", 1,
                         1, &argc, &argv, &exit_code))
    return exit_code;
  parameters = json_pack ("{s:s}", "session", argv[1]);
  if (parameters == NULL)
    return cardea_cli_usage_error ("disconnect", "The name of a session is UTF-8 text");
  reply = cardea_cli_call (cli, "org.cardea.agent.Disconnect", parameters, &error);
  return reply != NULL ? CARDEA_EXIT_SUCCESS : cardea_cli_fail (error);
}
