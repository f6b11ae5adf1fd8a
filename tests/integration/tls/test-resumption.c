/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that are resumed, and those that are not: with servers in threads of the test, which say what they
 * saw, and with real ones. What counts is whether the key signed. */

#include "tests/integration/tls/client.h"

#include "agent/tls/resumption.h"
#include "agent/tls/ticket.h"

#include <signal.h>
#include <string.h>

/* The other side of one name, for which a ticket is good if it was made by the same keys. */
static CardeaTestServer *
new_server (Fixture *fixture, const char *identity, CardeaTestServe serve, guint8 keys)
{
  CardeaTestServer *server = cardea_test_server_new (fixture->pki, identity, serve);
  SSL_CTX *context = cardea_test_server_get_context (server);
  guint8 ticket_keys[80];

  memset (ticket_keys, keys, sizeof ticket_keys);
  cardea_test_server_ask (server, "ca", TRUE);
  SSL_CTX_set_session_id_context (context, (const guint8 *)"test", 4);
  g_assert_cmpint (SSL_CTX_set_tlsext_ticket_keys (context, ticket_keys, sizeof ticket_keys), ==, 1);
  return server;
}

/* A connection that is used: its ticket comes before the echo. */
static void
talk (Run *run)
{
  g_assert_no_error (run->error);
  stream_write (run->stream, "ping");
  stream_expect (run->stream, "ping");
}

/* What a connection with that leaves to go on with, a reference. */
static CardeaResumption *
connect_once (Fixture *fixture, int port, const char *certificate, CardeaResumption *earlier,
              gboolean resumed)
{
  Signer signer = { 0 };
  Plan plan = {
    .certificate = certificate, .issuer = "issuing", .signer = &signer, .resumable = TRUE, .earlier = earlier
  };
  g_auto (Run) run = { 0 };
  CardeaResumption *left;
  char buffer[8];
  gsize done;

  run_start (&run, fixture, port, &plan);
  WAIT_UNTIL (run.done);
  talk (&run);
  g_assert_cmpint (stream_close_write (run.stream), ==, CARDEA_STREAM_OK);
  g_assert_cmpint (stream_read (run.stream, buffer, sizeof buffer, &done), ==, CARDEA_STREAM_END);
  g_assert_cmpint (run.info->resumed, ==, resumed);
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, resumed ? 0 : 1);
  g_assert_cmpuint (run.asked, ==, resumed ? 0 : 1);
  g_assert_cmpuint (run.verified, ==, 1);
  left = run.info->resumption != NULL ? cardea_resumption_ref (run.info->resumption) : NULL;
  return left;
}

static CardeaResumption *
connect_to_server (Fixture *fixture, CardeaTestServer *server, CardeaResumption *earlier, gboolean resumed)
{
  CardeaResumption *left =
      connect_once (fixture, cardea_test_server_get_port (server), "client", earlier, resumed);

  server_assert_report (server, resumed ? "client/0" : "client/1");
  server_assert_report (server, "closed");
  return left;
}

/* The second one tells of its server and itself what the first did. */
static void
test_second (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .signer = &signer, .resumable = TRUE, .earlier = first };
  g_auto (Run) run = { 0 };

  g_assert_true (cardea_resumption_is_ready (first));
  run_to_end (&run, fixture, server, &plan);
  talk (&run);
  g_assert_true (run.info->resumed);
  g_assert_true (run.info->certificate_requested);
  g_assert_true (run.info->certificate_sent);
  g_assert_true (run.info->accepted);
  g_assert_cmpstr (run.info->tls_version, ==, "TLS 1.3");
  g_assert_cmpstr (run.info->vouched_by, ==, "config");
  g_assert_cmpstr (run.info->revocation, ==, "not_checked");
  g_assert_cmpuint (run.info->peer_chain->len, ==, 1);
  g_assert_true (g_bytes_equal (run.info->peer_chain->pdata[0], first->chain->pdata[0]));
  g_assert_cmpint (run.info->resumption->begun, ==, first->begun);
  g_assert_true (cardea_resumption_is_ready (run.info->resumption));
  g_assert_cmpint (signer.calls, ==, 0);
}

/* Keys are exchanged anew in each (psk_dhe_ke alone; RFC 8446, 4.2.9), and nothing is said that could be said
 * again by another (no early data). */
