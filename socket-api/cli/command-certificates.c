/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea certificates: what is on the tokens. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"

int
cardea_command_certificates (CardeaCli *cli, int argc, char **argv)
{
  return cardea_cli_list (cli, argc, argv, "org.cardea.agent.ListCertificates",
                          "Lists the certificates on the tokens, each with the names --certificate takes.",
                          cardea_listing_certificates);
}
