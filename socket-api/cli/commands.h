/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/cli/cli.h"

G_BEGIN_DECLS

/* The subcommands, one file each. */
int cardea_command_certificates (CardeaCli *cli, int argc, char **argv);
int cardea_command_connect (CardeaCli *cli, int argc, char **argv);
int cardea_command_decisions (CardeaCli *cli, int argc, char **argv);
int cardea_command_disconnect (CardeaCli *cli, int argc, char **argv);
int cardea_command_explain (CardeaCli *cli, int argc, char **argv);
int cardea_command_forget (CardeaCli *cli, int argc, char **argv);
int cardea_command_lock (CardeaCli *cli, int argc, char **argv);
int cardea_command_pin (CardeaCli *cli, int argc, char **argv);
int cardea_command_reload (CardeaCli *cli, int argc, char **argv);
int cardea_command_sessions (CardeaCli *cli, int argc, char **argv);
int cardea_command_status (CardeaCli *cli, int argc, char **argv);
int cardea_command_tokens (CardeaCli *cli, int argc, char **argv);
int cardea_command_watch (CardeaCli *cli, int argc, char **argv);

G_END_DECLS
