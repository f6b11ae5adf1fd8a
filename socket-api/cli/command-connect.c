/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea connect: netcat through the agent.
 *
 * Open and not Connect: it tells the steps while a person enters a PIN, gives the stream as a descriptor of
 * its own and then how it ended, all on one socket. That end decides the exit code: on the stream itself a
 * truncation looks like an end. */

#include <gio/gio.h>
#include <unistd.h>

#include "socket-api/cli/commands.h"
#include "socket-api/cli/connect-options.h"
#include "socket-api/cli/explain.h"
#include "socket-api/cli/listing.h"
#include "socket-api/cli/pump.h"
#include "socket-api/client/text.h"
#include "socket-api/wire/error.h"

#define PATIENCE_MS 700          /* a step that takes no longer is not worth a line */
#define STEP_MS (10 * 60 * 1000) /* between two steps: other people's questions may come first */
#define GRACE_MS 5000            /* for the agent to tell that the time is over, which it does better */
#define END_MS 15000             /* from the end of the stream to the news of how it ended */

typedef struct
{
  CardeaClient *client;
  const CardeaConnectOptions *options;
  gboolean show_steps;
  gboolean asked_here; /* a question may be on the terminal: nothing is written into it */
} Connection;

static const char *
describe_step (const char *step)
{
  if (g_str_equal (step, "choosing"))
    return "Waiting for the choice of a certificate...";
  if (g_str_equal (step, "pin"))
    return "Waiting for the PIN...";
  if (g_str_equal (step, "signing"))
    return "Waiting for the signature: the token may want to be touched...";
  return NULL;
}

static void
show_step (const Connection *self, const char *step)
{
  const char *words = describe_step (step);

  if (self->asked_here && !g_str_equal (step, "signing"))
    return;
  if (self->show_steps && words != NULL && !cardea_client_wait (self->client, PATIENCE_MS))
    g_printerr ("%s\n", words);
}

static void
set_unexpected (GError **error, const char *what)
{
  cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "The agent's answer is not what was expected: %s", what);
}

/* Follows the steps up to "ready". Returns the stream's descriptor and its session, or -1. */
static int
await_ready (Connection *self, json_t **session, GError **error)
{
  int wait_ms = self->options->timeout_ms < 0 || self->options->timeout_ms > G_MAXINT - GRACE_MS
                    ? STEP_MS
                    : self->options->timeout_ms + GRACE_MS;
  gboolean continues = TRUE;
  int stream;

  while (continues) {
    g_autoptr (json_t) reply = cardea_client_receive (self->client, wait_ms, &continues, error);
    const char *step;

    if (reply == NULL)
      return -1;
    step = cardea_text_member (reply, "step", "");
    if (!g_str_equal (step, "ready")) {
      show_step (self, step);
      continue;
    }
    stream = cardea_client_take_fd (self->client);
    if (stream < 0)
      set_unexpected (error, "the connection is ready, but its stream did not come along");
    else
      *session = json_incref (json_object_get (reply, "session"));
    return stream;
  }
  set_unexpected (error, "it ended before the connection was ready");
  return -1;
}

/* What the last reply says; a new reference, or NULL. */
static json_t *
await_end (Connection *self, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64)END_MS * 1000;
  gboolean continues = TRUE;

  while (continues) {
    gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
    g_autoptr (json_t) reply = cardea_client_receive (self->client, (int)MAX (left, 0), &continues, error);

    if (reply == NULL) {
      g_prefix_error (error, "How the connection ended is not known. ");
      return NULL;
    }
    if (g_str_equal (cardea_text_member (reply, "step", ""), "ended"))
      return json_incref (json_object_get (reply, "end"));
  }
  set_unexpected (error, "how the connection ended was not told");
  return NULL;
}

