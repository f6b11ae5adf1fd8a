/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The main job against real peers: OpenSSL, GnuTLS and nginx demand a certificate, the key is on a SoftHSM
 * token, and a program gets the stream by the command line or by the interface. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"
#include "tests/fixtures/lab.h"

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static char *
port_string (guint16 port)
{
  return g_strdup_printf ("%u", port);
}

/* Fetches a page with the certificate in @file and checks that the server saw its subject. */
static void
fetch (CardeaLab *lab, guint16 port, const char *file, const char *subject)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, file);
  g_autofree char *number = port_string (port);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int status = cardea_lab_cardea (
      lab, (const char *[]){ "connect", "localhost", number, "--certificate", fingerprint, NULL }, GET, &out,
      &err);

  if (status != 0 || strstr (out, subject) == NULL)
    g_error ("exit %d\n%s\n%s", status, out, err);
}

static void
test_openssl (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  fetch (lab, port, "rsa.pem", "Subject: O=Cardea, CN=Demo client (RSA-2048)");
  fetch (lab, port, "ec.pem", "Subject: O=Cardea, CN=Demo client (P-256)");
}

static void
test_gnutls (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_gnutls (lab);

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  fetch (lab, port, "rsa.pem", "Demo client (RSA-2048)");
  fetch (lab, port, "ec.pem", "Demo client (P-256)");
}

static void
test_nginx (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  fetch (lab, port, "rsa.pem", "saw CN=Demo client (RSA-2048),O=Cardea");
  fetch (lab, port, "ec.pem", "saw CN=Demo client (P-256),O=Cardea");
}

/* Two certificates fit, nobody can be asked: both are offered, and nothing was signed or sent. */
static void
test_several_fit (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i}", "host", "localhost", "port", (int)port);
  g_autoptr (GError) error = NULL;
  json_t *offers;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  client = cardea_client_new (cardea_lab_get_socket (lab), &error);
  g_assert_no_error (error);
  g_assert_cmpint (cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters,
                                          CARDEA_CLIENT_CALL_MS, NULL, &error),
                   ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "question")), ==,
                   "certificate");
  offers = json_object_get (cardea_error_get_parameters (error), "offers");
  g_assert_cmpuint (json_array_size (offers), ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (json_array_size (json_object_get (json_array_get (offers, i), "reasons")), ==, 0);
}

/* Only the RSA key is acceptable to this server, so nobody has to choose. */
static void
test_only_one_fits (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port =
      cardea_lab_openssl (lab, (const char *[]){ "-Verify", "2", "-verify_return_error", "-CAfile", "ca.pem",
                                                 "-www", "-client_sigalgs", "rsa_pss_rsae_sha256", NULL });
  g_autofree char *number = port_string (port);
  g_autofree char *out = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (
      cardea_lab_cardea (lab, (const char *[]){ "connect", "localhost", number, NULL }, GET, &out, NULL), ==,
      0);
  g_assert_nonnull (strstr (out, "RSA-2048"));
}

/* By URI, and a connection by the address that the certificate names too. */
static void
test_certificate_by_uri (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autofree char *number = port_string (port);
  g_autofree char *out = NULL;
  const char *argv[] = {
    "connect", "127.0.0.1", number, "--certificate", "pkcs11:token=Cardea%20test;object=ec", NULL
  };

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, argv, GET, &out, NULL), ==, 0);
  g_assert_nonnull (strstr (out, "P-256"));
}

static void
write_all (int fd, const char *bytes, gsize length)
{
  while (length > 0) {
    gssize n = send (fd, bytes, length, MSG_NOSIGNAL);

    g_assert_cmpint (n, >, 0);
    bytes += n;
    length -= n;
  }
}

static GString *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    g_string_append_len (text, buffer, n);
  g_assert_cmpint (n, ==, 0);
  return text;
}

static json_t *
connect_parameters (CardeaLab *lab, guint16 port, const char *file)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, file);

  return json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port, "options", "certificate",
                    fingerprint);
}

/* Connect turns its socket into the stream; AwaitEnd on another tells how it ended, and ListSessions forgets
 * it. */
