/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea decisions: what is remembered, of all servers or of one. */

#include "socket-api/cli/commands.h"
#include "socket-api/cli/listing.h"
#include "socket-api/cli/server-filter.h"

typedef struct
{
  char *text; /* as it was written, or NULL: all servers */
  char *host;
  guint16 port; /* 0: any */
} Server;

static void
server_clear (Server *self)
{
  g_free (self->text);
  g_free (self->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_clear)

static int
list (CardeaCli *cli, const Server *server, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply = cardea_cli_call (cli, "org.cardea.agent.ListDecisions", NULL, &error);
  g_autofree char *text = NULL;

  if (reply == NULL)
    return cardea_cli_fail (error);
  if (server->host != NULL)
    json_object_set_new (
        reply, "decisions",
        cardea_server_filter_apply (json_object_get (reply, "decisions"), server->host, server->port));
  if (json) {
    cardea_cli_print_json (reply);
    return CARDEA_EXIT_SUCCESS;
  }
  text = cardea_listing_decisions (reply);
  g_print ("%s", text);
  return CARDEA_EXIT_SUCCESS;
}

int
cardea_command_decisions (CardeaCli *cli, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_auto (Server) server = { 0 };
  gboolean json = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "for", 0, 0, G_OPTION_ARG_STRING, &server.text, "Only what is remembered for this server",
      "HOST[:PORT]" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the agent's reply as JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (
          cli, entries, "",
          "Lists the decisions that are remembered, each with the name \"cardea forget\" takes.", 0, 0, &argc,
          &argv, &exit_code))
    return exit_code;
  if (server.text != NULL && !cardea_server_filter_parse (server.text, &server.host, &server.port, &error))
    return cardea_cli_usage_error ("decisions", error->message);
  return list (cli, &server, json);
}
