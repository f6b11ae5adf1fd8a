/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handshakes with servers that want a certificate, and what people and tokens do meanwhile. */

#include "tests/integration/tls/client.h"

#include <signal.h>
#include <string.h>

static void
check_authenticated (Fixture *fixture, const char *name, const char *report)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = name, .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };
  char buffer[8];
  gsize done;

  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_cmpuint (run.asked, ==, 1);
  g_assert_true (run.verified_first);
  g_assert_true (run.usable);
  g_assert_cmpuint (run.authorities, ==, 1);
  g_assert_cmpstr (run.info->tls_version, ==, "TLS 1.3");
  g_assert_true (g_str_has_prefix (run.info->cipher_suite, "TLS_"));
  g_assert_null (run.info->alpn);
  g_assert_cmpuint (run.info->peer_chain->len, ==, 1);
  g_assert_cmpstr (run.info->vouched_by, ==, "config");
  g_assert_true (run.info->certificate_requested);
  g_assert_true (run.info->certificate_sent);
  g_assert_true (run.info->accepted); /* tickets */
  g_assert_false (run.info->resumed);
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, 1);
  server_assert_report (server, report);
  stream_write (run.stream, "ping");
  stream_expect (run.stream, "ping");
  /* Half-close: their close_notify answers ours. */
  g_assert_cmpint (stream_close_write (run.stream), ==, CARDEA_STREAM_OK);
  g_assert_cmpint (stream_read (run.stream, buffer, sizeof buffer, &done), ==, CARDEA_STREAM_END);
  server_assert_report (server, "closed");
  run_clear (&run);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 1);
}

/* The server's view: the leaf, and one certificate more. */
static void
test_rsa (Fixture *fixture, gconstpointer data)
{
  check_authenticated (fixture, "rsa-client", "rsa-client/1");
}

static void
test_p256 (Fixture *fixture, gconstpointer data)
{
  check_authenticated (fixture, "client", "client/1");
}

/* A cache of tickets or certificates would show in the second. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  check_authenticated (fixture, "client", "client/1");
  check_authenticated (fixture, "rsa-client", "rsa-client/1");
  check_authenticated (fixture, "client", "client/1");
}

static void
test_not_asked (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { .server_name = "127.0.0.1" };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_cmpuint (run.asked, ==, 0);
  g_assert_cmpuint (run.verified, ==, 1);
  g_assert_false (run.info->certificate_requested);
  g_assert_false (run.info->certificate_sent);
  g_assert_false (run.info->accepted);
  server_assert_report (server, "none/0");
}

static void
test_optional_declined (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { .in_callback = TRUE };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", FALSE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->certificate_requested);
  g_assert_false (run.info->certificate_sent);
  g_assert_true (run.info->accepted);
  server_assert_report (server, "none/0");
}

static void
test_required_declined (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "certificate_required");
}

/* The server knows another authority than ours. */
static void
test_rejected (Fixture *fixture, gconstpointer data)
{
  cardea_test_pki_make (fixture->pki,
                        &(CardeaTestIdentity){ .name = "other", .role = CARDEA_TEST_AUTHORITY });
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = "rsa-client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "other", TRUE);
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "unknown_ca");
}

/* Neither a ticket nor anything else: not known. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_silence);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  SSL_CTX_set_num_tickets (cardea_test_server_get_context (server), 0);
  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->certificate_sent);
  g_assert_false (run.info->accepted);
  server_assert_report (server, "client/1");
}

/* Data instead of tickets is a yes as well, and none of it is lost. */
static void
test_data_is_acceptance (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_close);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };
  char byte;
  gsize done;

  SSL_CTX_set_num_tickets (cardea_test_server_get_context (server), 0);
  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->accepted);
  /* Decrypted already: the descriptor will not tell. */
  g_assert_true (run.stream->klass->has_pending (run.stream));
  stream_expect (run.stream, "hello");
  g_assert_false (run.stream->klass->has_pending (run.stream));
  g_assert_cmpint (stream_read (run.stream, &byte, 1, &done), ==, CARDEA_STREAM_END);
}

