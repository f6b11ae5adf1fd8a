/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea explain: what connecting would meet and come to. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/connect-options.h"
#include "socket-api/cli/forecast-text.h"

#define PATIENCE_MS (2 * CARDEA_CLIENT_CALL_MS) /* tokens, network and handshake have limits of their own */
#define GRACE_MS 5000                           /* for the agent to tell that the time is over */

static int
get_patience (const CardeaConnectOptions *options)
{
  if (options->timeout_ms < 0)
    return PATIENCE_MS;
  return options->timeout_ms > G_MAXINT - GRACE_MS ? G_MAXINT : options->timeout_ms + GRACE_MS;
}

int
cardea_command_explain (CardeaCli *cli, int argc, char **argv)
{
  int exit_code = CARDEA_EXIT_SUCCESS;
  gboolean json = FALSE;
  g_autoptr (CardeaConnectOptions) options =
      cardea_connect_options_parse_to_explain (cli, argc, argv, &json, &exit_code);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (options == NULL)
    return exit_code;
  client = cardea_cli_connect (cli, &error);
  if (client != NULL)
    reply = cardea_client_call (client, "org.cardea.agent.Explain", options->parameters,
                                get_patience (options), &error);
  if (reply == NULL)
    return cardea_cli_fail (error);
  if (json) {
    cardea_cli_print_json (reply);
  } else {
    text = cardea_forecast_text (reply);
    g_print ("%s", text);
  }
  return cardea_forecast_authenticates (reply) ? CARDEA_EXIT_SUCCESS : CARDEA_EXIT_FAILURE;
}
