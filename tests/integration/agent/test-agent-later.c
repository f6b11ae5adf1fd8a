/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that asks for a certificate in an open stream: who is asked then, what the server gets, and that
 * every way in which there is no answer has an end that is told. */

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/later-server.h"
#include "tests/fixtures/loop.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OFFERED "\"post_handshake\": true"

/* One stream to a server that asks later. */
typedef struct
{
  CardeaAsks *asks;
  CardeaTestServer *server;
  CardeaClient *client;
  int fd;
} Later;

static void
open_stream (Later *self, const char *options)
{
  struct timeval patience = { 20, 0 };
  g_autoptr (GError) error = NULL;

  self->client = cardea_asks_begin (self->asks, (guint16)cardea_test_server_get_port (self->server), options);
  self->fd = cardea_asks_get_stream (self->client, &error);
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (self->fd, FALSE, NULL));
  setsockopt (self->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static Later *
later_new_without_stream (const char *script)
{
  Later *self = g_new0 (Later, 1);

  self->asks = cardea_asks_new (script);
  self->server = later_server_new (self->asks->lab);
  self->fd = -1;
  return self;
}

static Later *
later_new (const char *script, const char *options)
{
  Later *self = later_new_without_stream (script);

  open_stream (self, options);
  return self;
}

static void
close_stream (Later *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
later_free (Later *self)
{
  close_stream (self);
  g_clear_pointer (&self->client, cardea_client_free);
  cardea_test_server_free (self->server);
  cardea_asks_free (self->asks);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Later, later_free)

static void
say (Later *self, const char *text)
{
  g_assert_cmpint (send (self->fd, text, strlen (text), MSG_NOSIGNAL), ==, (gssize)strlen (text));
}

/* Exactly these bytes come next. */
static void
expect (Later *self, const char *text)
{
  gsize length = strlen (text);
  g_autofree char *got = g_malloc0 (length + 1);
  gsize have = 0;

  while (have < length) {
    gssize n = recv (self->fd, got + have, length - have, 0);
    if (n <= 0)
      g_error ("instead of \"%s\" there came \"%s\" and %s", text, got,
               n == 0 ? "the end" : g_strerror (errno));
    have += (gsize)n;
  }
  g_assert_cmpstr (got, ==, text);
}

static void
expect_report (Later *self, const char *text)
{
  g_autofree char *report = cardea_test_server_wait (self->server);

  g_assert_cmpstr (report, ==, text);
}

/* How the stream ended, which it does now. */
static json_t *
wait_for_end (Later *self, const char *how)
{
  g_autoptr (GError) error = NULL;
  gboolean continues = TRUE;
  g_autoptr (json_t) reply = cardea_client_receive (self->client, CARDEA_CLIENT_CALL_MS, &continues, &error);
  json_t *end = json_object_get (reply, "end");

  g_assert_no_error (error);
  g_assert_cmpstr (json_string_value (json_object_get (reply, "step")), ==, "ended");
  g_test_message ("%s", json_string_value (json_object_get (end, "message")));
  g_assert_cmpstr (json_string_value (json_object_get (end, "how")), ==, how);
  return json_incref (end);
}

static void
expect_end (Later *self, const char *how)
{
  g_autoptr (json_t) end = wait_for_end (self, how);
  char byte;

  if (self->fd >= 0)
    g_assert_cmpint (recv (self->fd, &byte, 1, 0), ==, 0);
}

/* What ListSessions says of the only one. */
static json_t *
get_session (Later *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (self->asks->lab), &error);
  g_autoptr (json_t) reply =
      cardea_client_call (client, "org.cardea.agent.ListSessions", NULL, CARDEA_CLIENT_CALL_MS, &error);
  json_t *sessions = json_object_get (reply, "sessions");

  g_assert_no_error (error);
  g_assert_cmpuint (json_array_size (sessions), ==, 1);
  return json_incref (json_array_get (sessions, 0));
}

static void
assert_session (Later *self, gboolean requested, const char *file)
{
  g_autoptr (json_t) session = get_session (self);
  json_t *certificate = json_object_get (session, "certificate");
  g_autofree char *fingerprint = file != NULL ? cardea_lab_fingerprint (self->asks->lab, file) : NULL;

  g_assert_cmpint (json_is_true (json_object_get (session, "certificate_requested")), ==, requested);
  g_assert_cmpstr (json_string_value (json_object_get (certificate, "sha256")), ==, fingerprint);
}

static void
test_picked (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  assert_session (later, FALSE, NULL);
  cardea_asks_script_pick (later->asks, "ec.pem", "not");
  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (P-256)\n");
  assert_session (later, TRUE, "ec.pem");
  question = cardea_asks_get_question (later->asks, 1);
  g_assert_cmpstr (question->server.name, ==, "localhost");
  g_assert_cmpstr (question->server.vouched_by, ==, "Test Root");
  g_assert_true (question->may_continue);
  say (later, "on\n");
  expect (later, "heard on\n");
  cardea_asks_script_pick (later->asks, "rsa.pem", "not");
  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (RSA-2048)\n");
  assert_session (later, TRUE, "rsa.pem");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 2);
}

