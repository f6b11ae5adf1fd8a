/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers that people have: a database, mail, a directory, which begin in the clear and want a certificate
 * then, and a broker of messages, which begins with TLS. A program of the test's own hands its connection
 * over; so does the command line. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/lab.h"
#include "tests/fixtures/services.h"
#include "tests/fixtures/tunnel.h"
#include "tests/fixtures/wrapper.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOLDER "Demo client (RSA-2048)"
#define STARTUP                                                                                              \
  "\0\0\0\x37\0\3\0\0"                                                                                       \
  "user\0" HOLDER "\0"                                                                                       \
  "database\0postgres\0"
#define QUERY                                                                                                \
  "Q\0\0\0\x47"                                                                                              \
  "select client_dn from pg_stat_ssl where pid = pg_backend_pid ()   \0"
#define TERMINATE "X\0\0\0\4"

/* An agent that may reach the servers, and the certificate that it uses. */
typedef struct
{
  CardeaLab *lab;
  char *fingerprint;
} World;

static World *
world_new (void)
{
  World *self = g_new0 (World, 1);

  self->lab = cardea_lab_new ();
  self->fingerprint = cardea_lab_fingerprint (self->lab, "rsa.pem");
  return self;
}

static void
world_free (World *self)
{
  cardea_lab_free (self->lab);
  g_free (self->fingerprint);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* The database's answer to the wish for TLS is one byte (Frontend/Backend Protocol, SSLRequest). */
static int
begin_postgres (guint16 port)
{
  int fd = cardea_tunnel_dial (port);
  char answer;

  test_wrap_send (fd, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
  g_assert_cmpint (recv (fd, &answer, 1, 0), ==, 1);
  g_assert_cmpint (answer, ==, 'S');
  return fd;
}

static void
expect_bytes (int fd, const char *bytes, gsize length)
{
  g_autofree char *got = g_malloc (length);

  g_assert_cmpint (recv (fd, got, length, MSG_WAITALL), ==, (gssize)length);
  g_assert_cmpmem (got, length, bytes, length);
}

/* Its own protocol through the stream: who we are it knows from the certificate. */
static void
test_postgres (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_postgres (world->lab, HOLDER);
  g_autoptr (json_t) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *how = NULL;
  int stream;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, NULL, NULL);
  stream = test_wrap (world->lab, begin_postgres (port), port, world->fingerprint, &session, &error);
  g_assert_no_error (error);
  g_assert_true (json_is_true (json_object_get (session, "certificate_requested")));
  test_wrap_send (stream, STARTUP, sizeof STARTUP);
  expect_bytes (stream, "R\0\0\0\x08\0\0\0\0", 9); /* AuthenticationOk */
  test_wrap_send (stream, QUERY, sizeof QUERY - 1);
  test_wrap_expect (stream, "/O=Cardea/CN=" HOLDER);
  test_wrap_send (stream, TERMINATE, sizeof TERMINATE - 1);
  test_wrap_assert_ended (stream);
  how = test_wrap_await_end (world->lab, session);
  g_assert_cmpstr (how, ==, "clean");
}

/* Another's name is refused, and so is who shows no certificate. */
static void
test_postgres_refuses (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_postgres (world->lab, HOLDER);
  g_autofree char *other = cardea_lab_fingerprint (world->lab, "ec.pem");
  g_autoptr (GError) error = NULL;
  int stream;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, NULL, NULL);
  stream = test_wrap (world->lab, begin_postgres (port), port, other, NULL, &error);
  g_assert_no_error (error);
  test_wrap_send (stream, STARTUP, sizeof STARTUP);
  test_wrap_expect (stream, "authentication failed");
  close (stream);

  stream = test_wrap_with (world->lab, begin_postgres (port), "localhost", port,
                           "{\"authenticate\": \"never\"}", NULL, &error);
  g_assert_no_error (error);
  test_wrap_send (stream, STARTUP, sizeof STARTUP);
  test_wrap_expect (stream, "requires a valid client certificate");
  close (stream);
}

/* The command's exit code, and what it wrote. @input: of printf(1). */
static int
connect_by_command (World *world, const char *protocol, guint16 port, const char *input, char **out)
{
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *script = g_strdup_printf (
      "printf '%s' | %s --socket %s connect --starttls %s --proxy direct --certificate %s localhost %u",
      input, cardea, cardea_lab_get_socket (world->lab), protocol, world->fingerprint, port);
  g_autofree char *err = NULL;
  int status = cardea_lab_run (world->lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, out, &err);

  g_test_message ("%s", err);
  return status;
}

/* Of a binary protocol only what is text is looked at. */
static void
test_postgres_command (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_postgres (world->lab, HOLDER);
  g_autofree char *log = NULL;
  g_autofree char *out = NULL;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, "[agent]\n", NULL);
  g_assert_cmpint (connect_by_command (world, "postgres", port,
                                       "\\0\\0\\0\\067\\0\\003\\0\\0user\\0" HOLDER
                                       "\\0database\\0postgres\\0\\0X\\0\\0\\0\\004",
                                       &out),
                   ==, 0);
  g_assert_cmpint (out[0], ==, 'R');
}

