/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dial, handshake and relay together, against OpenSSL's library: what a program at the end of its socket
 * sees. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/relay/relay.h"
#include "agent/tls/dial.h"
#include "agent/tls/handshake.h"
#include "agent/tls/nss.h"
#include "tests/fixtures/pki.h"
#include "tests/fixtures/tls-server.h"

#define PATIENCE_S 20
#define BULK (16 * 1024 * 1024)
#define CROWD 64

typedef struct
{
  CardeaTestPki *pki;
  CardeaTrust *trust;
  CardeaRelayPool *pool;
  int descriptors;
} Fixture;

/* One program's connection, from dialling to its end. */
typedef struct
{
  Fixture *fixture;
  CardeaHandshake *handshake;
  CardeaRelay *relay;
  int program; /* the program's end */
  CardeaEnd *end;
  GError *error;
} Program;

static int
count_sockets (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  int n = 0;
  for (const char *name; (name = g_dir_read_name (dir));) {
    g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
    g_autofree char *target = g_file_read_link (path, NULL);
    n += target && g_str_has_prefix (target, "socket:");
  }
  return n;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->pki = cardea_test_pki_new ();
  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){ .name = "ca", .role = CARDEA_TEST_AUTHORITY });
  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){ .name = "server",
                                                             .role = CARDEA_TEST_SERVER,
                                                             .issuer = "ca",
                                                             .alt_names = "DNS:localhost,IP:127.0.0.1" });
  g_assert_true (cardea_nss_start (&error));
  g_assert_no_error (error);
  fixture->trust = cardea_trust_new ();
  g_assert_true (cardea_trust_add_anchor (fixture->trust, cardea_test_pki_get_der (fixture->pki, "ca"),
                                          "config", &error));
  g_assert_no_error (error);
  fixture->pool = cardea_relay_pool_new (2);
  fixture->descriptors = count_sockets ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  cardea_relay_pool_free (fixture->pool);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (count_sockets (), ==, fixture->descriptors);
  cardea_trust_unref (fixture->trust);
  g_assert_true (cardea_nss_stop ());
  cardea_test_pki_free (fixture->pki);
}

static gboolean
on_patience_lost (gpointer data)
{
  g_error ("the test waited in vain");
  return G_SOURCE_REMOVE;
}

#define WAIT_UNTIL(condition)                                                                                \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint patience = g_timeout_add_seconds (PATIENCE_S, on_patience_lost, NULL);                             \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (patience);                                                                              \
  }                                                                                                          \
  G_STMT_END

static void
on_requested (CardeaHandshake *handshake, const CardeaCertificateRequest *request, gpointer data)
{
  cardea_handshake_answer (handshake, NULL);
}

static void
on_ended (CardeaRelay *relay, const CardeaEnd *end, gpointer data)
{
  ((Program *)data)->end = cardea_end_copy (end);
}

static void
on_handshake_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Program *self = data;
  CardeaTlsInfo *info = NULL;
  int ends[2];
  const struct timeval patience = { .tv_sec = PATIENCE_S };
  CardeaTlsStream *stream =
      cardea_handshake_run_finish (CARDEA_HANDSHAKE (source), result, &info, &self->error);
  if (!stream)
    return;
  cardea_tls_info_free (info);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), ==, 0);
  self->relay = cardea_relay_start (self->fixture->pool, stream, ends[1], NULL, on_ended, self);
  self->program = ends[0];
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer data)
{
  Program *self = data;
  CardeaHandshakeOptions options = { .server_name = "localhost", .trust = self->fixture->trust };
  int fd = cardea_dial_finish (result, &options.round_trip_us, &self->error);
  g_assert_no_error (self->error);
  self->handshake = cardea_handshake_new (fd, &options, on_requested, self);
  cardea_handshake_run_async (self->handshake, NULL, on_handshake_done, self);
}