static void
test_continue (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not\nshown;continue not", "{" OFFERED "}");

  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (");
  g_assert_cmpint (recv (later->fd, (char[32]){ 0 }, 32, 0), >, 0);
  say (later, "ask\n");
  expect (later, "asking\ngot none\n");
  assert_session (later, TRUE, NULL);
  say (later, "insist\n");
  expect (later, "asking\n");
  expect_end (later, "rejected");
}

static void
test_cancelled (void)
{
  g_autoptr (Later) later = later_new ("shown;cancel", "{" OFFERED "}");

  say (later, "ask\n");
  expect (later, "asking\n");
  expect_end (later, "not_authenticated");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 1);
}

static void
test_not_offered (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not", NULL);

  say (later, "ask\n");
  expect (later, "asking\nnot offered\n");
  close_stream (later);
  g_clear_pointer (&later->client, cardea_client_free);
  open_stream (later, "{\"post_handshake\": null}");
  say (later, "ask\n");
  expect (later, "asking\nnot offered\n");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 0);
}

static void
test_unasked (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not", NULL);
  g_autoptr (json_t) end = NULL;

  say (later, "unasked\n");
  end = wait_for_end (later, "protocol_error");
  g_assert_cmpstr (json_string_value (json_object_get (end, "alert")), ==, "unexpected_message");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 0);
}

/* What the program writes goes on to the server while a person thinks, and what the server answers comes
 * after the certificate. */
static void
test_data_flows (void)
{
  g_autoptr (Later) later = later_new ("shown;wait go;pick 0 not", "{" OFFERED "}");

  say (later, "ask\n");
  expect (later, "asking\n");
  for (guint i = 0; i < 3; i++) {
    say (later, "more\n");
    expect_report (later, "heard more");
  }
  cardea_lab_write (later->asks->lab, "go", "");
  expect (later, "heard more\nheard more\nheard more\ngot Demo client (");
}

/* A rule about this program and this server. */
static void
add_rule (Later *self, const char *action, const char *more)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *text = g_strdup_printf ("[rule later]\nprogram=exe:%s\nservers=localhost:%d\n%s\n%s\n",
                                           own, cardea_test_server_get_port (self->server), action, more);

  cardea_asks_add_rules (self->asks, "later.conf", text);
  cardea_asks_restart (self->asks);
}

static void
reopen_stream (Later *self, const char *options)
{
  close_stream (self);
  g_clear_pointer (&self->client, cardea_client_free);
  open_stream (self, options);
}

static void
test_never (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not", "{" OFFERED ", \"authenticate\": \"never\"}");

  say (later, "ask\n");
  expect (later, "asking\ngot none\n");
  assert_session (later, TRUE, NULL);
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 0);
}

/* Nobody may be asked: not at first, and not later. */
static void
test_no_interaction (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not", "{" OFFERED ", \"interaction\": \"never\"}");

  say (later, "ask\n");
  expect (later, "asking\ngot none\n");
  reopen_stream (later, "{" OFFERED ", \"interaction\": \"never\", \"authenticate\": \"required\"}");
  say (later, "ask\n");
  expect (later, "asking\n");
  expect_end (later, "not_authenticated");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 0);
}

