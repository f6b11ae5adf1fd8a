/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Probes: what servers ask for is learnt, and each is left with an alert instead of an answer, whoever it is
 * and however it behaves. That no key and no certificate was made is what every tear-down looks for. */

#include "tests/integration/tls/client.h"

#include "agent/tls/probe.h"

#include <signal.h>
#include <string.h>

typedef struct
{
  CardeaProbe *probe;
  GCancellable *cancellable;
  gboolean done;
  gboolean seen;
  GError *error;
} Look;

static void
look_clear (Look *look)
{
  g_clear_object (&look->probe);
  g_clear_object (&look->cancellable);
  g_clear_error (&look->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  Look *look = data;

  look->seen = cardea_probe_run_finish (CARDEA_PROBE (source), result, &look->error);
  look->done = TRUE;
}

static void
start (Look *look, Fixture *fixture, CardeaTestServer *server, CardeaTls12 tls12, guint timeout_ms)
{
  const CardeaHandshakeOptions options = {
    .server_name = "localhost",
    .alpn = (const char *const[]){ "h2", "http/1.1", NULL },
    .trust = fixture->trust,
    .tls12 = tls12,
    .timeout_ms = timeout_ms,
  };

  look->cancellable = g_cancellable_new ();
  look->probe = cardea_probe_new (client_connect (cardea_test_server_get_port (server)), &options);
  cardea_probe_run_async (look->probe, look->cancellable, on_probed, look);
}

static void
look_at (Look *look, Fixture *fixture, CardeaTestServer *server)
{
  start (look, fixture, server, CARDEA_TLS12_NOT_WANTED, 0);
  WAIT_UNTIL (look->done);
  g_assert_no_error (look->error);
  g_assert_true (look->seen);
}

static gboolean
can_use (Look *look, Fixture *fixture, const char *name)
{
  g_autoptr (CardeaCertificate) certificate =
      cardea_certificate_new (cardea_test_pki_get_der (fixture->pki, name), NULL);

  return cardea_asker_can_use (CARDEA_ASKER (look->probe), certificate, CARDEA_RSA_PSS);
}

/* The server learns that nobody goes on: by this alert, and without a message of ours before it. */
static void
leave (Look *look, CardeaTestServer *server, const char *report)
{
  g_autofree char *told = NULL;

  cardea_probe_leave (look->probe, NULL, NULL);
  told = cardea_test_server_wait (server);
  g_test_message ("%s", told);
  g_assert_nonnull (strstr (told, report));
}

static void
test_asked (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Look) look = { 0 };
  const CardeaTlsInfo *info;

  cardea_test_server_ask (server, "ca", TRUE);
  look_at (&look, fixture, server);
  g_assert_no_error (cardea_probe_get_fault (look.probe));
  info = cardea_probe_get_info (look.probe);
  g_assert_true (info->certificate_requested);
  g_assert_cmpstr (info->tls_version, ==, "TLS 1.3");
  g_assert_cmpstr (info->vouched_by, ==, "config");
  g_assert_cmpuint (info->peer_chain->len, ==, 1);
  g_assert_cmpuint (cardea_probe_get_authorities (look.probe)->len, ==, 1);
  g_assert_nonnull (cardea_asker_get_authority (CARDEA_ASKER (look.probe)));
  g_assert_true (can_use (&look, fixture, "client"));
  g_assert_true (can_use (&look, fixture, "rsa-client"));
  leave (&look, server, "access denied");
}

/* Not even an anonymous connection comes about. */
static void
test_not_asked (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Look) look = { 0 };

  look_at (&look, fixture, server);
  g_assert_no_error (cardea_probe_get_fault (look.probe));
  g_assert_false (cardea_probe_get_info (look.probe)->certificate_requested);
  g_assert_cmpuint (cardea_probe_get_authorities (look.probe)->len, ==, 0);
  g_assert_false (can_use (&look, fixture, "client"));
  leave (&look, server, "access denied");
}