static void
print_agreed (json_t *session)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *certificate = json_object_get (session, "certificate");
  json_t *accepted = json_object_get (session, "accepted");
  g_autofree char *server =
      g_strdup_printf ("%s port %" JSON_INTEGER_FORMAT, cardea_text_member (session, "server_name", "?"),
                       json_integer_value (json_object_get (session, "port")));
  g_autofree char *tls = g_strdup_printf ("%s, %s", cardea_text_member (session, "tls_version", "?"),
                                          cardea_text_member (session, "cipher_suite", "?"));
  const char *asked = json_is_true (json_object_get (session, "certificate_requested"))
                          ? "none, though the server asked for one"
                          : "none; the server did not ask for one";

  g_string_append (text, "Connected.\n");
  cardea_text_append_field (text, 18, "Server", server);
  cardea_text_append_field (text, 18, "Vouched for by",
                            cardea_listing_vouched_by (cardea_text_member (session, "vouched_by", "?")));
  cardea_text_append_field (text, 18, "Revocation",
                            cardea_listing_revocation (cardea_text_member (session, "revocation", "?")));
  cardea_text_append_field (text, 18, "TLS", tls);
  cardea_text_append_field (text, 18, "Resumed", cardea_listing_resumed (session));
  cardea_text_append_field (text, 18, "Protocol", cardea_text_member (session, "alpn", NULL));
  cardea_text_append_field (text, 18, "Certificate",
                            json_is_object (certificate) ? cardea_text_member (certificate, "subject", "?")
                                                         : asked);
  if (json_is_object (certificate))
    cardea_text_append_field (text, 18, "Accepted",
                              json_is_true (accepted) ? "yes" : "the server has not said anything yet");
  cardea_text_append_field (text, 18, "Session", cardea_text_member (session, "id", "?"));
  g_printerr ("%s", text->str);
}

static int
report_end (Connection *self, gboolean pumped, const GError *pump_error)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) end = NULL;
  g_autofree char *text = NULL;

  if (!pumped) {
    /* Whoever closes our output does so on purpose (head(1)): nothing to say. */
    if (!g_error_matches (pump_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
      g_printerr ("cardea: %s.\n", pump_error->message);
    return CARDEA_EXIT_FAILURE;
  }
  end = await_end (self, &error);
  if (end == NULL)
    return cardea_cli_fail (error);
  text = cardea_explain_end (end);
  if (text == NULL)
    return CARDEA_EXIT_SUCCESS;
  g_printerr ("%s", text);
  return CARDEA_EXIT_FAILURE;
}

/* Which terminal is told beside the parameters: -1, none. */
static int
pass_terminal (Connection *self, GError **error)
{
  json_t *options = json_object_get (self->options->parameters, "options");
  int terminal = self->options->may_ask
                     ? cardea_cli_pass_terminal (self->client, options, self->options->needs_terminal, error)
                     : -1;

  self->asked_here =
      terminal >= 0 && (self->options->needs_terminal ||
                        (g_getenv ("DISPLAY") == NULL && g_getenv ("WAYLAND_DISPLAY") == NULL));
  return terminal;
}

static gboolean
send_open (Connection *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  int terminal = pass_terminal (self, &problem);
  gboolean sent = problem == NULL && cardea_client_send_more (self->client, "org.cardea.agent.Open",
                                                              self->options->parameters, &problem);

  if (terminal >= 0)
    close (terminal);
  if (!sent)
    g_propagate_error (error, g_steal_pointer (&problem));
  return sent;
}

static int
run (Connection *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) pump_error = NULL;
  g_autoptr (json_t) session = NULL;
  gboolean pumped;
  int exit_code;
  int stream;

  if (!send_open (self, &error))
    return cardea_cli_fail (error);
  stream = await_ready (self, &session, &error);
  if (stream < 0)
    return cardea_cli_fail (error);
  if (self->options->verbose)
    print_agreed (session);
  pumped = cardea_pump_run (STDIN_FILENO, STDOUT_FILENO, stream, self->options->shut_down, &pump_error);
  exit_code = report_end (self, pumped, pump_error);
  close (stream);
  return exit_code;
}

int
cardea_command_connect (CardeaCli *cli, int argc, char **argv)
{
  int exit_code = CARDEA_EXIT_SUCCESS;
  g_autoptr (CardeaConnectOptions) options = cardea_connect_options_parse (cli, argc, argv, &exit_code);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (GError) error = NULL;
  Connection connection = { 0 };

  if (options == NULL)
    return exit_code;
  client = cardea_cli_connect (cli, &error);
  if (client == NULL)
    return cardea_cli_fail (error);
  connection = (Connection){
    .client = client,
    .options = options,
    .show_steps = options->verbose || isatty (STDERR_FILENO),
  };
  return run (&connection);
}