/* A wrong signature stays here, and so does the certificate. */
static void
check_signature_fails (Fixture *fixture, const char *name, SignHow how, const char *words)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { .how = how };
  Plan plan = { .certificate = name, .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", FALSE);
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
  g_test_message ("%s", run.error->message);
  g_assert_nonnull (strstr (run.error->message, words));
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, 1);
  run_clear (&run);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 1);
  /* The server never finished a handshake, with or without a certificate. */
  g_autofree char *report = cardea_test_server_wait (server);
  g_assert_true (g_str_has_prefix (report, "failed: "));
}

static void
test_wrong_signature_rsa (Fixture *fixture, gconstpointer data)
{
  check_signature_fails (fixture, "rsa-client", SIGN_WRONG, "does not fit");
}

static void
test_wrong_signature_p256 (Fixture *fixture, gconstpointer data)
{
  check_signature_fails (fixture, "client", SIGN_WRONG, "does not fit");
}

static void
test_no_signature (Fixture *fixture, gconstpointer data)
{
  check_signature_fails (fixture, "rsa-client", SIGN_NOT, "no signature");
}

/* A person takes longer than the network may. */
static void
test_answer_takes_no_network_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = "rsa-client",
                .issuer = "issuing",
                .signer = &signer,
                .leave_open = TRUE,
                .timeout_ms = 1000 };
  g_auto (Run) run = { 0 };
  gint64 end;

  cardea_test_server_ask (server, "ca", TRUE);
  run_start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  end = g_get_monotonic_time () + 1500 * 1000;
  WAIT_POLLING (g_get_monotonic_time () > end);
  g_assert_false (run.done);
  run_answer (&run);
  WAIT_UNTIL (run.done);
  g_assert_no_error (run.error);
  g_assert_true (run.info->accepted);
}

static void
test_server_leaves_while_asking (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_hang_up);
  Plan plan = { .leave_open = TRUE };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  cardea_test_server_let_go (server);
  WAIT_UNTIL (run.done);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
  g_assert_nonnull (strstr (run.error->message, "being chosen"));
}

static void
test_abort_while_asking (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { .leave_open = TRUE };
  Signer signer = { 0 };
  Plan late = { .certificate = "rsa-client", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  cardea_handshake_abort (run.handshake, cardea_error_new (CARDEA_ERROR_DENIED, "The person said no."));
  WAIT_UNTIL (run.done);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  /* Later answers and aborts are dropped, and nothing of theirs stays. */
  run.plan = &late;
  run_answer (&run);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 1);
  cardea_handshake_abort (run.handshake, cardea_error_new (CARDEA_ERROR_DENIED, "Again."));
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
}

static gboolean
on_abort_due (gpointer data)
{
  Run *run = data;

  cardea_handshake_abort (run->handshake,
                          cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "The token was removed."));
  return G_SOURCE_REMOVE;
}

static gboolean
sign_nothing_and_tell_why (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature,
                           gsize *length)
{
  g_idle_add (on_abort_due, data);
  return FALSE;
}

/* The owner knows why there was no signature; its reason is the one reported. */
static void
test_owner_explains_failure (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { .leave_open = TRUE };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  g_autoptr (CardeaCertificate) certificate =
      cardea_certificate_new (cardea_test_pki_get_der (fixture->pki, "rsa-client"), NULL);
  cardea_handshake_answer (run.handshake,
                           &(CardeaSigner){ certificate, NULL, sign_nothing_and_tell_why, &run, NULL });
  WAIT_UNTIL (run.done);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
}

/* The result comes while the token still holds the worker; the rest goes when that one is back. */
static void
test_cancel_while_signing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { .held = TRUE };
  Plan plan = { .certificate = "rsa-client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_POLLING (g_atomic_int_get (&signer.calls) == 1);
  g_cancellable_cancel (run.cancellable);
  WAIT_UNTIL (run.done);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 0);
  run_clear (&run);
  signer_release (&signer);
  WAIT_POLLING (g_atomic_int_get (&signer.destroyed) == 1);
}

