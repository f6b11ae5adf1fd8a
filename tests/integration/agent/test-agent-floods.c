/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers that misbehave in a stream that is open: they send, as fast as they can, what carries no data, or
 * want to negotiate anew. The stream of another program does not notice, and what comes after a flood
 * arrives. */

#include "socket-api/client/client.h"
#include "tests/fixtures/bystander.h"
#include "tests/fixtures/forged-record.h"
#include "tests/fixtures/lab-server.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOD 20000
#define AFTER "after\n"
#define PATIENCE_MS 60000

static void
on_key (const SSL *ssl, const char *line)
{
  ForgedSender *sender = SSL_get_app_data (ssl);

  if (sender != NULL)
    forged_sender_note_key (sender, line);
}

/* The handshake, and the program's first byte, before which nobody is in the stream. */
static SSL *
accept_and_wait (CardeaTestServer *server, int fd, ForgedSender *sender)
{
  SSL *ssl = SSL_new (cardea_test_server_get_context (server));
  char go;

  SSL_set_fd (ssl, fd);
  SSL_set_app_data (ssl, sender);
  g_assert_cmpint (SSL_accept (ssl), ==, 1);
  g_assert_cmpint (SSL_read (ssl, &go, 1), ==, 1);
  return ssl;
}

/* Until the program is gone. */
static void
say_after (SSL *ssl)
{
  char byte;

  g_assert_cmpint (SSL_write (ssl, AFTER, sizeof AFTER - 1), ==, sizeof AFTER - 1);
  while (SSL_read (ssl, &byte, 1) > 0)
    ;
  SSL_free (ssl);
}

static void
send_keys (CardeaTestServer *server, int fd, int kind)
{
  SSL *ssl = accept_and_wait (server, fd, NULL);

  for (guint i = 0; i < FLOOD; i++) {
    g_assert_cmpint (SSL_key_update (ssl, kind), ==, 1);
    g_assert_cmpint (SSL_do_handshake (ssl), ==, 1);
  }
  say_after (ssl);
}

static void
serve_keys (CardeaTestServer *server, int fd)
{
  send_keys (server, fd, SSL_KEY_UPDATE_NOT_REQUESTED);
}

static void
serve_tickets (CardeaTestServer *server, int fd)
{
  SSL *ssl = accept_and_wait (server, fd, NULL);

  for (guint i = 0; i < FLOOD; i++) {
    g_assert_cmpint (SSL_new_session_ticket (ssl), ==, 1);
    g_assert_cmpint (SSL_do_handshake (ssl), ==, 1);
  }
  say_after (ssl);
}

/* OpenSSL does not send them, and knows nothing of them afterwards. */
static void
serve_empty (CardeaTestServer *server, int fd)
{
  ForgedSender sender = { 0 };
  SSL *ssl = accept_and_wait (server, fd, &sender);

  for (guint i = 0; i < FLOOD; i++)
    if (!forged_sender_send (&sender, fd, SSL3_RT_APPLICATION_DATA, NULL, 0))
      break;
  forged_sender_send (&sender, fd, SSL3_RT_APPLICATION_DATA, (const guint8 *)AFTER, sizeof AFTER - 1);
  cardea_test_server_wait_for_close (fd);
  SSL_free (ssl);
}

/* New keys, and each time the wish that the client has new ones as well (RFC 8446, 4.6.3): its answers are
 * not read before the last. */
static void
serve_wanted_keys (CardeaTestServer *server, int fd)
{
  send_keys (server, fd, SSL_KEY_UPDATE_REQUESTED);
}

static gboolean
has_input (int fd)
{
  struct pollfd item = { fd, POLLIN, 0 };

  return poll (&item, 1, 0) == 1;
}

/* All of the flood is taken in, and all the while the bystander is served. */
static void
check_flood (CardeaTestServe serve)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (CardeaTestServer) server = lab_server_new (lab, serve);
  g_autoptr (Bystander) bystander = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port = (guint16)cardea_test_server_get_port (server);
  gint64 deadline = g_get_monotonic_time () + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;
  char text[sizeof AFTER] = "";
  guint checks = 0;
  int fd;

  SSL_CTX_set_ciphersuites (cardea_test_server_get_context (server), "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_keylog_callback (cardea_test_server_get_context (server), on_key);
  bystander = bystander_new (lab, port, NULL);
  fd = bystander_connect (bystander, port, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (send (fd, "g", 1, MSG_NOSIGNAL), ==, 1);
  while (!has_input (fd) && g_get_monotonic_time () < deadline) {
    bystander_check (bystander);
    checks++;
  }
  g_test_message ("served %u times meanwhile", checks);
  g_assert_cmpint (recv (fd, text, sizeof AFTER - 1, MSG_WAITALL), ==, sizeof AFTER - 1);
  g_assert_cmpstr (text, ==, AFTER);
  close (fd);
}

static void
test_keys (void)
{
  check_flood (serve_keys);
}

static void
test_wanted_keys (void)
{
  check_flood (serve_wanted_keys);
}

static void
test_tickets (void)
{
  check_flood (serve_tickets);
}

static void
test_empty (void)
{
  check_flood (serve_empty);
}

static void
serve_renegotiation (CardeaTestServer *server, int fd)
{
  SSL *ssl = accept_and_wait (server, fd, NULL);

  g_assert_cmpint (SSL_renegotiate (ssl), ==, 1);
  SSL_do_handshake (ssl);
  cardea_test_server_wait_for_close (fd);
  SSL_free (ssl);
}

/* TLS 1.2 by a rule: the stream ends, and says how. */
static void
test_renegotiation (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (CardeaTestServer) server = lab_server_new (lab, serve_renegotiation);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (Bystander) bystander = NULL;
  g_autoptr (json_t) parameters = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autofree char *rules = cardea_lab_path (lab, "rules");
  guint16 port = (guint16)cardea_test_server_get_port (server);
  gboolean continues = TRUE;
  json_t *end;
  int fd = -1;

  SSL_CTX_set_max_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  SSL_CTX_set_min_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  g_assert_cmpint (g_mkdir_with_parents (rules, 0700), ==, 0);
  cardea_lab_write (lab, "rules/old.conf",
                    "[rule old]\nprogram=*\nservers=localhost\naction=settings\ntls12=true\n");
  bystander = bystander_new (lab, port, (const char *[]){ "--rules-directory", rules, NULL });
  client = cardea_client_new (cardea_lab_get_socket (lab), NULL);
  parameters =
      json_pack ("{s:s, s:i, s:{s:b}}", "host", "localhost", "port", (int)port, "options", "tls12", TRUE);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, NULL));
  while (continues) {
    g_clear_pointer (&reply, json_decref);
    reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, NULL);
    g_assert_nonnull (reply);
    if (json_object_get (reply, "session") != NULL) {
      fd = cardea_client_take_fd (client);
      g_assert_cmpint (send (fd, "g", 1, MSG_NOSIGNAL), ==, 1);
    }
  }
  end = json_object_get (reply, "end");
  g_test_message ("%s", json_string_value (json_object_get (end, "message")));
  g_assert_cmpstr (json_string_value (json_object_get (end, "how")), ==, "protocol_error");
  g_assert_cmpstr (json_string_value (json_object_get (end, "alert")), ==, "no_renegotiation");
  close (fd);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-floods/keys", test_keys);
  g_test_add_func ("/agent-floods/wanted-keys", test_wanted_keys);
  g_test_add_func ("/agent-floods/tickets", test_tickets);
  g_test_add_func ("/agent-floods/empty", test_empty);
  g_test_add_func ("/agent-floods/renegotiation", test_renegotiation);
  return g_test_run ();
}