static int
check_hello (SSL *ssl, int *alert, void *offered)
{
  const guint8 *bytes;
  gsize length;

  *(gboolean *)offered = SSL_client_hello_get0_ext (ssl, TLSEXT_TYPE_psk, &bytes, &length) == 1;
  g_assert_cmpint (SSL_client_hello_get0_ext (ssl, TLSEXT_TYPE_early_data, &bytes, &length), ==, 0);
  g_assert_cmpint (SSL_client_hello_get0_ext (ssl, TLSEXT_TYPE_psk_kex_modes, &bytes, &length), ==, 1);
  g_assert_cmpmem (bytes, length, "\1\1", 2);
  return SSL_CLIENT_HELLO_SUCCESS;
}

static void
test_offer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  gboolean offered = TRUE;
  g_autoptr (CardeaResumption) first = NULL;
  g_autoptr (CardeaResumption) second = NULL;

  SSL_CTX_set_max_early_data (cardea_test_server_get_context (server), 4096);
  SSL_CTX_set_client_hello_cb (cardea_test_server_get_context (server), check_hello, &offered);
  first = connect_once (fixture, cardea_test_server_get_port (server), "client", NULL, FALSE);
  g_assert_false (offered);
  second = connect_once (fixture, cardea_test_server_get_port (server), "client", first, TRUE);
  g_assert_true (offered);
}

static gboolean
on_time_passed (gpointer passed)
{
  *(gboolean *)passed = TRUE;
  return G_SOURCE_REMOVE;
}

/* The server gave it a second. */
static void
test_lifetime (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  int port = cardea_test_server_get_port (server);
  gboolean offered = TRUE, passed = FALSE;
  g_autoptr (CardeaResumption) first = NULL;
  g_autoptr (CardeaResumption) second = NULL;
  g_autoptr (CardeaResumption) third = NULL;

  SSL_CTX_set_timeout (cardea_test_server_get_context (server), 1);
  SSL_CTX_set_client_hello_cb (cardea_test_server_get_context (server), check_hello, &offered);
  first = connect_once (fixture, port, "client", NULL, FALSE);
  g_timeout_add (2100, on_time_passed, &passed);
  WAIT_UNTIL (passed);
  SSL_CTX_set_timeout (cardea_test_server_get_context (server), 60);
  second = connect_once (fixture, port, "client", first, FALSE);
  g_assert_false (offered);
  third = connect_once (fixture, port, "client", second, TRUE);
  g_assert_true (offered);
}

/* Each leaves a ticket of its own for the next. */
static void
test_chain (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  CardeaResumption *last = connect_to_server (fixture, server, NULL, FALSE);

  for (guint i = 0; i < 4; i++) {
    CardeaResumption *next = connect_to_server (fixture, server, last, TRUE);

    g_assert_false (cardea_resumption_is_ready (last));
    cardea_resumption_unref (last);
    last = next;
  }
  cardea_resumption_unref (last);
}

/* A ticket that was offered once is never offered again. */
static void
test_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  g_autoptr (CardeaResumption) second = connect_to_server (fixture, server, first, TRUE);
  g_autoptr (CardeaResumption) third = connect_to_server (fixture, server, first, FALSE);

  g_assert_true (cardea_resumption_is_ready (second));
  g_assert_true (cardea_resumption_is_ready (third));
}

/* Dropped after its connection's end, and while that goes on: NSS has it no more, whoever asks. */
static void
test_dropped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) ended = connect_to_server (fixture, server, NULL, FALSE);
  g_autoptr (CardeaResumption) fresh = NULL;

  cardea_resumption_drop (ended);
  g_assert_false (cardea_resumption_is_ready (ended));
  fresh = connect_to_server (fixture, server, ended, FALSE);
  g_assert_true (cardea_resumption_is_ready (fresh));
}

static void
test_dropped_open (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer, .resumable = TRUE };
  g_autoptr (CardeaResumption) resumption = NULL;
  g_autoptr (CardeaResumption) fresh = NULL;

  {
    g_auto (Run) run = { 0 };

    run_to_end (&run, fixture, server, &plan);
    resumption = cardea_resumption_ref (run.info->resumption);
    cardea_resumption_drop (resumption); /* before any of its tickets was looked at */
    talk (&run);
    talk (&run);
    g_assert_false (cardea_resumption_is_ready (resumption));
  }
  server_assert_report (server, "client/1");
  server_assert_report (server, "cut");
  fresh = connect_to_server (fixture, server, resumption, FALSE);
}