/* Answers to what was said under TLS; logging in takes the certificate. */
static void
test_mail (void)
{
  g_autoptr (World) world = world_new ();
  CardeaMailPorts ports = cardea_service_dovecot (world->lab);
  g_autofree char *imap = NULL;
  g_autofree char *pop3 = NULL;
  g_autofree char *submission = NULL;
  g_autofree char *log = NULL;

  cardea_lab_agent (world->lab, (guint16[]){ ports.imap, ports.pop3, ports.submission, 0 }, NULL, NULL);
  g_assert_cmpint (
      connect_by_command (world, "imap", ports.imap, "a LOGIN somebody secret\\r\\nb LOGOUT\\r\\n", &imap),
      ==, 0);
  g_assert_nonnull (strstr (imap, "a OK"));
  g_assert_nonnull (strstr (imap, "b OK"));
  g_assert_null (strstr (imap, "* OK"));
  g_assert_cmpint (
      connect_by_command (world, "pop3", ports.pop3, "USER somebody\\r\\nPASS secret\\r\\nQUIT\\r\\n", &pop3),
      ==, 0);
  g_assert_nonnull (strstr (pop3, "Logged in"));
  g_assert_cmpint (
      connect_by_command (world, "smtp", ports.submission, "EHLO localhost\\r\\nQUIT\\r\\n", &submission), ==,
      0);
  g_assert_nonnull (strstr (submission, "250"));
  g_assert_null (strstr (submission, "STARTTLS"));
  log = cardea_lab_read_log (world->lab, "dovecot");
  g_assert_null (strstr (log, "client didn't send a cert"));
}

/* An abandoned connection is no way in: without the certificate the same login fails. */
static void
test_mail_refuses (void)
{
  g_autoptr (World) world = world_new ();
  CardeaMailPorts ports = cardea_service_dovecot (world->lab);
  int fd = cardea_tunnel_dial (ports.imap), stream;
  g_autoptr (GError) error = NULL;

  cardea_lab_agent (world->lab, (guint16[]){ ports.imap, 0 }, NULL, NULL);
  test_wrap_expect (fd, "\r\n");
  test_wrap_send (fd, "a STARTTLS\r\n", 12);
  test_wrap_expect (fd, "a OK");
  test_wrap_expect (fd, "\r\n");
  stream =
      test_wrap_with (world->lab, fd, "localhost", ports.imap, "{\"authenticate\": \"never\"}", NULL, &error);
  g_assert_no_error (error);
  test_wrap_send (stream, "b LOGIN somebody secret\r\n", 25);
  test_wrap_expect (stream, "b NO");
  close (stream);
}

/* "Who am I?" (RFC 4532), and the end. The answer: nobody in particular, by name; but TLS stands. */
static void
test_ldap (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_slapd (world->lab);
  g_autofree char *out = NULL;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, NULL, NULL);
  connect_by_command (world, "ldap", port,
                      "\\060\\036\\002\\001\\002\\167\\031\\200\\0271.3.6.1.4.1.4203.1.11.3"
                      "\\060\\005\\002\\001\\003\\102\\000",
                      &out);
  /* A sequence of our number and an ExtendedResponse. */
  g_assert_cmpint (out[0], ==, 0x30);
  g_assert_cmpint (out[4], ==, 2);
  g_assert_cmpint (out[5], ==, 0x78);
}

/* Under TLS the stream begins anew, and offers ways to log in. */
static void
test_xmpp (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_prosody (world->lab);
  g_autofree char *out = NULL;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, NULL, NULL);
  connect_by_command (world, "xmpp", port,
                      "<stream:stream to=\"localhost\" xmlns=\"jabber:client\" "
                      "xmlns:stream=\"http://etherx.jabber.org/streams\" version=\"1.0\"></stream:stream>",
                      &out);
  g_assert_nonnull (strstr (out, "<stream:features>"));
  g_assert_null (strstr (out, "starttls"));
  g_assert_nonnull (strstr (out, "</stream:stream>"));
}

/* MQTT 3.1.1: CONNECT and CONNACK, then a message through the broker and back. */
static void
test_mosquitto (void)
{
  static const char hello[] = "\x10\x10\0\4MQTT\4\2\0\x3c\0\4test";
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_mosquitto (world->lab);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port,
                                             "options", "certificate", world->fingerprint);
  int stream;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, NULL, NULL);
  client = cardea_client_new (cardea_lab_get_socket (world->lab), &error);
  stream = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS, NULL,
                                  &error);
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (stream, FALSE, NULL));
  test_wrap_send (stream, hello, sizeof hello - 1);
  expect_bytes (stream, "\x20\2\0\0", 4);
  test_wrap_send (stream, "\x82\6\0\1\0\1a\0", 8);
  expect_bytes (stream, "\x90\3\0\1\0", 5);
  test_wrap_send (stream, "\x30\5\0\1ahi", 7);
  expect_bytes (stream, "\x30\5\0\1ahi", 7);
  test_wrap_send (stream, "\xe0\0", 2);
  test_wrap_assert_ended (stream);
  cardea_lab_wait_for_log (world->lab, "mosquitto", "u'" HOLDER "'");
}

static void
test_mosquitto_refuses (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_service_mosquitto (world->lab);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autofree char *err = NULL;

  cardea_lab_agent (world->lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (
      cardea_lab_cardea (world->lab,
                         (const char *[]){ "connect", "--no-certificate", "localhost", number, NULL }, "",
                         NULL, &err),
      ==, 1);
  g_assert_nonnull (strstr (err, "certificate"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-services/postgres", test_postgres);
  g_test_add_func ("/agent-services/postgres-refuses", test_postgres_refuses);
  g_test_add_func ("/agent-services/postgres-command", test_postgres_command);
  g_test_add_func ("/agent-services/mail", test_mail);
  g_test_add_func ("/agent-services/mail-refuses", test_mail_refuses);
  g_test_add_func ("/agent-services/ldap", test_ldap);
  g_test_add_func ("/agent-services/xmpp", test_xmpp);
  g_test_add_func ("/agent-services/mosquitto", test_mosquitto);
  g_test_add_func ("/agent-services/mosquitto-refuses", test_mosquitto_refuses);
  return g_test_run ();
}