static void
program_dial (Program *self, Fixture *fixture, CardeaTestServer *server)
{
  self->fixture = fixture;
  self->program = -1;
  cardea_dial_async ("localhost", (guint16)cardea_test_server_get_port (server), "direct", 0, NULL,
                     on_dialled, self);
}

static void
program_connect (Program *self, Fixture *fixture, CardeaTestServer *server)
{
  program_dial (self, fixture, server);
  WAIT_UNTIL (self->relay || self->error);
  g_assert_no_error (self->error);
}

static void
program_clear (Program *self)
{
  if (self->program >= 0)
    close (self->program);
  g_clear_pointer (&self->relay, cardea_relay_unref);
  g_clear_pointer (&self->end, cardea_end_free);
  g_clear_object (&self->handshake);
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Program, program_clear)

static void
assert_gets (const Program *self, const char *expected)
{
  char buffer[64] = "";
  g_assert_cmpint (recv (self->program, buffer, strlen (expected), MSG_WAITALL), ==,
                   (gssize)strlen (expected));
  g_assert_cmpstr (buffer, ==, expected);
}

static void
assert_gets_end (const Program *self)
{
  char byte;
  g_assert_cmpint (recv (self->program, &byte, 1, 0), ==, 0);
}

static void
program_leave (Program *self)
{
  g_assert_cmpint (close (self->program), ==, 0);
  self->program = -1;
}

static void
assert_end (Program *self, CardeaEndHow how)
{
  WAIT_UNTIL (self->end);
  g_assert_cmpstr (cardea_end_how_to_string (self->end->how), ==, cardea_end_how_to_string (how));
}

static void
assert_report (CardeaTestServer *server, const char *expected)
{
  g_autofree char *report = cardea_test_server_wait (server);
  g_assert_cmpstr (report, ==, expected);
}

static void
test_half_close (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  assert_report (server, "none/0");
  g_assert_cmpint (send (program.program, "ping", 4, MSG_NOSIGNAL), ==, 4);
  assert_gets (&program, "ping");
  g_assert_cmpint (send (program.program, "more", 4, MSG_NOSIGNAL), ==, 4);
  g_assert_cmpint (shutdown (program.program, SHUT_WR), ==, 0);
  assert_gets (&program, "more");
  assert_gets_end (&program);
  assert_report (server, "closed");
  assert_end (&program, CARDEA_END_CLEAN);
  g_assert_cmpuint (program.end->bytes_in, ==, 8);
  g_assert_cmpuint (program.end->bytes_out, ==, 8);
}

static guint8
pattern (gsize offset)
{
  return (guint8)(offset * 13 + offset / 509);
}

static gpointer
send_bulk_in_thread (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree guint8 *bytes = g_malloc (BULK);
  for (gsize i = 0; i < BULK; i++)
    bytes[i] = pattern (i);
  for (gsize sent = 0; sent < BULK;) {
    gssize n = send (fd, bytes + sent, BULK - sent, MSG_NOSIGNAL);
    g_assert_cmpint (n, >, 0);
    sent += (gsize)n;
  }
  g_assert_cmpint (shutdown (fd, SHUT_WR), ==, 0);
  return NULL;
}

/* Both directions full at once, each waiting for the other now and then. */
static void
test_bulk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  GThread *sender = g_thread_new ("program", send_bulk_in_thread, GINT_TO_POINTER (program.program));
  guint8 bite[9001];
  gsize have = 0;
  for (gssize n; (n = recv (program.program, bite, sizeof bite, 0)) > 0; have += (gsize)n)
    for (gssize i = 0; i < n; i++)
      if (bite[i] != pattern (have + (gsize)i))
        g_error ("byte %" G_GSIZE_FORMAT " is wrong", have + (gsize)i);
  g_assert_cmpuint (have, ==, BULK);
  g_thread_join (sender);
  assert_end (&program, CARDEA_END_CLEAN);
  g_assert_cmpuint (program.end->bytes_in, ==, BULK);
  g_assert_cmpuint (program.end->bytes_out, ==, BULK);
}

