/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea sessions: the connections there are. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"

int
cardea_command_sessions (CardeaCli *cli, int argc, char **argv)
{
  return cardea_cli_list (cli, argc, argv, "org.cardea.agent.ListSessions",
                          "Lists the connections there are, each with the name \"cardea disconnect\" takes.",
                          cardea_listing_sessions);
}