static void
test_connect_and_await_end (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autoptr (json_t) parameters = connect_parameters (lab, port, "rsa.pem");
  g_autoptr (json_t) reply = NULL;
  g_autoptr (json_t) ended = NULL;
  g_autoptr (json_t) sessions = NULL;
  g_autoptr (json_t) session_id = NULL;
  g_autoptr (GString) page = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (CardeaClient) other = NULL;
  json_t *session;
  int fd;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  client = cardea_client_new (cardea_lab_get_socket (lab), &error);
  fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS, &reply,
                              &error);
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (fd, FALSE, NULL));
  session = json_object_get (reply, "session");
  g_assert_cmpstr (json_string_value (json_object_get (session, "tls_version")), ==, "TLS 1.3");
  g_assert_true (json_is_true (json_object_get (session, "certificate_requested")));
  g_assert_true (json_is_true (json_object_get (session, "accepted")));
  g_assert_cmpstr (json_string_value (json_object_get (session, "vouched_by")), ==, "config");
  g_assert_false (json_is_true (json_object_get (session, "resumed")));

  other = cardea_client_new (cardea_lab_get_socket (lab), &error);
  sessions = cardea_client_call (other, "org.cardea.agent.ListSessions", NULL, CARDEA_CLIENT_CALL_MS, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_size (json_object_get (sessions, "sessions")), ==, 1);

  write_all (fd, GET, strlen (GET));
  page = read_all (fd);
  g_assert_nonnull (strstr (page->str, "saw CN=Demo client (RSA-2048)"));
  close (fd);

  session_id = json_pack ("{s:s}", "session", json_string_value (json_object_get (session, "id")));
  ended = cardea_client_call (other, "org.cardea.agent.AwaitEnd", session_id, CARDEA_CLIENT_CALL_MS, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_string_value (json_object_get (json_object_get (ended, "end"), "how")), ==, "clean");
  g_assert_cmpint (json_integer_value (json_object_get (json_object_get (ended, "end"), "bytes_out")), ==,
                   strlen (GET));
}

/* The request is sent before the reply has come: those bytes are the stream's first. */
static void
test_early_bytes (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autoptr (json_t) parameters = connect_parameters (lab, port, "ec.pem");
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GString) answer = NULL;
  g_autoptr (GError) error = NULL;
  CardeaWireCall call = { .method = (char *)"org.cardea.agent.Connect",
                          .parameters = parameters,
                          .upgrade = TRUE };
  const char *end;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  address = g_unix_socket_address_new (cardea_lab_get_socket (lab));
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_true (g_socket_connect (socket, address, NULL, &error));
  g_assert_true (g_unix_set_fd_nonblocking (g_socket_get_fd (socket), FALSE, NULL));
  message = cardea_wire_call_serialise (&call, &error);
  write_all (g_socket_get_fd (socket), g_bytes_get_data (message, NULL), g_bytes_get_size (message));
  write_all (g_socket_get_fd (socket), GET, strlen (GET));

  answer = read_all (g_socket_get_fd (socket));
  end = memchr (answer->str, '\0', answer->len);
  g_assert_nonnull (end);
  g_assert_nonnull (strstr (answer->str, "\"session\""));
  g_assert_nonnull (strstr (end + 1, "saw CN=Demo client (P-256)"));
}

/* Listings say what there is, for people and for programs. */
static void
test_listings (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "rsa.pem");
  g_autofree char *out = NULL;
  g_autofree char *text = NULL;
  g_autofree char *tokens = NULL;
  g_autofree char *status = NULL;
  g_autoptr (json_t) reply = NULL;
  json_t *certificates;

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  g_assert_cmpint (
      cardea_lab_cardea (lab, (const char *[]){ "certificates", "--json", NULL }, NULL, &out, NULL), ==, 0);
  reply = json_loads (out, JSON_REJECT_DUPLICATES, NULL);
  certificates = json_object_get (reply, "certificates");
  g_assert_cmpuint (json_array_size (certificates), ==, 2);
  g_assert_nonnull (strstr (out, fingerprint));
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "certificates", NULL }, NULL, &text, NULL), ==,
                   0);
  g_assert_nonnull (strstr (text, "Demo client (P-256)"));
  g_assert_null (strstr (text, "Test Issuing CA\n\n"));
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &tokens, NULL), ==, 0);
  g_assert_nonnull (strstr (tokens, "Cardea test"));
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "status", NULL }, NULL, &status, NULL), ==, 0);
  g_assert_nonnull (strstr (status, "1 of them ready"));
}