static void
test_server_closes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_close);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  assert_gets (&program, "hello");
  assert_gets_end (&program);
  program_leave (&program);
  assert_end (&program, CARDEA_END_CLEAN);
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_truncate);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  assert_gets (&program, "hello");
  assert_gets_end (&program);
  assert_end (&program, CARDEA_END_TRUNCATED);
  g_assert_null (program.end->alert);
}

static void
test_reset (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_reset_later);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  assert_gets (&program, "hello");
  g_assert_cmpint (send (program.program, "!", 1, MSG_NOSIGNAL), ==, 1);
  assert_gets_end (&program);
  assert_end (&program, CARDEA_END_RESET);
}

/* Reads one byte, then sends a record that was not made with its keys. */
static void
serve_nonsense (CardeaTestServer *server, int fd)
{
  static const guint8 nonsense[5 + 32] = { 0x17, 3, 3, 0, 32 };
  SSL *ssl = cardea_test_server_accept (server, fd);
  char byte;
  if (!ssl)
    return;
  g_assert_cmpint (SSL_read (ssl, &byte, 1), ==, 1);
  g_assert_cmpint (send (fd, nonsense, sizeof nonsense, MSG_NOSIGNAL), ==, sizeof nonsense);
  cardea_test_server_wait_for_close (fd);
  SSL_free (ssl);
}

static void
test_protocol_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = cardea_test_server_new (fixture->pki, "server", serve_nonsense);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  g_assert_cmpint (send (program.program, "!", 1, MSG_NOSIGNAL), ==, 1);
  assert_gets_end (&program);
  assert_end (&program, CARDEA_END_PROTOCOL_ERROR);
  g_assert_nonnull (program.end->alert);
}

static void
test_program_leaves (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  assert_report (server, "none/0");
  g_assert_cmpint (send (program.program, "ping", 4, MSG_NOSIGNAL), ==, 4);
  assert_gets (&program, "ping");
  program_leave (&program);
  assert_end (&program, CARDEA_END_CLEAN);
  assert_report (server, "closed");
}

static void
test_crowd (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Program programs[CROWD] = { 0 };
  for (int i = 0; i < CROWD; i++)
    program_dial (&programs[i], fixture, server);
  for (int i = 0; i < CROWD; i++)
    WAIT_UNTIL (programs[i].relay || programs[i].error);
  for (int i = 0; i < CROWD; i++) {
    g_assert_no_error (programs[i].error);
    g_assert_cmpint (send (programs[i].program, "ping", 4, MSG_NOSIGNAL), ==, 4);
  }
  for (int i = 0; i < CROWD; i++)
    assert_gets (&programs[i], "ping");
  for (int i = 0; i < CROWD; i++)
    g_assert_cmpint (shutdown (programs[i].program, SHUT_WR), ==, 0);
  for (int i = 0; i < CROWD; i++) {
    assert_gets_end (&programs[i]);
    assert_end (&programs[i], CARDEA_END_CLEAN);
    program_clear (&programs[i]);
  }
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Program) program = { 0 };
  program_connect (&program, fixture, server);
  cardea_relay_stop (program.relay, CARDEA_END_TOKEN_REMOVED);
  assert_gets_end (&program);
  assert_end (&program, CARDEA_END_TOKEN_REMOVED);
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/stream/truncated", test_truncated);
  add ("/stream/reset", test_reset);
  add ("/stream/protocol-error", test_protocol_error);
  add ("/stream/program-leaves", test_program_leaves);
  add ("/stream/stop", test_stop);
  add ("/stream/server-closes", test_server_closes);
  add ("/stream/half-close", test_half_close);
  add ("/stream/bulk", test_bulk);
  add ("/stream/crowd", test_crowd);
  return g_test_run ();
}