/* What a rule or a memory consents to needs nobody. */
static void
test_consented (void)
{
  g_autoptr (Later) later = later_new_without_stream ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (later->asks->lab, "ec.pem");
  g_autofree char *line = g_strconcat ("certificate=", fingerprint, NULL);

  cardea_asks_script_pick (later->asks, "rsa.pem", "always");
  open_stream (later, "{" OFFERED "}");
  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (RSA-2048)\n");
  reopen_stream (later, "{" OFFERED ", \"interaction\": \"never\"}");
  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (RSA-2048)\n");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 1);
  g_assert_cmpint (
      cardea_lab_cardea (later->asks->lab, (const char *[]){ "forget", "--all", NULL }, NULL, NULL, NULL), ==,
      0);
  add_rule (later, "action=consent", line);
  reopen_stream (later, "{" OFFERED ", \"interaction\": \"never\"}");
  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (P-256)\n");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 1);
}

/* A rule may offer it for a program that says nothing, not for one that says no; and it may forbid it. */
static void
test_rules_offer (void)
{
  g_autoptr (Later) later = later_new_without_stream ("shown;pick 0 not");

  add_rule (later, "action=settings", "post-handshake=true");
  open_stream (later, NULL);
  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (");
  reopen_stream (later, "{\"post_handshake\": false}");
  say (later, "ask\n");
  expect (later, "asking\nnot offered\n");
  add_rule (later, "action=settings", "post-handshake=false");
  reopen_stream (later, "{" OFFERED "}");
  say (later, "ask\n");
  expect (later, "asking\nnot offered\n");
}

/* The program itself has to say that the server asks later. */
static void
test_required (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not", "{" OFFERED ", \"authenticate\": \"required\"}");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;

  say (later, "ask\n");
  expect (later, "asking\ngot Demo client (");
  question = cardea_asks_get_question (later->asks, 1);
  g_assert_false (question->may_continue);
  close_stream (later);
  cardea_client_free (later->client);
  add_rule (later, "action=settings", "post-handshake=true");
  later->client = cardea_asks_begin (later->asks, (guint16)cardea_test_server_get_port (later->server),
                                     "{\"authenticate\": \"required\"}");
  g_assert_cmpint (cardea_asks_get_stream (later->client, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
}

/* What it sent before it left is read, and that it left is no failure. */
static void
test_server_leaves (void)
{
  g_autoptr (Later) later = later_new ("shown;update;pick 0 not", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  say (later, "leave\n");
  question = cardea_asks_get_question (later->asks, 1);
  cardea_test_server_let_go (later->server);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw server_closed");
  expect (later, "tail\n");
  g_assert_cmpint (shutdown (later->fd, SHUT_WR), ==, 0);
  expect_end (later, "clean");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 1);
}

static void
test_reset (void)
{
  g_autoptr (Later) later = later_new ("shown;update;pick 0 not", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  say (later, "reset\n");
  question = cardea_asks_get_question (later->asks, 1);
  cardea_test_server_let_go (later->server);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw server_closed");
  expect_end (later, "reset");
}

/* Its last bytes go out, and nobody is asked any more. */
static void
test_caller_gone (void)
{
  g_autoptr (Later) later = later_new ("shown;update;pick 0 not", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  say (later, "ask\n");
  question = cardea_asks_get_question (later->asks, 1);
  say (later, "last\n");
  close_stream (later);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw caller_gone");
  expect_report (later, "heard last");
  expect_report (later, "closed");
  expect_end (later, "disconnected");
}

/* Half an end is the program's right: the answer goes out before it. */
static void
test_half_closed (void)
{
  g_autoptr (Later) later = later_new ("shown;wait go;pick 0 not", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  say (later, "ask\n");
  question = cardea_asks_get_question (later->asks, 1);
  say (later, "last\n");
  g_assert_cmpint (shutdown (later->fd, SHUT_WR), ==, 0);
  expect_report (later, "heard last");
  cardea_lab_write (later->asks->lab, "go", "");
  expect (later, "asking\nheard last\ngot Demo client (");
  expect_report (later, "closed");
}

/* And after it none can. */
static void
test_late (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not", "{" OFFERED "}");

  say (later, "late\n");
  g_assert_cmpint (shutdown (later->fd, SHUT_WR), ==, 0);
  expect_end (later, "not_authenticated");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 0);
}

/* A hundred in a row: eight are answered. */
static void
test_flood (void)
{
  g_autoptr (Later) later = later_new_without_stream ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (later->asks->lab, "ec.pem");
  g_autofree char *line = g_strconcat ("certificate=", fingerprint, NULL);
  g_autofree char *log = NULL;
  guint answers = 0;

  add_rule (later, "action=consent", line);
  open_stream (later, "{" OFFERED "}");
  say (later, "again\n");
  expect (later, "asking\n");
  expect_end (later, "not_authenticated");
  log = cardea_lab_read_log (later->asks->lab, "agent");
  for (const char *at = log; (at = strstr (at, "open connection, and got")) != NULL; at++)
    answers++;
  g_assert_cmpuint (answers, ==, CARDEA_LIMIT_LATER_REQUESTS);
}

/* The second one waits for its turn. */
static void
test_twice (void)
{
  g_autoptr (Later) later = later_new ("shown;pick 0 not\nshown;cancel", "{" OFFERED "}");

  say (later, "twice\n");
  expect_end (later, "not_authenticated");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 2);
}

/* For AddressSanitizer, which tells by the whole stack only that what is lost is NSS's own. */
static void
unwind_whole_stacks (void)
{
  const char *options = g_getenv ("ASAN_OPTIONS");
  g_autofree char *more = g_strconcat (options != NULL ? options : "", ":fast_unwind_on_malloc=0", NULL);

  g_setenv ("ASAN_OPTIONS", more, TRUE);
}

/* NSS drops what stands behind a request in one record: it is not answered, and the stream goes on. It loses
 * the hash that it took for the answer. */
static void
test_double (void)
{
  g_autoptr (Later) later = NULL;

  unwind_whole_stacks ();
  later = later_new ("shown;pick 0 not\nshown;cancel", "{" OFFERED "}");
  say (later, "double\n");
  expect (later, "more\n");
  say (later, "on\n");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 1);
}

/* The whole of @length, both ways at once. */
static void
pump (Later *self)
{
  g_autofree guint8 *bytes = g_malloc (LATER_PUMP_BYTES);
  g_autofree guint8 *got = g_malloc (LATER_PUMP_BYTES);
  gsize sent = 0, received = 0;

  for (gsize i = 0; i < LATER_PUMP_BYTES; i++)
    bytes[i] = later_pump_byte (i);
  while (sent < LATER_PUMP_BYTES || received < LATER_PUMP_BYTES) {
    struct pollfd item = {
      self->fd, (short)((sent < LATER_PUMP_BYTES ? POLLOUT : 0) | (received < LATER_PUMP_BYTES ? POLLIN : 0)),
      0
    };

    g_assert_cmpint (poll (&item, 1, 20000), ==, 1);
    if (item.revents & POLLOUT) {
      gssize n = send (self->fd, bytes + sent, LATER_PUMP_BYTES - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      g_assert_cmpint (n, >, 0);
      sent += (gsize)n;
    }
    if (item.revents & POLLIN) {
      gssize n = recv (self->fd, got + received, LATER_PUMP_BYTES - received, MSG_DONTWAIT);
      g_assert_cmpint (n, >, 0);
      received += (gsize)n;
    }
  }
  g_assert_cmpmem (got, received, bytes, LATER_PUMP_BYTES);
}

static void
test_full_rate (void)
{
  g_autoptr (Later) later = later_new_without_stream ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (later->asks->lab, "ec.pem");
  g_autofree char *line = g_strconcat ("certificate=", fingerprint, NULL);

  add_rule (later, "action=consent", line);
  open_stream (later, "{" OFFERED "}");
  say (later, "pump\n");
  pump (later);
  expect (later, "got Demo client (P-256)\n");
  say (later, "on\n");
  expect (later, "heard on\n");
}

/* Where there is no room for the answer it goes out as soon as there is. */
static void
test_no_room (void)
{
  g_autoptr (Later) later = later_new ("shown;wait go;pick 0 not", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autofree guint8 *bytes = g_malloc0 (65536);
  struct pollfd item = { 0 };

  say (later, "stall\n");
  question = cardea_asks_get_question (later->asks, 1);
  item = (struct pollfd){ later->fd, POLLOUT, 0 };
  /* Until nothing has been taken for a second. */
  while (poll (&item, 1, 1000) == 1)
    g_assert_cmpint (send (later->fd, bytes, 65536, MSG_NOSIGNAL | MSG_DONTWAIT), >, 0);
  cardea_lab_write (later->asks->lab, "go", "");
  cardea_lab_wait_for_log (later->asks->lab, "agent", "open connection, and got");
  cardea_test_server_let_go (later->server);
  expect (later, "got Demo client (");
}

/* From here on with the mock's token, which has no PIN. */
static void
insert_mock (Later *self, const char *behaviour)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (self->asks->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;pick %s not", fingerprint);

  self->asks->mock_object = behaviour;
  cardea_asks_set_mock (self->asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (self->asks, TRUE);
  cardea_lab_write (self->asks->lab, "script", script);
}

/* Pulling the token ends what it let in, however late that was. */
static void
test_token_removed (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");

  insert_mock (later, NULL);
  say (later, "ask\n");
  expect (later, "asking\ngot Mock client\n");
  assert_session (later, TRUE, "mock.pem");
  cardea_asks_set_mock (later->asks, CARDEA_ASKS_MOCK_ABSENT);
  expect_end (later, "token_removed");
}

/* A signature that does not verify is not sent, and what was decided is not "none". */
static void
test_bad_signature (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");
  g_autoptr (json_t) end = NULL;

  insert_mock (later, "[behaviour]\nC_Sign=garbage\n");
  say (later, "ask\n");
  expect (later, "asking\n");
  end = wait_for_end (later, "not_authenticated");
  g_assert_nonnull (
      strstr (json_string_value (json_object_get (end, "message")), "does not fit the certificate"));
  expect_report (later, "cut");
}

static void
test_pulled_while_signing (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");

  insert_mock (later, "[behaviour]\nC_Sign=CKR_DEVICE_REMOVED\n");
  say (later, "ask\n");
  expect (later, "asking\n");
  expect_end (later, "not_authenticated");
}

/* The stream is elsewhere then, and yet over at once. */
static void
test_disconnected_while_signing (void)
{
  g_autoptr (Later) later = NULL;
  g_autoptr (json_t) session = NULL;
  gint64 start;

  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  later = later_new ("cancel", "{" OFFERED "}");
  g_unsetenv ("G_MESSAGES_DEBUG");
  session = get_session (later);

  insert_mock (later, "[behaviour]\nC_Sign=delay:15000\n");
  say (later, "ask\n");
  expect (later, "asking\n");
  cardea_prompt_question_free (cardea_asks_get_question (later->asks, 1));
  cardea_lab_wait_for_log (later->asks->lab, "agent", "borrowing -> answering");
  start = g_get_monotonic_time ();
  g_assert_cmpint (
      cardea_lab_cardea (
          later->asks->lab,
          (const char *[]){ "disconnect", json_string_value (json_object_get (session, "id")), NULL }, NULL,
          NULL, NULL),
      ==, 0);
  expect_end (later, "disconnected");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_TIME_SPAN_SECOND);
}

/* From here on with a key that wants the PIN for each signature. The Nth question is answered by the Nth of
 * @steps; "pick" is the choice of the mock's certificate. */
static void
insert_always (Later *self, const char *token, const char *const *steps)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (self->asks->lab, "mock.pem");
  g_autoptr (GString) script = g_string_new (NULL);

  for (guint i = 0; steps[i] != NULL; i++)
    if (g_str_equal (steps[i], "pick"))
      g_string_append_printf (script, "shown;pick %s not\n", fingerprint);
    else
      g_string_append_printf (script, "%s\n", steps[i]);
  cardea_lab_write (self->asks->lab, "right", "31415926");
  cardea_lab_write (self->asks->lab, "wrong", "27182818");
  cardea_lab_write (self->asks->lab, "script", script->str);
  self->asks->mock_object = "always-authenticate=true";
  cardea_asks_set_mock (self->asks, token);
  cardea_asks_wait_for_mock (self->asks, TRUE);
}

#define INSERT_ALWAYS(later, token, ...)                                                                     \
  insert_always (later, token, (const char *const[]){ __VA_ARGS__, NULL })
#define RIGHT "shown;type right;typed"

/* The Nth question from 1 on is for the PIN of one signature. */
static void
assert_for_signature (Later *self, guint n, gboolean rejected)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (self->asks, n);

  g_assert_cmpint (question->kind, ==, CARDEA_PROMPT_PIN);
  g_assert_true (question->for_signature);
  g_assert_cmpint (question->rejected, ==, rejected);
  g_assert_cmpstr (question->token_label, ==, "Mock card");
  g_assert_cmpstr (question->server.name, ==, "localhost");
}

/* Each request costs a PIN of its own, and the stream goes on after it. */
static void
test_always (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");

  INSERT_ALWAYS (later, CARDEA_ASKS_MOCK_OPEN, "pick", "shown;type wrong;typed", RIGHT, "pick", RIGHT);
  say (later, "ask\n");
  expect (later, "asking\ngot Mock client\n");
  assert_for_signature (later, 2, FALSE);
  assert_for_signature (later, 3, TRUE);
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 2);
  assert_session (later, TRUE, "mock.pem");
  say (later, "on\n");
  expect (later, "heard on\n");
  say (later, "ask\n");
  expect (later, "asking\ngot Mock client\n");
  assert_for_signature (later, 5, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 3);
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 5);
}

/* What the key wants shows after the first PIN, which serves for it as well. */
static void
test_always_hidden (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  INSERT_ALWAYS (later, "", "pick", RIGHT);
  say (later, "ask\n");
  expect (later, "asking\ngot Mock client\n");
  question = cardea_asks_get_question (later->asks, 2);
  g_assert_false (question->for_signature);
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 2);
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 2);
}

