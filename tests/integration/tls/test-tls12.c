/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* TLS 1.2 where it is allowed: nobody is asked before the server has proven its key there either, and what
 * made that version weak is refused. */

#include "tests/integration/tls/client.h"

#include <openssl/err.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* No certificate. */
static const Plan anonymous = { .tls12 = CARDEA_TLS12_ALLOWED };

/* A worker that the end did not wait for may still have it. */
static void
end_with_signer (Run *run, Signer *signer)
{
  run_clear (run);
  WAIT_POLLING (g_atomic_int_get (&signer->destroyed) == 1);
}

/* A server that speaks nothing newer, and asks for a certificate if that is named. */
static CardeaTestServer *
new_old_server (Fixture *fixture, CardeaTestServe serve, const char *authority)
{
  CardeaTestServer *server = cardea_test_server_new (fixture->pki, "server", serve);
  SSL_CTX *context = cardea_test_server_get_context (server);

  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version (context, TLS1_2_VERSION);
  if (authority != NULL)
    cardea_test_server_ask (server, authority, TRUE);
  return server;
}

static void
check_talk (Fixture *fixture, CardeaTestServer *server, const char *certificate, const char *report,
            CardeaFrontMechanism mechanism)
{
  Signer signer = { 0 };
  Plan plan = {
    .certificate = certificate, .issuer = "issuing", .signer = &signer, .tls12 = CARDEA_TLS12_ALLOWED
  };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.verified_first);
  g_assert_true (run.usable);
  g_assert_cmpuint (run.asked, ==, 1);
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, 1);
  g_assert_cmpint (signer.mechanism, ==, mechanism);
  g_assert_cmpstr (run.info->tls_version, ==, "TLS 1.2");
  g_assert_cmpstr (run.info->vouched_by, ==, "config");
  g_assert_true (run.info->certificate_sent);
  g_assert_true (run.info->accepted);
  g_assert_false (run.info->resumed);
  server_assert_report (server, report);
  stream_write (run.stream, "hello");
  stream_expect (run.stream, "hello");
  g_assert_cmpint (stream_close_write (run.stream), ==, CARDEA_STREAM_OK);
  server_assert_report (server, "closed");
}

static void
test_rsa (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");

  check_talk (fixture, server, "rsa-client", "rsa-client/1", CARDEA_FRONT_RSA_PSS);
}

static void
test_p256 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");

  check_talk (fixture, server, "client", "client/1", CARDEA_FRONT_ECDSA);
}

/* Servers of before RSA-PSS. */
static void
test_rsa_pkcs1 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");

  SSL_CTX_set1_client_sigalgs_list (cardea_test_server_get_context (server), "RSA+SHA256:RSA+SHA1");
  check_talk (fixture, server, "rsa-client", "rsa-client/1", CARDEA_FRONT_RSA_PKCS1);
}

/* What the token cannot do is not asked of it, whatever the server would rather have. */
static void
check_schemes (Fixture *fixture, const char *server_takes, CardeaRsaSchemes token_makes,
               CardeaFrontMechanism mechanism, gboolean usable)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  Signer signer = { 0 };
  Plan plan = { .certificate = "rsa-client",
                .issuer = "issuing",
                .signer = &signer,
                .tls12 = CARDEA_TLS12_ALLOWED,
                .rsa_schemes = token_makes };
  g_auto (Run) run = { 0 };

  SSL_CTX_set1_client_sigalgs_list (cardea_test_server_get_context (server), server_takes);
  run_to_end (&run, fixture, server, &plan);
  g_assert_cmpint (run.usable, ==, usable);
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, usable ? 1 : 0);
  g_assert_cmpint (run.error == NULL, ==, usable);
  if (usable)
    g_assert_cmpint (signer.mechanism, ==, mechanism);
  end_with_signer (&run, &signer);
}

static void
test_rsa_schemes (Fixture *fixture, gconstpointer data)
{
  static const char both[] = "RSA-PSS+SHA256:RSA+SHA256";

  check_schemes (fixture, both, CARDEA_RSA_PSS, CARDEA_FRONT_RSA_PSS, TRUE);
  check_schemes (fixture, both, CARDEA_RSA_PKCS1, CARDEA_FRONT_RSA_PKCS1, TRUE);
  check_schemes (fixture, "RSA-PSS+SHA256", CARDEA_RSA_PKCS1, CARDEA_FRONT_RSA_PSS, FALSE);
  check_schemes (fixture, "RSA+SHA256", CARDEA_RSA_PSS, CARDEA_FRONT_RSA_PSS, FALSE);
}