/* A ticket before each answer. */
static void
serve_tickets (CardeaTestServer *server, int fd)
{
  SSL *ssl = cardea_test_server_accept (server, fd);
  char buffer[64];
  int n;

  if (ssl == NULL)
    return;
  while ((n = SSL_read (ssl, buffer, sizeof buffer)) > 0) {
    g_assert_cmpint (SSL_new_session_ticket (ssl), ==, 1);
    if (SSL_write (ssl, buffer, n) != n)
      break;
  }
  SSL_shutdown (ssl);
  SSL_free (ssl);
}

/* After so many answers nobody waits for one any more, and NSS keeps none that nobody would find. */
static void
serve_late_ticket (CardeaTestServer *server, int fd)
{
  SSL *ssl = cardea_test_server_accept (server, fd);
  char buffer[64];
  int n;

  if (ssl == NULL)
    return;
  for (guint i = 0; (n = SSL_read (ssl, buffer, sizeof buffer)) > 0; i++) {
    if (i >= 20)
      g_assert_cmpint (SSL_new_session_ticket (ssl), ==, 1);
    SSL_write (ssl, buffer, n);
  }
  SSL_shutdown (ssl);
  SSL_free (ssl);
}

static void
test_late_ticket (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", serve_late_ticket, 1);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer, .resumable = TRUE };
  g_autoptr (CardeaResumption) first = NULL;
  g_autoptr (CardeaResumption) second = NULL;
  gboolean offered = TRUE;

  SSL_CTX_set_num_tickets (cardea_test_server_get_context (server), 0);
  SSL_CTX_set_client_hello_cb (cardea_test_server_get_context (server), check_hello, &offered);
  {
    g_auto (Run) run = { 0 };

    run_to_end (&run, fixture, server, &plan);
    for (guint i = 0; i < 24; i++)
      talk (&run);
    first = cardea_resumption_ref (run.info->resumption);
  }
  g_assert_false (cardea_resumption_is_ready (first));
  second = connect_once (fixture, cardea_test_server_get_port (server), "client", first, FALSE);
  g_assert_false (offered);
}

/* Used by another while its connection goes on and gets more of them: those are kept nowhere, and NSS holds
 * on to nothing. */
static void
test_used_while_open (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", serve_tickets, 1);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer, .resumable = TRUE };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (CardeaResumption) next = NULL;

    talk (&run);
    g_assert_cmpint (cardea_resumption_is_ready (run.info->resumption), ==, i == 0);
    next =
        connect_once (fixture, cardea_test_server_get_port (server), "client", run.info->resumption, i == 0);
    g_assert_true (cardea_resumption_is_ready (next));
  }
}

/* The keys of its tickets are others now: the handshake goes on as if nothing had been offered. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaTestServer) restarted = new_server (fixture, "server", cardea_test_serve_echo, 2);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  g_autoptr (CardeaResumption) second = connect_to_server (fixture, restarted, first, FALSE);
  g_autoptr (CardeaResumption) third = connect_to_server (fixture, restarted, second, TRUE);

  g_assert_cmpint (second->begun, >=, first->begun);
  g_assert_true (cardea_resumption_is_ready (third));
}

/* Who refuses shows a certificate, and that one is looked at like any. */
static void
test_refused_by_another (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .signer = &signer, .resumable = TRUE, .earlier = first };
  g_auto (Run) run = { 0 };

  cardea_test_pki_make (
      fixture->pki,
      &(CardeaTestIdentity){ .name = "impostor", .role = CARDEA_TEST_SERVER, .alt_names = "DNS:localhost" });
  g_autoptr (CardeaTestServer) impostor = new_server (fixture, "impostor", cardea_test_serve_echo, 2);
  run_to_end (&run, fixture, impostor, &plan);
  run_assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", "self_signed");
  g_assert_cmpint (signer.calls, ==, 0);
  g_assert_cmpuint (run.verified, ==, 0);
}

/* What the server showed holds no more (here it is another chain): the ticket is dropped, unseen by anybody.
 */
static void
check_not_offered (Fixture *fixture, const char *shown)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (CardeaResumption) second = NULL;

  g_ptr_array_add (chain, g_bytes_ref (cardea_test_pki_get_der (fixture->pki, shown)));
  g_ptr_array_unref (first->chain);
  first->chain = g_steal_pointer (&chain);
  second = connect_to_server (fixture, server, first, FALSE);
  g_assert_false (cardea_resumption_is_ready (first));
}