static void
test_always_cancelled (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");

  INSERT_ALWAYS (later, CARDEA_ASKS_MOCK_OPEN, "pick", "shown;cancel");
  say (later, "ask\n");
  expect (later, "asking\n");
  expect_end (later, "not_authenticated");
  assert_for_signature (later, 2, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 0);
}

/* The stream is with the worker that waits for the signature: the question ends with it all the same. */
static void
test_always_disconnected (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");
  g_autoptr (json_t) session = get_session (later);

  INSERT_ALWAYS (later, CARDEA_ASKS_MOCK_OPEN, "pick", "shown;update;type right");
  say (later, "ask\n");
  expect (later, "asking\n");
  assert_for_signature (later, 2, FALSE);
  g_assert_cmpint (
      cardea_lab_cardea (
          later->asks->lab,
          (const char *[]){ "disconnect", json_string_value (json_object_get (session, "id")), NULL }, NULL,
          NULL, NULL),
      ==, 0);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw caller_gone");
  expect_end (later, "disconnected");
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 0);
}

static void
test_always_caller_gone (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");

  INSERT_ALWAYS (later, CARDEA_ASKS_MOCK_OPEN, "pick", "shown;update;type right");
  say (later, "ask\n");
  expect (later, "asking\n");
  assert_for_signature (later, 2, FALSE);
  close_stream (later);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw caller_gone");
  expect_end (later, "disconnected");
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 0);
}