/* TLS 1.3 takes RSA-PSS alone. */
static void
test_newer_wants_pss (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = "rsa-client",
                .signer = &signer,
                .tls12 = CARDEA_TLS12_ALLOWED,
                .rsa_schemes = CARDEA_RSA_PKCS1 };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_false (run.usable);
  end_with_signer (&run, &signer);
}

/* A server that takes SHA-1 alone asks in vain: that ends it before anybody hears of it. */
static void
test_sha1_only (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  SSL_CTX *context = cardea_test_server_get_context (server);
  g_auto (Run) run = { 0 };

  SSL_CTX_set_security_level (context, 0);
  SSL_CTX_set1_client_sigalgs_list (context, "RSA+SHA1");
  run_to_end (&run, fixture, server, &anonymous);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_cmpuint (run.asked, ==, 0);
}

static void
test_not_asked (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, NULL);
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &anonymous);
  g_assert_no_error (run.error);
  g_assert_cmpuint (run.asked, ==, 0);
  g_assert_cmpuint (run.verified, ==, 1);
  g_assert_false (run.info->certificate_requested);
  g_assert_false (run.info->accepted);
}

/* What both speak is what is spoken, also where less is allowed. */
static void
test_newer_is_preferred (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  g_auto (Run) run = { 0 };

  SSL_CTX_set_min_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  run_to_end (&run, fixture, server, &anonymous);
  g_assert_no_error (run.error);
  g_assert_cmpstr (run.info->tls_version, ==, "TLS 1.3");
}

/* The verdict comes before the server's Finished. */
static void
test_rejected (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = NULL;
  Signer signer = { 0 };
  Plan plan = {
    .certificate = "rsa-client", .issuer = "issuing", .signer = &signer, .tls12 = CARDEA_TLS12_ALLOWED
  };
  g_auto (Run) run = { 0 };

  cardea_test_pki_make (fixture->pki,
                        &(CardeaTestIdentity){ .name = "other", .role = CARDEA_TEST_AUTHORITY });
  server = new_old_server (fixture, cardea_test_serve_echo, "other");
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "unknown_ca");
}

static void
test_declined (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &anonymous);
  run_assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "handshake_failure");
  g_assert_nonnull (strstr (run.error->message, "without a certificate"));
}

static void
check_too_old (Fixture *fixture, int version, CardeaTls12 tls12, const char *says)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  Plan plan = { .tls12 = tls12 };
  g_auto (Run) run = { 0 };

  SSL_CTX_set_security_level (cardea_test_server_get_context (server), 0);
  SSL_CTX_set_min_proto_version (cardea_test_server_get_context (server), TLS1_VERSION);
  SSL_CTX_set_max_proto_version (cardea_test_server_get_context (server), version);

  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "protocol_version");
  g_assert_nonnull (strstr (run.error->message, says));
  g_assert_cmpuint (run.asked, ==, 0);
}

/* It takes the program and a rule; what is missing is said. */
static void
test_not_allowed (Fixture *fixture, gconstpointer data)
{
  check_too_old (fixture, TLS1_2_VERSION, CARDEA_TLS12_NOT_WANTED, "the oldest version accepted here");
  check_too_old (fixture, TLS1_2_VERSION, CARDEA_TLS12_NOT_PERMITTED, "rule with \"tls12=true\"");
  check_too_old (fixture, TLS1_2_VERSION, CARDEA_TLS12_NOT_ASKED_FOR, "--tls12");
  check_too_old (fixture, TLS1_1_VERSION, CARDEA_TLS12_ALLOWED, "neither TLS 1.3 nor TLS 1.2");
}

static void
check_suite_refused (Fixture *fixture, const char *suite)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  g_auto (Run) run = { 0 };

  SSL_CTX_set_security_level (cardea_test_server_get_context (server), 0);
  g_assert_cmpint (SSL_CTX_set_cipher_list (cardea_test_server_get_context (server), suite), ==, 1);
  SSL_CTX_set_dh_auto (cardea_test_server_get_context (server), 1);
  run_to_end (&run, fixture, server, &anonymous);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "handshake_failure");
  g_assert_cmpuint (run.asked, ==, 0);
}