static void
test_server_leaves_while_signing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_hang_up);
  Signer signer = { .held = TRUE };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_POLLING (g_atomic_int_get (&signer.calls) == 1);
  cardea_test_server_let_go (server);
  WAIT_UNTIL (run.done);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
  g_assert_nonnull (strstr (run.error->message, "used to sign"));
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 0);
  run_clear (&run);
  signer_release (&signer);
  WAIT_POLLING (g_atomic_int_get (&signer.destroyed) == 1);
}

enum
{
  MANY = 32,
};

/* All are inside their signatures at once: a barrier that only the last one opens. */
static void
test_concurrent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_silence);
  Signer signer = { .wanted_inside = MANY };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
  Run runs[MANY] = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  for (guint i = 0; i < MANY; i++)
    run_start (&runs[i], fixture, cardea_test_server_get_port (server), &plan);
  for (guint i = 0; i < MANY; i++) {
    WAIT_UNTIL (runs[i].done);
    g_assert_no_error (runs[i].error);
    server_assert_report (server, "client/1"); /* its verdict may come later than the agent waits for it */
  }
  g_assert_cmpuint (signer.inside, ==, MANY);
  for (guint i = 0; i < MANY; i++)
    run_clear (&runs[i]);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, MANY);
}

/* The server's share of the key exchange is another one: a second hello. */
static void
test_retry (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  g_assert_cmpint (SSL_CTX_set1_groups_list (cardea_test_server_get_context (server), "P-384"), ==, 1);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->accepted);
  server_assert_report (server, "client/1");
}

/* Which certificates can answer is known before one is chosen; NSS would send an empty one in its place, and
 * that is an error. */
static void
check_scheme (Fixture *fixture, const char *name, gboolean usable)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = name, .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", FALSE);
  g_assert_cmpint (
      SSL_CTX_set1_client_sigalgs_list (cardea_test_server_get_context (server), "ecdsa_secp256r1_sha256"),
      ==, 1);
  run_to_end (&run, fixture, server, &plan);
  g_assert_cmpint (run.usable, ==, usable);
  if (usable)
    g_assert_no_error (run.error);
  else
    run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, usable ? 1 : 0);
}

static void
test_scheme_accepted (Fixture *fixture, gconstpointer data)
{
  check_scheme (fixture, "client", TRUE);
}

static void
test_scheme_not_accepted (Fixture *fixture, gconstpointer data)
{
  check_scheme (fixture, "rsa-client", FALSE);
}

enum
{
  MANY_AUTHORITIES = 500,
};

static void
test_many_authorities (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };
  X509 *ca = cardea_test_pki_get_certificate (fixture->pki, "ca");

  cardea_test_server_ask (server, "ca", TRUE);
  for (guint i = 0; i < MANY_AUTHORITIES; i++)
    SSL_CTX_add_client_CA (cardea_test_server_get_context (server), ca);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_cmpuint (run.authorities, ==, MANY_AUTHORITIES + 1);
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/handshake/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("rsa", test_rsa);
  ADD ("p256", test_p256);
  ADD ("again", test_again);
  ADD ("not-asked", test_not_asked);
  ADD ("optional-declined", test_optional_declined);
  ADD ("required-declined", test_required_declined);
  ADD ("rejected", test_rejected);
  ADD ("silent", test_silent);
  ADD ("data-is-acceptance", test_data_is_acceptance);
  ADD ("wrong-signature-rsa", test_wrong_signature_rsa);
  ADD ("wrong-signature-p256", test_wrong_signature_p256);
  ADD ("no-signature", test_no_signature);
  ADD ("answer-takes-no-network-time", test_answer_takes_no_network_time);
  ADD ("server-leaves-while-asking", test_server_leaves_while_asking);
  ADD ("abort-while-asking", test_abort_while_asking);
  ADD ("owner-explains-failure", test_owner_explains_failure);
  ADD ("cancel-while-signing", test_cancel_while_signing);
  ADD ("server-leaves-while-signing", test_server_leaves_while_signing);
  ADD ("concurrent", test_concurrent);
  ADD ("retry", test_retry);
  ADD ("scheme-accepted", test_scheme_accepted);
  ADD ("scheme-not-accepted", test_scheme_not_accepted);
  ADD ("many-authorities", test_many_authorities);
  return g_test_run ();
}
