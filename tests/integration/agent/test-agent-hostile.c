/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers that are not who they should be or do not do what they should, callers that ask for nonsense, and
 * modules and databases that are broken: each gets a named error, and the agent goes on serving. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/lab.h"

#include <string.h>
#include <sys/socket.h>

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

/* One Connect with these options; the error it fails with. */
static GError *
connect_error (CardeaLab *lab, const char *host, int port, json_t *options)
{
  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i, s:o*}", "host", host, "port", port, "options", options);
  g_autoptr (CardeaClient) client = NULL;
  GError *error = NULL;
  int fd;

  client = cardea_client_new (cardea_lab_get_socket (lab), &error);
  g_assert_no_error (error);
  fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS, NULL,
                              &error);
  g_assert_cmpint (fd, ==, -1);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  agent_contract_check_error (cardea_lab_get_socket (lab), error);
  return error;
}

static void
assert_parameter (const GError *error, const char *name, const char *value)
{
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), name)), ==,
                   value);
}

/* The agent is alive and did not lose its token. */
static void
assert_serving (CardeaLab *lab)
{
  g_autofree char *out = NULL;

  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL), ==, 0);
  g_assert_nonnull (strstr (out, "Cardea test"));
}

/* A certificate for @subject_alt_name in bad.pem, signed by the lab's root unless @self. */
static void
make_bad (CardeaLab *lab, const char *subject_alt_name, const char *days, gboolean self)
{
  g_autofree char *script = g_strdup_printf (
      "cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout bad.key -subj "
      "/CN=bad "
      "-out bad.csr && printf "
      "'subjectAltName=%s\\nkeyUsage=digitalSignature\\nextendedKeyUsage=serverAuth\\n' > bad.ext "
      "&& openssl x509 -req -in bad.csr %s %s -extfile bad.ext -out bad.pem",
      cardea_lab_get_folder (lab), subject_alt_name, self ? "-signkey bad.key" : "-CA ca.pem -CAkey ca.key",
      days);

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
}

static void
assert_untrusted (const char *subject_alt_name, const char *days, gboolean self, const char *reason)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;
  guint16 port;

  make_bad (lab, subject_alt_name, days, self);
  port = cardea_lab_openssl (lab, (const char *[]){ "-cert", "bad.pem", "-key", "bad.key", "-cert_chain",
                                                    "bad.pem", "-Verify", "2", "-CAfile", "ca.pem", "-msg",
                                                    NULL });
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  assert_parameter (error, "reason", reason);
  g_assert_cmpuint (json_array_size (json_object_get (cardea_error_get_parameters (error), "peer_chain")), >,
                    0);
  /* Nothing about us was said to it. */
  log = cardea_lab_read_log (lab, "server-0");
  g_assert_null (strstr (log, "Demo client"));
  assert_serving (lab);
}

static void
test_expired (void)
{
  assert_untrusted ("DNS:localhost", "-days -1", FALSE, "expired");
}

static void
test_wrong_name (void)
{
  assert_untrusted ("DNS:other.example", "-days 2", FALSE, "wrong_name");
}

static void
test_self_signed (void)
{
  assert_untrusted ("DNS:localhost", "-days 2", TRUE, "self_signed");
}

static void
test_unknown_authority (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (CardeaLab) other = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (other);
  g_autofree char *conf = cardea_lab_path (lab, "softhsm2.conf");
  g_autoptr (GError) error = NULL;

  g_setenv ("SOFTHSM2_CONF", conf, TRUE);
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  assert_parameter (error, "reason", "unknown_authority");
  assert_serving (lab);
}

/* A server made of one function that gets each connection. */
typedef void (*Serve) (GSocketConnection *connection);

static gboolean
on_run (GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  ((Serve)user_data) (connection);
  return TRUE;
}

static GSocketService *
raw_server (Serve serve, guint16 *port)
{
  GSocketService *service = g_threaded_socket_service_new (4);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) error = NULL;

  g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_DEFAULT, NULL, &effective, &error);
  g_assert_no_error (error);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (service, "run", G_CALLBACK (on_run), serve);
  return service;
}

/* The service accepts in the main context, so the agent is asked on another thread. */
typedef struct
{
  CardeaLab *lab;
  guint16 port;
  json_t *options;
  GError *error;
  gint done;
} Asking;

