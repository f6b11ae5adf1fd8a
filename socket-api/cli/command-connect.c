/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea connect: netcat through the agent.
 *
 * Open and not Connect: it tells the steps while a person enters a PIN, gives the stream as a descriptor of
 * its own and then how it ended, all on one socket; OpenWrap does so over a connection that the command made,
 * where TLS begins within another protocol. That end decides the exit code: on the stream itself a
 * truncation looks like an end. */

#include <gio/gio.h>
#include <unistd.h>

#include "socket-api/cli/commands.h"
#include "socket-api/cli/connect-options.h"
#include "socket-api/cli/explain.h"
#include "socket-api/cli/listing.h"
#include "socket-api/cli/own-connection.h"
#include "socket-api/cli/pump.h"
#include "socket-api/client/text.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#define PATIENCE_MS 700          /* a step that takes no longer is not worth a line */
#define STEP_MS (10 * 60 * 1000) /* between two steps: other people's questions may come first */
#define GRACE_MS 5000            /* for the agent to tell that the time is over, which it does better */
#define END_MS 15000             /* from the end of the stream to the news of how it ended */

typedef struct
{
  CardeaClient *client;
  const CardeaConnectOptions *options;
  int socket; /* to the server, where TLS begins in it; or -1 */
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

/* The call, with what goes along with it: a terminal, or the socket that is the agent's from then on. */
static gboolean
send_open (Connection *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean wraps = self->options->starttls != NULL;
  int descriptor = wraps ? self->socket : pass_terminal (self, &problem);
  gboolean sent = FALSE;

  if (wraps)
    cardea_client_set_descriptor (self->client, descriptor);
  if (problem == NULL)
    sent =
        cardea_client_send_more (self->client, wraps ? "org.cardea.agent.OpenWrap" : "org.cardea.agent.Open",
                                 self->options->parameters, &problem);
  if (descriptor >= 0)
    close (descriptor);
  if (!sent)
    g_propagate_error (error, g_steal_pointer (&problem));
  return sent;
}

/* What is left of the time is the agent's. */
static void
set_time_left (const CardeaConnectOptions *options, gint64 begun)
{
  gint64 spent = (g_get_monotonic_time () - begun) / 1000;

  if (options->timeout_ms >= 0)
    json_object_set_new (json_object_get (options->parameters, "options"), "timeout_ms",
                         json_integer (MAX (options->timeout_ms - spent, 1)));
}

/* Up to where TLS begins. -1: an error. */
static int
begin_in_the_clear (const CardeaConnectOptions *options, GError **error)
{
  gint64 begun = g_get_monotonic_time ();
  gint64 limit = CARDEA_LIMIT_CONNECT_MS + CARDEA_LIMIT_STARTTLS_MS;
  gint64 ms = options->timeout_ms >= 0 ? MIN (options->timeout_ms, limit) : limit;
  gint64 end = begun + ms * 1000;
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new (options->starttls, options->host);
  gint64 reached = MIN (end, begun + CARDEA_LIMIT_CONNECT_MS * G_GINT64_CONSTANT (1000));
  int fd = cardea_own_connection_new (options->host, options->port, options->proxy, reached, error);
  gint64 talked = MIN (end, g_get_monotonic_time () + CARDEA_LIMIT_STARTTLS_MS * G_GINT64_CONSTANT (1000));

  if (fd < 0)
    return -1;
  if (!cardea_own_connection_talk (fd, talk, talked, error)) {
    close (fd);
    return -1;
  }
  set_time_left (options, begun);
  return fd;
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
  int socket = -1;

  if (options == NULL)
    return exit_code;
  /* The agent waits for no call as long as for a server. */
  if (options->starttls != NULL)
    socket = begin_in_the_clear (options, &error);
  client = error == NULL ? cardea_cli_connect (cli, &error) : NULL;
  if (client == NULL) {
    if (socket >= 0)
      close (socket);
    return cardea_cli_fail (error);
  }
  connection = (Connection){
    .client = client,
    .options = options,
    .socket = socket,
    .show_steps = options->verbose || isatty (STDERR_FILENO),
  };
  return run (&connection);
}
