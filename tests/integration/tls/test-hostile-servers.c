/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers that are not who they should be, or no servers at all: nobody is asked for a certificate by them.
 */

#include "tests/integration/tls/client.h"

#include "socket-api/limits.h"

#include <signal.h>
#include <string.h>

static void
check_untrusted (Fixture *fixture, const CardeaTestIdentity *identity, const char *reason)
{
  cardea_test_pki_make (fixture->pki, identity);
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, identity->name, cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", FALSE);
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", reason);
  g_assert_cmpuint (json_array_size (json_object_get (cardea_error_get_parameters (run.error), "peer_chain")),
                    ==, 1);
  g_assert_cmpuint (run.asked, ==, 0);
  g_assert_cmpuint (run.verified, ==, 0);
  g_autofree char *report = cardea_test_server_wait (server);
  g_assert_true (g_str_has_prefix (report, "failed: "));
}

static void
test_expired (Fixture *fixture, gconstpointer data)
{
  check_untrusted (fixture,
                   &(CardeaTestIdentity){ .name = "late",
                                          .role = CARDEA_TEST_SERVER,
                                          .issuer = "ca",
                                          .alt_names = "DNS:localhost",
                                          .valid_from = -7200,
                                          .valid_until = -3600 },
                   "expired");
}

static void
test_not_yet_valid (Fixture *fixture, gconstpointer data)
{
  check_untrusted (fixture,
                   &(CardeaTestIdentity){ .name = "early",
                                          .role = CARDEA_TEST_SERVER,
                                          .issuer = "ca",
                                          .alt_names = "DNS:localhost",
                                          .valid_from = 3600,
                                          .valid_until = 7200 },
                   "not_yet_valid");
}

static void
test_wrong_name (Fixture *fixture, gconstpointer data)
{
  check_untrusted (
      fixture,
      &(CardeaTestIdentity){
          .name = "elsewhere", .role = CARDEA_TEST_SERVER, .issuer = "ca", .alt_names = "DNS:example.org" },
      "wrong_name");
}

static void
test_self_signed (Fixture *fixture, gconstpointer data)
{
  check_untrusted (
      fixture,
      &(CardeaTestIdentity){ .name = "alone", .role = CARDEA_TEST_SERVER, .alt_names = "DNS:localhost" },
      "self_signed");
}

static void
check_no_tls (Fixture *fixture, CardeaTestServe serve, const Plan *plan, CardeaErrorCode code,
              const char *parameter, const char *value)
{
  g_autoptr (CardeaTestServer) server = cardea_test_server_new (fixture->pki, "server", serve);
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", FALSE);
  run_to_end (&run, fixture, server, plan);
  run_assert_failed (&run, code, parameter, value);
  g_assert_cmpuint (run.asked, ==, 0);
  run_clear (&run);
}

static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  check_no_tls (
      fixture, cardea_test_serve_garbage, &(Plan){ 0 }, CARDEA_ERROR_HANDSHAKE_FAILED, "message",
      "The server does not speak TLS on this port, or not yet. Check the port, and whether TLS begins "
      "with STARTTLS.");
}

static void
test_reset (Fixture *fixture, gconstpointer data)
{
  check_no_tls (fixture, cardea_test_serve_reset, &(Plan){ 0 }, CARDEA_ERROR_HANDSHAKE_FAILED, "message",
                "The server reset the connection during the handshake.");
}

static void
test_stall_at_once (Fixture *fixture, gconstpointer data)
{
  check_no_tls (fixture, cardea_test_serve_nothing, &(Plan){ .timeout_ms = 300 }, CARDEA_ERROR_TIMED_OUT,
                "what", "handshake");
}

static void
test_stall_in_flight (Fixture *fixture, gconstpointer data)
{
  check_no_tls (fixture, cardea_test_serve_half_flight, &(Plan){ .timeout_ms = 300 }, CARDEA_ERROR_TIMED_OUT,
                "what", "handshake");
}

/* Its certificate has come, but not the proof that it is the server's: nobody is asked. */
static void
test_stall_before_proof (Fixture *fixture, gconstpointer data)
{
  check_no_tls (fixture, cardea_test_serve_no_finished, &(Plan){ .timeout_ms = 300 }, CARDEA_ERROR_TIMED_OUT,
                "what", "handshake");
}

static void
test_old_server (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };

  SSL_CTX_set_min_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version (cardea_test_server_get_context (server), TLS1_2_VERSION);
  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "protocol_version");
  g_assert_nonnull (strstr (run.error->message, "does not speak TLS 1.3"));
}

/* The leaf and @more certificates. */
static void
check_chain_length (Fixture *fixture, guint more, gboolean accepted)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };
  X509 *ca = cardea_test_pki_get_certificate (fixture->pki, "issuing");

  for (guint i = 0; i < more; i++)
    SSL_CTX_add1_chain_cert (cardea_test_server_get_context (server), ca);
  run_to_end (&run, fixture, server, &plan);
  if (accepted)
    g_assert_no_error (run.error);
  else
    run_assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", "too_large");
}

static void
test_longest_chain (Fixture *fixture, gconstpointer data)
{
  check_chain_length (fixture, CARDEA_LIMIT_CHAIN_CERTIFICATES - 1, TRUE);
}

static void
test_too_long_chain (Fixture *fixture, gconstpointer data)
{
  check_chain_length (fixture, CARDEA_LIMIT_CHAIN_CERTIFICATES, FALSE);
}

/* A certificate that claims another's issuer and serial number, on a connection that stays open, must not
 * stand in the other's way. */
static void
test_same_serial (Fixture *fixture, gconstpointer data)
{
  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){ .name = "one",
                                                             .role = CARDEA_TEST_SERVER,
                                                             .issuer = "ca",
                                                             .alt_names = "DNS:localhost",
                                                             .serial = 77 });
  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){ .name = "two",
                                                             .role = CARDEA_TEST_SERVER,
                                                             .issuer = "ca",
                                                             .alt_names = "DNS:localhost",
                                                             .serial = 77 });
  g_autoptr (CardeaTestServer) first = cardea_test_server_new (fixture->pki, "one", cardea_test_serve_echo);
  g_autoptr (CardeaTestServer) second = cardea_test_server_new (fixture->pki, "two", cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) one = { 0 };
  g_auto (Run) two = { 0 };
  g_auto (Run) three = { 0 };

  run_to_end (&one, fixture, first, &plan);
  g_assert_no_error (one.error);
  run_to_end (&two, fixture, second, &plan);
  g_assert_error (two.error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (two.error->message, "serial number of a different certificate"));
  run_clear (&one);
  run_clear (&two);
  run_to_end (&three, fixture, second, &plan);
  g_assert_no_error (three.error);
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/hostile-servers/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("expired", test_expired);
  ADD ("not-yet-valid", test_not_yet_valid);
  ADD ("wrong-name", test_wrong_name);
  ADD ("self-signed", test_self_signed);
  ADD ("garbage", test_garbage);
  ADD ("reset", test_reset);
  ADD ("stall-at-once", test_stall_at_once);
  ADD ("stall-in-flight", test_stall_in_flight);
  ADD ("stall-before-proof", test_stall_before_proof);
  ADD ("old-server", test_old_server);
  ADD ("longest-chain", test_longest_chain);
  ADD ("too-long-chain", test_too_long_chain);
  ADD ("same-serial", test_same_serial);
  return g_test_run ();
}