static gpointer
ask_in_thread (gpointer data)
{
  Asking *asking = data;

  asking->error = connect_error (asking->lab, "localhost", asking->port, asking->options);
  g_atomic_int_set (&asking->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static GError *
error_from_raw (Serve serve, json_t *options)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (GSocketService) service = NULL;
  g_autoptr (GThread) thread = NULL;
  Asking asking = { .lab = lab, .options = options };

  service = raw_server (serve, &asking.port);
  cardea_lab_agent (lab, (guint16[]){ asking.port, 0 }, NULL, NULL);
  thread = g_thread_new ("ask", ask_in_thread, &asking);
  while (!g_atomic_int_get (&asking.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (g_steal_pointer (&thread));
  assert_serving (lab);
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  return asking.error;
}

static void
serve_garbage (GSocketConnection *connection)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  for (guint i = 0; i < 64; i++)
    g_output_stream_write_all (out,
                               "\x16\x03\x03\x00\x80"
                               "SSH-2.0-not-tls and more of it",
                               34, NULL, NULL, NULL);
}

static void
test_garbage (void)
{
  g_autoptr (GError) error = error_from_raw (serve_garbage, NULL);

  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
}

static void
serve_plain_http (GSocketConnection *connection)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  g_output_stream_write_all (out, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, NULL, NULL, NULL);
}

static void
test_plain_http (void)
{
  g_autoptr (GError) error = error_from_raw (serve_plain_http, NULL);

  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
}

static void
serve_reset (GSocketConnection *connection)
{
  struct linger now = { .l_onoff = 1 };
  GSocket *socket = g_socket_connection_get_socket (connection);
  char first;

  /* Sooner, and the connection itself might not come about. */
  g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), &first, 1, NULL, NULL);
  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
}

static void
test_reset (void)
{
  g_autoptr (GError) error = error_from_raw (serve_reset, NULL);

  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
}

/* Reads until the other side gives up. */
static void
serve_silence (GSocketConnection *connection)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  char buffer[512];

  while (g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL) > 0)
    ;
}

static void
test_stall (void)
{
  g_autoptr (GError) error = error_from_raw (serve_silence, json_pack ("{s:i}", "timeout_ms", 700));

  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  assert_parameter (error, "what", "verifying");
}

static void
test_tls12_only (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_free_port (lab);
  g_autofree char *accept = g_strdup_printf ("127.0.0.1:%u", port);
  g_autoptr (GError) error = NULL;

  cardea_lab_spawn (lab, "tls12",
                    (const char *[]){ "openssl", "s_server", "-accept", accept, "-tls1_2", "-cert",
                                      "server.pem", "-key", "server.key", NULL });
  cardea_lab_wait_for_log (lab, "tls12", "ACCEPT");
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (error->message, "TLS 1.3"));
  assert_serving (lab);
}

static void
test_refused_port (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_free_port (lab);
  g_autoptr (GError) error = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  assert_parameter (error, "step", "connect");
}

/* A server that names no authorities and knows none says so only after its part of the handshake is over. */
static void
test_rejected (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port =
      cardea_lab_openssl (lab, (const char *[]){ "-Verify", "2", "-verify_return_error", "-no-CAfile",
                                                 "-no-CApath", "-no-CAstore", "-www", NULL });
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "rsa.pem");
  g_autoptr (GError) error = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, json_pack ("{s:s}", "certificate", fingerprint));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CERTIFICATE_REJECTED);
  assert_parameter (error, "alert", "unknown_ca");
}

/* A server that names other authorities than ours is sent nothing. */
static void
test_other_authorities (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (GError) error = NULL;
  json_t *offers;
  guint16 port;

  make_bad (lab, "DNS:elsewhere.example", "-days 2", TRUE);
  port = cardea_lab_openssl (
      lab, (const char *[]){ "-Verify", "2", "-verify_return_error", "-CAfile", "bad.pem", "-www", NULL });
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  offers = json_object_get (cardea_error_get_parameters (error), "offers");
  g_assert_cmpuint (json_array_size (offers), ==, 2);
  for (guint i = 0; i < 2; i++) {
    json_t *reasons = json_object_get (json_array_get (offers, i), "reasons");

    g_assert_cmpuint (json_array_size (reasons), ==, 1);
    g_assert_cmpstr (json_string_value (json_object_get (json_array_get (reasons, 0), "code")), ==,
                     "issuer_not_accepted");
  }
}

/* The server insists, the program declines: the server's refusal is told as one. */
static void
test_declined (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autoptr (GError) error = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, json_pack ("{s:s}", "authenticate", "never"));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CERTIFICATE_REJECTED);
  assert_parameter (error, "alert", "certificate_required");
}

static void
test_required_but_not_asked (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, (const char *[]){ "-www", NULL });
  g_autoptr (GError) error = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, json_pack ("{s:s}", "authenticate", "required"));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
}

static void
test_not_allowed (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  assert_parameter (error, "by", "configuration");
}