/* CBC, no authenticated encryption; the same with the newer hash. The server's key is P-256. */
static void
test_cbc_only (Fixture *fixture, gconstpointer data)
{
  check_suite_refused (fixture, "ECDHE-ECDSA-AES128-SHA");
  check_suite_refused (fixture, "ECDHE-ECDSA-AES256-SHA384");
}

/* Neither without forward secrecy, nor with a group of the server's making. */
static void
test_other_exchanges (Fixture *fixture, gconstpointer data)
{
  static const char *const suites[] = { "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256" };

  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){ .name = "rsa-server",
                                                             .role = CARDEA_TEST_SERVER,
                                                             .issuer = "ca",
                                                             .alt_names = "DNS:localhost",
                                                             .rsa = TRUE });
  for (gsize i = 0; i < G_N_ELEMENTS (suites); i++) {
    g_autoptr (CardeaTestServer) server =
        cardea_test_server_new (fixture->pki, "rsa-server", cardea_test_serve_echo);
    SSL_CTX *context = cardea_test_server_get_context (server);
    g_auto (Run) run = { 0 };

    SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version (context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list (context, suites[i]);
    SSL_CTX_set_dh_auto (context, 1);
    run_to_end (&run, fixture, server, &anonymous);
    run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "handshake_failure");
    g_assert_cmpuint (run.asked, ==, 0);
  }
}

/* Before anybody is asked. */
static void
test_no_extended_master_secret (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  g_auto (Run) run = { 0 };

  SSL_CTX_set_options (cardea_test_server_get_context (server), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  run_to_end (&run, fixture, server, &anonymous);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (run.error->message, "RFC 7627"));
  g_assert_cmpuint (run.asked, ==, 0);
  g_assert_cmpuint (run.verified, ==, 0);
}

/* In TLS 1.2 the request for a certificate is there before the server is verified. */
static void
test_untrusted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = NULL;
  Plan plan = { .tls12 = CARDEA_TLS12_ALLOWED, .server_name = "example.org" };
  g_auto (Run) run = { 0 };

  server = new_old_server (fixture, cardea_test_serve_echo, "ca");
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", "wrong_name");
  g_assert_cmpuint (run.asked, ==, 0);
  g_assert_cmpuint (run.verified, ==, 0);
}

/* Its last message has not come whole: it has asked, and nobody is asked yet. */
static void
test_stall (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_no_finished, "ca");
  Plan plan = { .tls12 = CARDEA_TLS12_ALLOWED, .timeout_ms = 300 };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_TIMED_OUT, "what", "handshake");
  g_assert_cmpuint (run.asked, ==, 0);
}

/* The last byte of the ServerKeyExchange, which is its signature's: each message has a record of its own, or
 * they follow each other in one. */
static gsize
spoil_key_exchange (guint8 *flight, gsize length)
{
  gsize at = 0, end;

  while (at + 5 <= length) {
    gsize record_end = at + 5 + (gsize)((flight[at + 3] << 8) | flight[at + 4]);

    for (at += 5; at + 4 <= record_end; at = end) {
      end = at + 4 + (gsize)((flight[at + 1] << 16) | (flight[at + 2] << 8) | flight[at + 3]);
      if (flight[at] == 12) {
        flight[end - 1] ^= 1;
        return length;
      }
    }
  }
  g_assert_not_reached ();
}

static void
serve_spoiled (CardeaTestServer *server, int fd)
{
  cardea_test_server_send_flight (server, fd, NULL, spoil_key_exchange);
  cardea_test_server_wait_for_close (fd);
}

/* A server that does not hold the key of the certificate it shows. */
static void
test_forged_key_exchange (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, serve_spoiled, "ca");
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &anonymous);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "decrypt_error");
  g_assert_cmpuint (run.asked, ==, 0);
  g_assert_cmpuint (run.verified, ==, 0);
}

/* Takes TLS 1.3 out of the hello, as somebody in between would. */
static gsize
hide_newer (guint8 *hello, gsize length)
{
  static const guint8 versions[] = { 0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03 };
  guint8 *at = memmem (hello, length, versions, sizeof versions);

  g_assert_nonnull (at);
  at[0] = 0x7a;
  at[1] = 0x7a;
  return length;
}

static void
serve_downgraded (CardeaTestServer *server, int fd)
{
  cardea_test_server_send_flight (server, fd, hide_newer, NULL);
  cardea_test_server_wait_for_close (fd);
}