static void
test_expired_since (Fixture *fixture, gconstpointer data)
{
  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){ .name = "expired",
                                                             .role = CARDEA_TEST_SERVER,
                                                             .issuer = "ca",
                                                             .alt_names = "DNS:localhost",
                                                             .valid_from = -7200,
                                                             .valid_until = -1 });
  check_not_offered (fixture, "expired");
}

static void
test_distrusted_since (Fixture *fixture, gconstpointer data)
{
  cardea_test_pki_make (
      fixture->pki,
      &(CardeaTestIdentity){ .name = "foreign", .role = CARDEA_TEST_SERVER, .alt_names = "DNS:localhost" });
  check_not_offered (fixture, "foreign");
}

/* A rule that wants proof that the server was not revoked is not content with what was proven once. */
static void
test_hard_revocation (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  g_autoptr (GPtrArray) demands = cardea_demands_new ();
  CardeaDemand *demand = cardea_demand_new ("careful", "here");
  Plan plan = { .resumable = TRUE, .earlier = first, .demands = demands };
  g_auto (Run) run = { 0 };

  demand->hard_revocation = TRUE;
  g_ptr_array_add (demands, demand);
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", "revocation_unknown");
  g_assert_false (cardea_resumption_is_ready (first));
}

/* The name is another, and the server would have taken the ticket. */
static void
test_other_name (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  Plan plan = { .server_name = "other.example", .resumable = TRUE, .earlier = first };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", "wrong_name");
}

/* Addresses are nothing that NSS would know a session by. */
static void
test_address (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  Signer signer = { 0 };
  Plan plan = { .server_name = "127.0.0.1",
                .certificate = "client",
                .issuer = "issuing",
                .signer = &signer,
                .resumable = TRUE };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  talk (&run);
  g_assert_null (run.info->resumption);
}

/* Where TLS 1.2 may be spoken nothing is kept, of either version. */
static void
test_tls12 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client",
                .issuer = "issuing",
                .signer = &signer,
                .resumable = TRUE,
                .tls12 = CARDEA_TLS12_ALLOWED };

  for (guint i = 0; i < 4; i++) {
    g_auto (Run) run = { 0 };

    if (i == 2)
      SSL_CTX_set_max_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
    SSL_CTX_set_min_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
    run_to_end (&run, fixture, server, &plan);
    talk (&run);
    g_assert_cmpstr (run.info->tls_version, ==, i < 2 ? "TLS 1.3" : "TLS 1.2");
    g_assert_null (run.info->resumption);
    g_assert_false (run.info->resumed);
    g_assert_cmpint (signer.calls, ==, (int)i + 1);
  }
}

/* Not asked for, as by who knows nothing of it: the server has no reason to send one. */
static void
test_not_resumable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = connect_to_server (fixture, server, NULL, FALSE);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer, .earlier = first };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  talk (&run);
  g_assert_null (run.info->resumption);
  g_assert_false (run.info->resumed);
  g_assert_true (cardea_resumption_is_ready (first));
}

/* A server that never sends one. */
static void
test_no_ticket (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_server (fixture, "server", cardea_test_serve_echo, 1);
  g_autoptr (CardeaResumption) first = NULL;

  SSL_CTX_set_num_tickets (cardea_test_server_get_context (server), 0);
  first = connect_to_server (fixture, server, NULL, FALSE);
  g_assert_nonnull (first);
  g_assert_false (cardea_resumption_is_ready (first));
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/resumption/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("second", test_second);
  ADD ("offer", test_offer);
  ADD ("lifetime", test_lifetime);
  ADD ("chain", test_chain);
  ADD ("once", test_once);
  ADD ("dropped", test_dropped);
  ADD ("dropped-open", test_dropped_open);
  ADD ("late-ticket", test_late_ticket);
  ADD ("used-while-open", test_used_while_open);
  ADD ("refused", test_refused);
  ADD ("refused-by-another", test_refused_by_another);
  ADD ("expired-since", test_expired_since);
  ADD ("distrusted-since", test_distrusted_since);
  ADD ("hard-revocation", test_hard_revocation);
  ADD ("other-name", test_other_name);
  ADD ("address", test_address);
  ADD ("tls12", test_tls12);
  ADD ("not-resumable", test_not_resumable);
  ADD ("no-ticket", test_no_ticket);
  return g_test_run ();
}
