/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the whole agent tells of servers that ask, do not ask, are not who they should be, or do not answer;
 * and how each of them is left. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/explained.h"
#include "tests/fixtures/lab-server.h"

#include <signal.h>
#include <string.h>

static void
serve_openssl (CardeaAsks *asks, const char *const *arguments)
{
  asks->port = cardea_lab_openssl (asks->lab, arguments);
}

static void
test_no_request (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;
  g_autoptr (json_t) required = NULL;
  g_autoptr (json_t) later = NULL;

  serve_openssl (asks, (const char *[]){ "-www", NULL });
  reply = explained_as (asks, NULL, "none", "asks for nothing in the handshake");
  g_assert_false (json_is_true (json_object_get (explained_get_server (reply), "certificate_requested")));
  g_assert_cmpuint (json_array_size (json_object_get (reply, "offers")), ==, 0);
  required = explained_as (asks, "{\"authenticate\": \"required\"}", "deny", "insists on a certificate");
  later = explained_as (asks, "{\"authenticate\": \"required\", \"post_handshake\": true}", "none",
                        "that cannot be known before.");
}

static void
assert_reason (json_t *offer, const char *code)
{
  json_t *reasons = json_object_get (offer, "reasons");

  g_assert_cmpuint (json_array_size (reasons), ==, 1);
  g_assert_cmpstr (explained_text (json_array_get (reasons, 0), "code"), ==, code);
}

/* A server certificate for localhost in bad.pem, under the lab's authority or, @self, under nobody's. */
static void
make_bad (CardeaAsks *asks, const char *days, gboolean self)
{
  g_autofree char *script = g_strdup_printf (
      "cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout bad.key "
      "-subj /CN=Elsewhere -out bad.csr && "
      "printf 'subjectAltName=DNS:localhost\\nkeyUsage=digitalSignature\\nextendedKeyUsage=serverAuth\\n' "
      "> bad.ext && openssl x509 -req -in bad.csr %s %s -extfile bad.ext -out bad.pem",
      cardea_lab_get_folder (asks->lab), self ? "-signkey bad.key" : "-CA ca.pem -CAkey ca.key", days);

  g_assert_cmpint (cardea_lab_run (asks->lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL),
                   ==, 0);
}

/* Certificates of other authorities are asked for: each of ours is told why it does not do. */
static void
test_other_authorities (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;
  json_t *authorities, *offers;

  make_bad (asks, "-days 2", TRUE);
  serve_openssl (asks, (const char *[]){ "-Verify", "2", "-CAfile", "bad.pem", "-www", NULL });
  reply = explained_as (asks, NULL, "ask", "No certificate fits");
  authorities = json_object_get (explained_get_server (reply), "authorities");
  g_assert_cmpuint (json_array_size (authorities), ==, 1);
  g_assert_cmpstr (json_string_value (json_array_get (authorities, 0)), ==, "CN=Elsewhere");
  offers = json_object_get (reply, "offers");
  g_assert_cmpuint (json_array_size (offers), ==, 2);
  assert_reason (json_array_get (offers, 0), "issuer_not_accepted");
  assert_reason (json_array_get (offers, 1), "issuer_not_accepted");
}

/* A server that is believed is told that nobody goes on; nothing of ours is shown to it. */
static void
test_breaks_off (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;
  g_autofree char *log = NULL;

  serve_openssl (asks,
                 (const char *[]){ "-Verify", "2", "-CAfile", "ca.pem", "-state", "-msg", "-www", NULL });
  reply = explained_as (asks, NULL, "ask", "No decision");
  cardea_lab_wait_for_log (asks->lab, "server-1", "read:fatal:access denied");
  log = cardea_lab_read_log (asks->lab, "server-1");
  g_assert_nonnull (strstr (log, ", CertificateRequest"));
  g_assert_null (strstr (strstr (log, "CertificateRequest"), "<<< TLS 1.3, Handshake"));
}

/* Not believed: what it asks for is told all the same, and so is what would fit; it is sent an alert, and no
 * forecast is made for it. */