/* A program's own authority: refused unless the administrator allows that, and then only it counts. */
static void
test_caller_authorities (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autofree char *number = port_string (port);
  g_autofree char *ca = cardea_lab_path (lab, "ca.pem");
  g_autofree char *rsa = cardea_lab_path (lab, "rsa.pem");
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "rsa.pem");
  g_autofree char *denied = NULL;
  g_autofree char *out = NULL;
  g_autofree char *untrusted = NULL;
  GSubprocess *agent;
  const char *argv[] = { "connect", "localhost", number, "--certificate", fingerprint, "--ca", ca, NULL };

  agent = cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, argv, GET, NULL, &denied), ==, 1);
  g_assert_nonnull (strstr (denied, "caller-authorities"));
  g_subprocess_send_signal (agent, SIGTERM);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, "[allow]\ncaller-authorities=true\n", NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, argv, GET, &out, NULL), ==, 0);
  g_assert_nonnull (strstr (out, "saw CN="));
  argv[6] = rsa;
  g_assert_cmpint (cardea_lab_cardea (lab, argv, GET, NULL, &untrusted), ==, 1);
}

/* The user's NSS database has it all: the authority that vouches for the server, and the key. No other
 * module, no file. */
static void
test_nss_database (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  const char *folder = cardea_lab_get_folder (lab);
  g_autofree char *number = port_string (port);
  g_autofree char *script = g_strdup_printf (
      "cd %s && %s/nss-config/cardea-nss-config --database %s/nssdb init && "
      "%s/nss-config/cardea-nss-config --database %s/nssdb trust add ca.pem && "
      "openssl req -new -newkey rsa:2048 -nodes -keyout soft.key -subj '/CN=Soft client' -out soft.csr && "
      "printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > soft.ext && "
      "openssl x509 -req -in soft.csr -CA issuing.pem -CAkey issuing.key -days 2 -extfile soft.ext -out "
      "soft.pem && "
      "openssl pkcs12 -export -in soft.pem -inkey soft.key -certfile issuing.pem -name soft -passout pass:x "
      "-out soft.p12 "
      "&& pk12util -d sql:nssdb -K '' -W x -i soft.p12",
      folder, g_getenv ("CARDEA_TEST_BUILD"), folder, g_getenv ("CARDEA_TEST_BUILD"), folder);
  g_autofree char *more = g_strdup_printf ("[modules]\nload=\nnss-database=true\n[authorities]\nfiles=\n"
                                           "nss-database=true\n[nss]\ndatabase=%s/nssdb\n",
                                           folder);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int status;

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, more, NULL);
  status = cardea_lab_cardea (lab, (const char *[]){ "connect", "-v", "localhost", number, NULL }, GET, &out,
                              &err);
  if (status != 0 || strstr (out, "saw CN=Soft client") == NULL || strstr (err, "NSS database") == NULL)
    g_error ("exit %d\n%s\n%s", status, out, err);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-peers/openssl", test_openssl);
  g_test_add_func ("/agent-peers/gnutls", test_gnutls);
  g_test_add_func ("/agent-peers/nginx", test_nginx);
  g_test_add_func ("/agent-peers/several-fit", test_several_fit);
  g_test_add_func ("/agent-peers/only-one-fits", test_only_one_fits);
  g_test_add_func ("/agent-peers/certificate-by-uri", test_certificate_by_uri);
  g_test_add_func ("/agent-peers/connect-and-await-end", test_connect_and_await_end);
  g_test_add_func ("/agent-peers/early-bytes", test_early_bytes);
  g_test_add_func ("/agent-peers/listings", test_listings);
  g_test_add_func ("/agent-peers/nss-database", test_nss_database);
  g_test_add_func ("/agent-peers/caller-authorities", test_caller_authorities);
  return g_test_run ();
}