static void
test_tls12 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Look) look = { 0 };

  SSL_CTX_set_min_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  cardea_test_server_ask (server, "ca", TRUE);
  start (&look, fixture, server, CARDEA_TLS12_ALLOWED, 0);
  WAIT_UNTIL (look.done);
  g_assert_no_error (look.error);
  g_assert_no_error (cardea_probe_get_fault (look.probe));
  g_assert_cmpstr (cardea_probe_get_info (look.probe)->tls_version, ==, "TLS 1.2");
  g_assert_cmpuint (cardea_probe_get_authorities (look.probe)->len, ==, 1);
  g_assert_true (can_use (&look, fixture, "client"));
  leave (&look, server, "access denied");
}

/* Of one that is not believed as much is learnt; it is told that. */
static void
test_untrusted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = NULL;
  g_auto (Look) look = { 0 };

  cardea_test_pki_make (
      fixture->pki,
      &(CardeaTestIdentity){ .name = "alone", .role = CARDEA_TEST_SERVER, .alt_names = "DNS:localhost" });
  server = cardea_test_server_new (fixture->pki, "alone", cardea_test_serve_echo);
  cardea_test_server_ask (server, "ca", TRUE);
  look_at (&look, fixture, server);
  g_assert_error (cardea_probe_get_fault (look.probe), CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  g_assert_true (cardea_probe_get_info (look.probe)->certificate_requested);
  g_assert_null (cardea_probe_get_info (look.probe)->vouched_by);
  g_assert_cmpuint (cardea_probe_get_authorities (look.probe)->len, ==, 1);
  g_assert_true (can_use (&look, fixture, "client"));
  leave (&look, server, "unknown ca");
}

/* As many as a message of TLS has room for (RFC 8446, 4.2.4), 64 KiB. */
static void
test_many_authorities (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Look) look = { 0 };
  X509 *issuing = cardea_test_pki_get_certificate (fixture->pki, "issuing");
  guint n = 65000u / (2 + (guint)i2d_X509_NAME (X509_get_subject_name (issuing), NULL));

  cardea_test_server_ask (server, "ca", TRUE);
  for (guint i = 0; i < n; i++)
    SSL_CTX_add_client_CA (cardea_test_server_get_context (server), issuing);
  look_at (&look, fixture, server);
  g_assert_cmpuint (cardea_probe_get_authorities (look.probe)->len, ==, n + 1);
  leave (&look, server, "access denied");
}

static void
assert_fails (Fixture *fixture, CardeaTestServe serve, CardeaErrorCode code)
{
  g_autoptr (CardeaTestServer) server = cardea_test_server_new (fixture->pki, "server", serve);
  g_auto (Look) look = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  start (&look, fixture, server, CARDEA_TLS12_NOT_WANTED, 500);
  WAIT_UNTIL (look.done);
  g_assert_error (look.error, CARDEA_ERROR, (int)code);
  g_assert_no_error (cardea_probe_get_fault (look.probe));
  look_clear (&look);
}

static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  assert_fails (fixture, cardea_test_serve_garbage, CARDEA_ERROR_HANDSHAKE_FAILED);
  assert_fails (fixture, cardea_test_serve_reset, CARDEA_ERROR_HANDSHAKE_FAILED);
  assert_fails (fixture, cardea_test_serve_nothing, CARDEA_ERROR_TIMED_OUT);
  assert_fails (fixture, cardea_test_serve_half_flight, CARDEA_ERROR_TIMED_OUT);
  assert_fails (fixture, cardea_test_serve_no_finished, CARDEA_ERROR_TIMED_OUT);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_nothing);
  g_auto (Look) look = { 0 };

  start (&look, fixture, server, CARDEA_TLS12_NOT_WANTED, 0);
  g_cancellable_cancel (look.cancellable);
  WAIT_UNTIL (look.done);
  g_assert_error (look.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/probe/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("asked", test_asked);
  ADD ("not-asked", test_not_asked);
  ADD ("tls12", test_tls12);
  ADD ("untrusted", test_untrusted);
  ADD ("many-authorities", test_many_authorities);
  ADD ("hostile", test_hostile);
  ADD ("cancelled", test_cancelled);
  return g_test_run ();
}