static void
test_always_server_gone (void)
{
  g_autoptr (Later) later = later_new ("cancel", "{" OFFERED "}");

  INSERT_ALWAYS (later, CARDEA_ASKS_MOCK_OPEN, "pick", "shown;update;type right");
  say (later, "reset\n");
  assert_for_signature (later, 2, FALSE);
  cardea_test_server_let_go (later->server);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw server_closed");
  expect_end (later, "not_authenticated");
  g_assert_cmpuint (cardea_asks_count_logins (later->asks), ==, 0);
}

static void
test_stopping (void)
{
  g_autoptr (Later) later = later_new ("shown;update;exit 0", "{" OFFERED "}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  say (later, "ask\n");
  expect (later, "asking\n");
  question = cardea_asks_get_question (later->asks, 1);
  g_subprocess_send_signal (later->asks->agent, SIGTERM);
  g_subprocess_send_signal (later->asks->agent, SIGTERM);
  cardea_asks_wait_for_log (later->asks, "localhost withdraw agent_stopping");
  g_assert_true (g_subprocess_wait_check (later->asks->agent, NULL, NULL));
}

/* How long the call may take says nothing of what the server asks afterwards. */
static void
test_time_limit (void)
{
  g_autoptr (Later) later = later_new ("shown;wait go;pick 0 not", "{" OFFERED ", \"timeout_ms\": 6000}");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  say (later, "ask\n");
  question = cardea_asks_get_question (later->asks, 1);
  test_loop_pass (6500);
  cardea_lab_write (later->asks->lab, "go", "");
  expect (later, "asking\ngot Demo client (");
}

#define GET_PAGE "GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n"

/* Everything up to the end of a page without a body, or of the stream. */
static char *
read_page (Later *self)
{
  g_autoptr (GString) page = g_string_new (NULL);
  char byte;

  while (recv (self->fd, &byte, 1, 0) == 1 && !g_str_has_suffix (page->str, "\r\n\r"))
    g_string_append_c (page, byte);
  return g_string_free (g_steal_pointer (&page), FALSE);
}

static void
get_page (Later *self, const char *path, const char *client)
{
  g_autofree char *request = g_strdup_printf (GET_PAGE, path, "keep-alive");
  g_autofree char *page = NULL;

  say (self, request);
  page = read_page (self);
  if (strstr (page, client) == NULL)
    g_error ("%s is not in %s", client, page);
}

static const char apache_conf[] =
    "ServerRoot .\nServerName localhost\nPidFile apache.pid\nListen 127.0.0.1:%u\nErrorLog apache.errors\n"
    "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
    "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"
    "LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so\n"
    "LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\n"
    "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n"
    "User nobody\nGroup nogroup\nSSLEngine on\nSSLProtocol TLSv1.3\nSSLCertificateFile server.pem\n"
    "SSLCertificateKeyFile server.key\nSSLCACertificateFile ca.pem\nKeepAliveTimeout 60\n"
    "Header always set X-Client \"saw %%{SSL_CLIENT_S_DN_CN}s.\"\nDocumentRoot site\n"
    "<Location /private>\nSSLVerifyClient require\nSSLVerifyDepth 4\n</Location>\n";

/* Empty pages, which whatever user Apache turns into may read. */
static void
make_site (CardeaLab *lab)
{
  static const char *const pages[] = { "site/public", "site/private" };
  g_autofree char *folder = cardea_lab_path (lab, "site");

  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (cardea_lab_get_folder (lab), 0711), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++) {
    g_autofree char *path = cardea_lab_path (lab, pages[i]);

    cardea_lab_write (lab, pages[i], "");
    g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  }
}

