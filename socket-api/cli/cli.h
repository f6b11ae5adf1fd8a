/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "socket-api/client/client.h"

G_BEGIN_DECLS

/* Exit codes of the command line. */
#define CARDEA_EXIT_SUCCESS 0
#define CARDEA_EXIT_FAILURE 1
#define CARDEA_EXIT_USAGE 2

/* What every subcommand shares. */
typedef struct
{
  char *socket; /* --socket, or NULL */
} CardeaCli;

/* A subcommand: @argv[0] is its name. Returns the exit code. */
typedef int (*CardeaCommandFunc) (CardeaCli *cli, int argc, char **argv);

/* The whole program: finds the subcommand and runs it. Standard output is not flushed yet when this returns.
 */
int cardea_cli_run (int argc, char **argv);

/* Parses a subcommand's options; --help and --socket are added to @entries. TRUE: go on, with @argc and @argv
 * left as the positional arguments after argv[0]. FALSE: return @exit_code. @arguments: what stands in the
 * usage line. */
gboolean cardea_cli_parse (CardeaCli *cli, const GOptionEntry *entries, const char *arguments,
                           const char *summary, int n_min, int n_max, int *argc, char ***argv,
                           int *exit_code);

/* Prints that the arguments are wrong, and where to read on; returns CARDEA_EXIT_USAGE. */
int cardea_cli_usage_error (const char *command, const char *message);

CardeaClient *cardea_cli_connect (CardeaCli *cli, GError **error);
/* Explains @error on standard error; returns CARDEA_EXIT_FAILURE. */
int cardea_cli_fail (const GError *error);

/* One call on a connection of its own. */
json_t *cardea_cli_call (CardeaCli *cli, const char *method, json_t *parameters, GError **error);

/* Has questions of @client's next call asked on the controlling terminal: @needed, or the call fails; else
 * where there is no display. @options get "terminal". The terminal, to be closed after the call; -1: there is
 * none. */
int cardea_cli_pass_terminal (CardeaClient *client, json_t *options, gboolean needed, GError **error);

/* JSON for programs, ASCII only, so that it cannot steer a terminal either. */
void cardea_cli_print_json (json_t *value);

/* A subcommand that asks one method and prints its reply: as JSON with --json, else as @format makes it. */
typedef char *(*CardeaFormatFunc) (json_t *reply);
int cardea_cli_list (CardeaCli *cli, int argc, char **argv, const char *method, const char *summary,
                     CardeaFormatFunc format);

G_END_DECLS