/* Names and numbers that are none. */
static void
test_bad_addresses (void)
{
  static const char *const hosts[] = { "",          "a b",          "[::1]",     "a..b",
                                       "ex\nample", "-x.example\t", "1.2.3.4.5", "127.1",
                                       "::1::",     "exa mple.org", "host:443" };
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  static const int ports[] = { 0, -1, 65536 };

  cardea_lab_agent (lab, (guint16[]){ 443, 0 }, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    g_autoptr (GError) error = connect_error (lab, hosts[i], 443, NULL);

    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
    assert_parameter (error, "parameter", "host");
  }
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autoptr (GError) error = connect_error (lab, "localhost", ports[i], NULL);

    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
    assert_parameter (error, "parameter", "port");
  }
}

/* Nothing to use: the error says so, and `cardea tokens` says what is wrong with the modules. */
static void
test_broken_modules (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autofree char *text = cardea_lab_path (lab, "ca.pem");
  g_autofree char *missing = cardea_lab_path (lab, "no-such-module.so");
  g_autofree char *database = cardea_lab_path (lab, "nssdb");
  g_autofree char *cert9 = cardea_lab_path (lab, "nssdb/cert9.db");
  g_autofree char *more =
      g_strdup_printf ("[modules]\nload=\n[authorities]\nnss-database=true\n[nss]\ndatabase=%s\n", database);
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (database, 0700), ==, 0);
  g_assert_true (g_file_set_contents (cert9, "this is no database", -1, NULL));
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, more,
                    (const char *[]){ "--module", text, "--module", missing, "--module",
                                      "/usr/lib/x86_64-linux-gnu/libjansson.so.4", NULL });
  error = connect_error (lab, "localhost", port, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  g_assert_cmpuint (json_array_size (json_object_get (cardea_error_get_parameters (error), "offers")), ==, 0);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL), ==, 0);
  g_test_message ("%s", out);
  g_assert_nonnull (strstr (out, "ca.pem"));
  g_assert_nonnull (strstr (out, "no-such-module.so"));
  g_assert_nonnull (strstr (out, "libjansson"));
  g_assert_nonnull (strstr (out, "nssdb"));
}

/* Fifty connections of every fate leave no descriptor, process or session behind. */
static void
test_nothing_leaks (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 good = cardea_lab_nginx (lab);
  guint16 closed = cardea_lab_free_port (lab);
  g_autofree char *number = g_strdup_printf ("%u", good);
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "ec.pem");
  g_autofree char *out = NULL;
  const char *fetch[] = { "connect", "localhost", number, "--certificate", fingerprint, NULL };
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ good, closed, 0 }, NULL, NULL);
  guint fds = 0, children = 0;

  for (guint i = 0; i < 50; i++) {
    g_autoptr (GError) several = connect_error (lab, "localhost", good, NULL);
    g_autoptr (GError) refused = connect_error (lab, "localhost", closed, NULL);

    g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 0);
    if (i == 4) {
      fds = cardea_lab_count_fds (agent);
      children = cardea_lab_count_children (agent);
    }
  }
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "sessions", "--json", NULL }, NULL, &out, NULL),
                   ==, 0);
  g_assert_null (strstr (out, "\"id\""));
  g_assert_cmpuint (cardea_lab_count_children (agent), ==, children);
  g_assert_cmpuint (cardea_lab_count_fds (agent), <=, fds + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-hostile/expired", test_expired);
  g_test_add_func ("/agent-hostile/wrong-name", test_wrong_name);
  g_test_add_func ("/agent-hostile/self-signed", test_self_signed);
  g_test_add_func ("/agent-hostile/unknown-authority", test_unknown_authority);
  g_test_add_func ("/agent-hostile/garbage", test_garbage);
  g_test_add_func ("/agent-hostile/plain-http", test_plain_http);
  g_test_add_func ("/agent-hostile/reset", test_reset);
  g_test_add_func ("/agent-hostile/stall", test_stall);
  g_test_add_func ("/agent-hostile/tls12-only", test_tls12_only);
  g_test_add_func ("/agent-hostile/refused-port", test_refused_port);
  g_test_add_func ("/agent-hostile/rejected", test_rejected);
  g_test_add_func ("/agent-hostile/other-authorities", test_other_authorities);
  g_test_add_func ("/agent-hostile/declined", test_declined);
  g_test_add_func ("/agent-hostile/required-but-not-asked", test_required_but_not_asked);
  g_test_add_func ("/agent-hostile/not-allowed", test_not_allowed);
  g_test_add_func ("/agent-hostile/bad-addresses", test_bad_addresses);
  g_test_add_func ("/agent-hostile/broken-modules", test_broken_modules);
  g_test_add_func ("/agent-hostile/nothing-leaks", test_nothing_leaks);
  return g_test_run ();
}
