/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/cli/cli.h"

G_BEGIN_DECLS

/* What the command line of `cardea connect` or `cardea explain` says, as the agent's parameters. */
typedef struct
{
  json_t *parameters; /* of Open, or of OpenWrap */
  char *starttls;     /* the protocol that TLS begins in, or NULL; then: */
  char *host;         /* whom this command connects to, */
  guint16 port;
  char *proxy;             /* and by what; or NULL */
  gboolean may_ask;        /* a terminal is worth passing */
  gboolean needs_terminal; /* questions go to it, or the command fails */
  int timeout_ms;          /* for the agent's side; -1: the agent's own limits */
  gboolean verbose;
  gboolean shut_down; /* the end of standard input is passed on */
} CardeaConnectOptions;

/* NULL: return @exit_code; what there was to say has been printed. */
CardeaConnectOptions *cardea_connect_options_parse (CardeaCli *cli, int argc, char **argv, int *exit_code);
/* Those of `cardea explain`: of them parameters and timeout_ms count. */
CardeaConnectOptions *cardea_connect_options_parse_to_explain (CardeaCli *cli, int argc, char **argv,
                                                               gboolean *json, int *exit_code);
void cardea_connect_options_free (CardeaConnectOptions *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaConnectOptions, cardea_connect_options_free)

G_END_DECLS