/* The case that users meet: one location of a site wants a certificate. */
static void
test_apache (void)
{
  g_autoptr (Later) later = later_new_without_stream ("cancel");
  CardeaLab *lab = later->asks->lab;
  guint16 port = cardea_lab_free_port (lab);
  g_autofree char *conf = g_strdup_printf (apache_conf, port);
  g_autofree char *path = cardea_lab_path (lab, "apache.conf");
  g_autoptr (GError) error = NULL;

  make_site (lab);
  cardea_lab_write (lab, "apache.conf", conf);
  cardea_lab_spawn (lab, "apache",
                    (const char *[]){ "apache2", "-X", "-f", path, "-d", cardea_lab_get_folder (lab), NULL });
  cardea_lab_wait_for_port (lab, port);
  cardea_asks_script_pick (later->asks, "ec.pem", "not");
  later->client = cardea_asks_begin (later->asks, port, "{" OFFERED "}");
  later->fd = cardea_asks_get_stream (later->client, &error);
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (later->fd, FALSE, NULL));
  get_page (later, "public", "saw (null).");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 0);
  get_page (later, "private", "saw Demo client (P-256).");
  assert_session (later, TRUE, "ec.pem");
  get_page (later, "private", "saw Demo client (P-256).");
  g_assert_cmpuint (cardea_asks_count (later->asks), ==, 1);
}

