/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that asks for a certificate in an open stream: who is asked then, what the server gets, and that
 * every way in which there is no answer has an end that is told. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/later-server.h"

#include <glib-unix.h>
#include <poll.h>
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
  return g_test_run ();
}