/* The server knows TLS 1.3 and says so in its random bytes; one that does not is believed so far. */
static void
test_downgrade (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) newer = cardea_test_server_new (fixture->pki, "server", serve_downgraded);
  g_autoptr (CardeaTestServer) old = new_old_server (fixture, serve_downgraded, "ca");
  Plan plan = { .tls12 = CARDEA_TLS12_ALLOWED, .leave_open = TRUE };
  g_auto (Run) run = { 0 };
  g_auto (Run) believed = { 0 };

  SSL_CTX_set_min_proto_version (cardea_test_server_get_context (newer), TLS1_2_VERSION);
  cardea_test_server_ask (newer, "ca", TRUE);
  run_to_end (&run, fixture, newer, &plan);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "illegal_parameter");
  g_assert_cmpuint (run.asked, ==, 0);
  run_start (&believed, fixture, cardea_test_server_get_port (old), &plan);
  WAIT_UNTIL (believed.asked == 1);
  g_cancellable_cancel (believed.cancellable);
  WAIT_UNTIL (believed.done);
}

static void
serve_renegotiation (CardeaTestServer *server, int fd)
{
  SSL *ssl = cardea_test_server_accept (server, fd);

  if (ssl == NULL)
    return;
  g_assert_cmpint (SSL_write (ssl, "hello", 5), ==, 5);
  g_assert_cmpint (SSL_renegotiate (ssl), ==, 1);
  SSL_do_handshake (ssl);
  cardea_test_server_report (server, "asked again");
  cardea_test_server_wait_for_close (fd);
  SSL_free (ssl);
}

static CardeaStreamResult
read_byte (Run *run)
{
  char byte;
  gsize done;

  return stream_read (run->stream, &byte, 1, &done);
}

/* With a certificate, up to what comes after the server's "hello". */
static CardeaStreamResult
read_after_greeting (Run *run, Fixture *fixture, CardeaTestServer *server, Signer *signer)
{
  Plan plan = {
    .certificate = "client", .issuer = "issuing", .signer = signer, .tls12 = CARDEA_TLS12_ALLOWED
  };

  run_to_end (run, fixture, server, &plan);
  g_assert_no_error (run->error);
  stream_expect (run->stream, "hello");
  return read_byte (run);
}

static void
test_renegotiation (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, serve_renegotiation, "ca");
  Signer signer = { 0 };
  g_auto (Run) run = { 0 };

  g_assert_cmpint (read_after_greeting (&run, fixture, server, &signer), ==, CARDEA_STREAM_FAILED);
  g_assert_cmpstr (run.stream->klass->get_alert (run.stream), ==, "no_renegotiation");
  g_assert_nonnull (strstr (run.stream->klass->get_message (run.stream), "negotiate anew"));
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, 1);
  /* For good. */
  g_assert_cmpint (read_byte (&run), ==, CARDEA_STREAM_FAILED);
  run_clear (&run);
  server_assert_report (server, "asked again");
}

static int
warn_of_name (SSL *ssl, int *alert, void *data)
{
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_WARNING;
}

/* A warning ends nothing. */
static void
test_warning (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = new_old_server (fixture, cardea_test_serve_close, "ca");
  Signer signer = { 0 };
  g_auto (Run) run = { 0 };

  SSL_CTX_set_tlsext_servername_callback (cardea_test_server_get_context (server), warn_of_name);
  g_assert_cmpint (read_after_greeting (&run, fixture, server, &signer), ==, CARDEA_STREAM_END);
  g_assert_null (run.stream->klass->get_alert (run.stream));
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/tls12/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("rsa", test_rsa);
  ADD ("p256", test_p256);
  ADD ("rsa-pkcs1", test_rsa_pkcs1);
  ADD ("rsa-schemes", test_rsa_schemes);
  ADD ("newer-wants-pss", test_newer_wants_pss);
  ADD ("sha1-only", test_sha1_only);
  ADD ("not-asked", test_not_asked);
  ADD ("newer-is-preferred", test_newer_is_preferred);
  ADD ("rejected", test_rejected);
  ADD ("declined", test_declined);
  ADD ("not-allowed", test_not_allowed);
  ADD ("cbc-only", test_cbc_only);
  ADD ("other-exchanges", test_other_exchanges);
  ADD ("no-extended-master-secret", test_no_extended_master_secret);
  ADD ("untrusted", test_untrusted);
  ADD ("stall", test_stall);
  ADD ("forged-key-exchange", test_forged_key_exchange);
  ADD ("downgrade", test_downgrade);
  ADD ("renegotiation", test_renegotiation);
  ADD ("warning", test_warning);
  return g_test_run ();
}