static void
assert_not_believed (const char *days, gboolean self, const char *reason)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;
  g_autofree char *log = NULL;
  json_t *server, *problem;

  make_bad (asks, days, self);
  explained_insert_mock (asks, "");
  serve_openssl (asks,
                 (const char *[]){ "-cert", "bad.pem", "-key", "bad.key", "-cert_chain", "bad.pem", "-Verify",
                                   "2", "-CAfile", "ca.pem", "-state", "-msg", "-www", NULL });
  reply = explained_as (asks, NULL, "deny", "");
  problem = json_array_get (json_object_get (reply, "problems"), 0);
  g_assert_cmpstr (explained_text (problem, "code"), ==, reason);
  g_assert_cmpstr (explained_text (problem, "message"), ==, explained_text (reply, "because"));
  server = explained_get_server (reply);
  g_assert_true (json_is_false (json_object_get (server, "verified")));
  g_assert_true (json_is_null (json_object_get (server, "vouched_by")));
  g_assert_true (json_is_true (json_object_get (server, "certificate_requested")));
  g_assert_cmpuint (json_array_size (json_object_get (server, "authorities")), ==, 1);
  g_assert_cmpuint (explained_count_fitting (reply), ==, 3);
  g_assert_true (json_is_null (json_object_get (reply, "decision")));
  cardea_lab_wait_for_log (asks->lab, "server-1", "read:fatal:unknown CA");
  log = cardea_lab_read_log (asks->lab, "server-1");
  g_assert_null (strstr (strstr (log, "CertificateRequest"), "<<< TLS 1.3, Handshake"));
  explained_assert_untouched (asks);
}

static void
test_unknown_authority (void)
{
  assert_not_believed ("-days 2", TRUE, "self_signed");
}

static void
test_expired (void)
{
  assert_not_believed ("-days -1", FALSE, "expired");
}

/* Its version of TLS takes a rule and the program's word; without them there is nothing to explain. */
static void
test_tls12 (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply = NULL;
  json_t *rule;

  asks->port = cardea_lab_openssl_tls12 (
      asks->lab, (const char *[]){ "-Verify", "2", "-CAfile", "ca.pem", "-state", "-www", NULL });
  g_assert_null (explained_call (asks, asks->port, "{\"tls12\": true}", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (error->message, "tls12=true"));
  explained_add_rule (asks, "old", "settings", "tls12=true");
  cardea_asks_restart (asks);
  reply = explained_as (asks, "{\"tls12\": true}", "ask", "No decision");
  g_assert_cmpstr (explained_text (explained_get_server (reply), "tls_version"), ==, "TLS 1.2");
  rule = json_array_get (json_object_get (reply, "rules"), 0);
  g_assert_cmpstr (json_string_value (json_array_get (json_object_get (rule, "effects"), 0)), ==, "tls12");
  g_assert_cmpuint (explained_count_fitting (reply), ==, 2);
  cardea_lab_wait_for_log (asks->lab, "server-1", "read:fatal:access denied");
}

/* Listens, and leaves it at that until the test accepts. */
static GSocket *
listen_only (guint16 *port)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) own = NULL;

  g_assert_no_error (error);
  g_socket_set_timeout (socket, 20);
  g_assert_true (g_socket_bind (socket, any, FALSE, &error) && g_socket_listen (socket, &error));
  own = g_socket_get_local_address (socket, &error);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (own));
  return socket;
}

/* Up to the client's hello. */
static GSocket *
accept_hello (GSocket *listener)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_accept (listener, NULL, &error);
  char hello[4096];

  g_assert_no_error (error);
  g_socket_set_timeout (socket, 20);
  g_assert_cmpint (g_socket_receive (socket, hello, sizeof hello, NULL, &error), >, 0);
  return socket;
}

/* The agent is gone from there before the server's patience is over. */
static void
assert_over (GSocket *socket)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (g_socket_receive (socket, &byte, 1, NULL, &error), <=, 0);
  g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

/* What Connect would fail with is the error: where nobody listens, and where nobody answers in the time that
 * was given. */
