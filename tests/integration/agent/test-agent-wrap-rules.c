/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Over a connection that the program brought, everything that is decided is decided as for any other: rules,
 * the person, what was remembered, what becomes of the stream. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/echo-client.h"
#include "tests/fixtures/later-server.h"
#include "tests/fixtures/seam.h"
#include "tests/fixtures/tunnel.h"
#include "tests/fixtures/wrapper.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET / HTTP/1.0\r\n\r\n"

/* What the server says to a GET, or NULL. */
static char *
fetch (CardeaAsks *asks, const char *options, GError **error)
{
  int stream = test_wrap_with (asks->lab, cardea_tunnel_dial (asks->port), "localhost", asks->port, options,
                               NULL, error);
  GString *page;
  char bytes[4096];
  gssize length;

  if (stream < 0)
    return NULL;
  page = g_string_new (NULL);
  test_wrap_send (stream, GET, strlen (GET));
  while ((length = recv (stream, bytes, sizeof bytes, 0)) > 0)
    g_string_append_len (page, bytes, length);
  close (stream);
  return g_string_free (page, FALSE);
}

static void
fetch_as (CardeaAsks *asks, const char *options, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *page = fetch (asks, options, &error);

  g_assert_no_error (error);
  if (strstr (page, text) == NULL)
    g_error ("\"%s\" is not in %s", text, page);
}

/* Both ways to connect share what was decided. */
static void
test_remembered (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  cardea_asks_script_pick (asks, "ec.pem", "removal");
  fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  question = cardea_asks_get_question (asks, 1);
  g_assert_cmpstr (question->server.name, ==, "localhost");
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

static void
test_cancelled (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (GError) error = NULL;
  int fd = cardea_tunnel_dial (asks->port);
  int copy = dup (fd);

  g_assert_cmpint (test_wrap_with (asks->lab, fd, "localhost", asks->port, NULL, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  test_wrap_assert_ended (copy);
}

static void
set_rule (CardeaAsks *asks, const char *action, const char *more)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *text = g_strdup_printf (
      "[rule one]\nprogram=exe:%s\nservers=localhost:%u\naction=%s\n%s\n", own, asks->port, action, more);

  cardea_asks_add_rules (asks, "one.conf", text);
  cardea_asks_restart (asks);
}

/* The server hears nothing at all. */
static void
test_denied (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autoptr (GError) error = NULL;
  int ends[2];

  set_rule (asks, "deny", "");
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (test_wrap_with (asks->lab, ends[0], "localhost", asks->port, NULL, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "by")), ==,
                   "rule one");
  test_wrap_assert_silent_end (ends[1]);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
}

static void
test_tls12 (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autoptr (GError) error = NULL;

  asks->port = cardea_lab_openssl_tls12 (asks->lab, NULL);
  g_assert_null (fetch (asks, "{\"tls12\": true}", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  set_rule (asks, "settings", "tls12=true");
  fetch_as (asks, "{\"tls12\": true}", "TLSv1.2");
}

/* The server asks when the stream is open. */
static void
test_later (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (CardeaTestServer) server = later_server_new (asks->lab);
  guint16 port = (guint16)cardea_test_server_get_port (server);
  g_autoptr (GError) error = NULL;
  int stream = test_wrap_with (asks->lab, cardea_tunnel_dial (port), "localhost", port,
                               "{\"post_handshake\": true}", NULL, &error);

  g_assert_no_error (error);
  cardea_asks_script_pick (asks, "ec.pem", "not");
  test_wrap_send (stream, "ask\n", 4);
  test_wrap_expect (stream, "got Demo client (P-256)\n");
  close (stream);
}

/* Who pulls the token ends the stream. */
static void
test_removed (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  CardeaLab *lab = cardea_seam_get_lab (seam);
  guint16 port = cardea_echo_server_get_port (cardea_seam_get_server (seam));
  g_autoptr (json_t) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *how = NULL;
  int fd = cardea_tunnel_dial (port);
  int copy = dup (fd);
  int stream =
      test_wrap (lab, fd, port, cardea_seam_get_fingerprint (seam, CARDEA_SEAM_MOCK), &session, &error);

  g_assert_no_error (error);
  test_wrap_expect (stream, CARDEA_ECHO_GREETING);
  cardea_seam_set_token_lines (seam, "present=false");
  cardea_seam_behave (seam, "");
  cardea_seam_reload (seam);
  test_echo_assert_ends (stream);
  how = test_wrap_await_end (lab, session);
  g_assert_cmpstr (how, ==, "token_removed");
  test_wrap_assert_ended (copy);
  close (stream);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-wrap-rules/remembered", test_remembered);
  g_test_add_func ("/agent-wrap-rules/cancelled", test_cancelled);
  g_test_add_func ("/agent-wrap-rules/denied", test_denied);
  g_test_add_func ("/agent-wrap-rules/tls12", test_tls12);
  g_test_add_func ("/agent-wrap-rules/later", test_later);
  g_test_add_func ("/agent-wrap-rules/removed", test_removed);
  return g_test_run ();
}
