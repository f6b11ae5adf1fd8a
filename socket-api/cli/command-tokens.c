/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea tokens: which tokens there are, and what is wrong with them. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"

int
cardea_command_tokens (CardeaCli *cli, int argc, char **argv)
{
  return cardea_cli_list (cli, argc, argv, "org.cardea.agent.ListTokens",
                          "Lists tokens and readers, and what is wrong with them.", cardea_listing_tokens);
}