static void
test_no_server (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (GSocket) listener = NULL;
  g_autoptr (GError) refused = NULL;
  g_autoptr (GError) stalled = NULL;
  guint16 port;

  g_assert_null (explained_call (asks, cardea_lab_free_port (asks->lab), NULL, &refused));
  g_assert_error (refused, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  listener = listen_only (&port);
  g_assert_null (explained_call (asks, port, "{\"timeout_ms\": 700}", &stalled));
  g_assert_error (stalled, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpstr (explained_text (cardea_error_get_parameters (stalled), "what"), ==, "verifying");
}

static CardeaClient *
begin (CardeaAsks *asks, guint16 port)
{
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i}", "host", "localhost", "port", (int)port);
  CardeaClient *client = cardea_client_new (cardea_lab_get_socket (asks->lab), NULL);

  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Explain", parameters, NULL));
  return client;
}

/* Who asked is gone: so is the connection. */
static void
test_caller_gone (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (GSocket) listener = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (json_t) reply = NULL;
  guint16 port;
  CardeaClient *client;

  listener = listen_only (&port);
  client = begin (asks, port);
  socket = accept_hello (listener);
  cardea_client_free (client);
  assert_over (socket);
  reply = explained_as (asks, NULL, "ask", "No decision");
}

/* The agent does not wait for a server that says nothing. */
static void
test_stopping (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (GSocket) listener = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;
  guint16 port;

  listener = listen_only (&port);
  client = begin (asks, port);
  socket = accept_hello (listener);
  g_subprocess_send_signal (asks->agent, SIGTERM);
  assert_over (socket);
  g_assert_true (g_subprocess_wait_check (asks->agent, NULL, &error));
  g_assert_no_error (error);
  log = cardea_lab_read_log (asks->lab, "agent");
  g_assert_null (strstr (log, "NSS did not stop"));
}

/* Thousands of authorities, in names that are longer in words: the first of them are told, and the reply is
 * one that a program takes. */
static void
test_many_authorities (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (CardeaTestServer) server = lab_server_new (asks->lab, cardea_test_serve_echo);
  SSL_CTX *context = cardea_test_server_get_context (server);
  STACK_OF (X509_NAME) *names = sk_X509_NAME_new_null ();
  g_autofree char *told = NULL;
  g_autoptr (json_t) reply = NULL;
  json_t *authorities;
  gsize total = 0;

  while (total < 65000) {
    X509_NAME *name = X509_NAME_new ();

    X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const guint8 *)"\1\2\3\4\5\6\7", -1, -1, 0);
    total += 2 + (gsize)i2d_X509_NAME (name, NULL);
    sk_X509_NAME_push (names, name);
  }
  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_client_CA_list (context, names);
  asks->port = (guint16)cardea_test_server_get_port (server);
  reply = explained_as (asks, NULL, "ask", "No certificate fits");
  authorities = json_object_get (explained_get_server (reply), "authorities");
  g_assert_cmpuint (json_array_size (authorities), >, 1000);
  g_assert_cmpstr (json_string_value (json_array_get (authorities, 0)), ==,
                   "CN=\\01\\02\\03\\04\\05\\06\\07");
  told = cardea_test_server_wait (server);
  g_assert_nonnull (strstr (told, "access denied"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-explain-servers/no-request", test_no_request);
  g_test_add_func ("/agent-explain-servers/other-authorities", test_other_authorities);
  g_test_add_func ("/agent-explain-servers/breaks-off", test_breaks_off);
  g_test_add_func ("/agent-explain-servers/unknown-authority", test_unknown_authority);
  g_test_add_func ("/agent-explain-servers/expired", test_expired);
  g_test_add_func ("/agent-explain-servers/tls12", test_tls12);
  g_test_add_func ("/agent-explain-servers/many-authorities", test_many_authorities);
  g_test_add_func ("/agent-explain-servers/no-server", test_no_server);
  g_test_add_func ("/agent-explain-servers/caller-gone", test_caller_gone);
  g_test_add_func ("/agent-explain-servers/stopping", test_stopping);
  return g_test_run ();
}