/* Its operator asks, by a command; what the client sends is shown with what it is. */
static void
test_openssl (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_free_port (lab);
  g_autofree char *accept = g_strdup_printf ("127.0.0.1:%u", port);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "rsa.pem");
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  GSubprocess *server =
      cardea_lab_spawn (lab, "server",
                        (const char *[]){ "openssl", "s_server", "-accept", accept, "-tls1_3", "-cert",
                                          "server.pem", "-cert_chain", "server.pem", "-key", "server.key",
                                          "-CAfile", "ca.pem", "-msg", NULL });
  GSubprocess *client;

  cardea_lab_wait_for_port (lab, port);
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  client = cardea_lab_spawn (lab, "client",
                             (const char *[]){ cardea, "--socket", cardea_lab_get_socket (lab), "connect",
                                               "--post-handshake", "--certificate", fingerprint, "localhost",
                                               number, NULL });
  g_assert_true (
      g_output_stream_write_all (g_subprocess_get_stdin_pipe (client), "hello\n", 6, NULL, NULL, NULL));
  cardea_lab_wait_for_log (lab, "server", "hello");
  g_assert_true (
      g_output_stream_write_all (g_subprocess_get_stdin_pipe (server), "c\n", 2, NULL, NULL, NULL));
  cardea_lab_wait_for_log (lab, "server", "CertificateVerify");
  g_assert_true (
      g_output_stream_write_all (g_subprocess_get_stdin_pipe (client), "after\n", 6, NULL, NULL, NULL));
  cardea_lab_wait_for_log (lab, "server", "after");
  cardea_lab_wait_for_log (lab, "agent", fingerprint);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-later/picked", test_picked);
  g_test_add_func ("/agent-later/continue", test_continue);
  g_test_add_func ("/agent-later/cancelled", test_cancelled);
  g_test_add_func ("/agent-later/not-offered", test_not_offered);
  g_test_add_func ("/agent-later/unasked", test_unasked);
  g_test_add_func ("/agent-later/data-flows", test_data_flows);
  g_test_add_func ("/agent-later/never", test_never);
  g_test_add_func ("/agent-later/no-interaction", test_no_interaction);
  g_test_add_func ("/agent-later/consented", test_consented);
  g_test_add_func ("/agent-later/rules-offer", test_rules_offer);
  g_test_add_func ("/agent-later/required", test_required);
  g_test_add_func ("/agent-later/server-leaves", test_server_leaves);
  g_test_add_func ("/agent-later/reset", test_reset);
  g_test_add_func ("/agent-later/caller-gone", test_caller_gone);
  g_test_add_func ("/agent-later/half-closed", test_half_closed);
  g_test_add_func ("/agent-later/late", test_late);
  g_test_add_func ("/agent-later/flood", test_flood);
  g_test_add_func ("/agent-later/twice", test_twice);
  g_test_add_func ("/agent-later/double", test_double);
  g_test_add_func ("/agent-later/full-rate", test_full_rate);
  g_test_add_func ("/agent-later/no-room", test_no_room);
  g_test_add_func ("/agent-later/token-removed", test_token_removed);
  g_test_add_func ("/agent-later/bad-signature", test_bad_signature);
  g_test_add_func ("/agent-later/pulled-while-signing", test_pulled_while_signing);
  g_test_add_func ("/agent-later/disconnected-while-signing", test_disconnected_while_signing);
  g_test_add_func ("/agent-later/always", test_always);
  g_test_add_func ("/agent-later/always-hidden", test_always_hidden);
  g_test_add_func ("/agent-later/always-cancelled", test_always_cancelled);
  g_test_add_func ("/agent-later/always-disconnected", test_always_disconnected);
  g_test_add_func ("/agent-later/always-caller-gone", test_always_caller_gone);
  g_test_add_func ("/agent-later/always-server-gone", test_always_server_gone);
  g_test_add_func ("/agent-later/stopping", test_stopping);
  g_test_add_func ("/agent-later/time-limit", test_time_limit);
  g_test_add_func ("/agent-later/apache", test_apache);
  g_test_add_func ("/agent-later/openssl", test_openssl);
  return g_test_run ();
}
