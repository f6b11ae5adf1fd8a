/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The seam between streams and tokens: what happens to a token is no stream's business. One token is
 * SoftHSM's, the other the mock module's, whose behaviour these tests choose. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/seam.h"

#include <string.h>
#include <unistd.h>

#define ROUNDS 200

static void
wait_ms (guint ms)
{
  g_autoptr (GTimer) timer = g_timer_new ();

  while (g_timer_elapsed (timer, NULL) * 1000 < ms)
    g_poll (NULL, 0, 20);
}

/* Reload kills the host, and with it every login: NSS, asking its token about once a second, must not notice.
 */
static void
test_stream_survives_logout (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  int fd = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

  cardea_seam_echo (fd);
  g_assert_cmpint (
      cardea_lab_cardea (cardea_seam_get_lab (seam), (const char *[]){ "reload", NULL }, NULL, NULL, NULL),
      ==, 0);
  for (guint i = 0; i < 6; i++) {
    wait_ms (500);
    cardea_seam_echo (fd);
  }
  close (fd);
}

typedef struct
{
  CardeaSeam *seam;
  int fd;
  GError *error;
  gint done;
} Connecting;

static gpointer
connect_in_thread (gpointer data)
{
  Connecting *self = data;

  self->fd = cardea_seam_connect (self->seam, CARDEA_SEAM_MOCK, &self->error);
  g_atomic_int_set (&self->done, TRUE);
  return NULL;
}

/* The mock's signature takes until the stream on the other token has been used often: were it to wait for it,
 * the test would not end. */
static void
test_slow_signature_delays_no_stream (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  Connecting connecting = { .seam = seam };
  GThread *thread;
  int fd = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

  cardea_seam_behave (seam, "C_Sign=delay:4000");
  thread = g_thread_new ("connect", connect_in_thread, &connecting);
  while (cardea_seam_count_calls (seam, "C_SignInit CKR_OK") == 0) {
    cardea_seam_echo (fd);
    g_assert_false (g_atomic_int_get (&connecting.done));
  }
  for (guint i = 0; i < ROUNDS; i++)
    cardea_seam_echo (fd);
  g_assert_false (g_atomic_int_get (&connecting.done));
  g_thread_join (thread);
  g_assert_no_error (connecting.error);
  cardea_seam_echo (connecting.fd);
  close (connecting.fd);
  close (fd);
}

static GError *
mock_error (CardeaSeam *seam)
{
  GError *error = NULL;

  g_assert_cmpint (cardea_seam_connect (seam, CARDEA_SEAM_MOCK, &error), ==, -1);
  g_test_message ("%s", error->message);
  return error;
}

static const char *
socket_of (CardeaSeam *seam)
{
  return cardea_lab_get_socket (cardea_seam_get_lab (seam));
}

static CardeaClient *
client_of (CardeaSeam *seam)
{
  g_autoptr (GError) error = NULL;
  CardeaClient *client = cardea_client_new (socket_of (seam), &error);

  g_assert_no_error (error);
  return client;
}

/* A person touches the key once for a connection, and not again while it lives. */
static void
test_one_signature_per_connection (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();

  for (guint i = 1; i <= 3; i++) {
    cardea_seam_assert_mock_works (seam);
    g_assert_cmpuint (cardea_seam_count_calls (seam, "C_Sign "), ==, i);
  }
}

/* The module crashes while it signs: that connection fails by name, the next one works. */
static void
test_crash_in_sign (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;

  cardea_seam_assert_mock_works (seam);
  cardea_seam_behave (seam, "C_Sign=crash");
  error = mock_error (seam);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  cardea_seam_behave (seam, "");
  cardea_seam_assert_mock_works (seam);
  agent_contract_check_error (socket_of (seam), error);
  g_assert_cmpint (
      cardea_lab_cardea (cardea_seam_get_lab (seam), (const char *[]){ "tokens", NULL }, NULL, &out, NULL),
      ==, 0);
  g_assert_nonnull (strstr (out, "Mock card"));
}

/* What the token says is a signature is looked at before it is sent: the server never sees a wrong one. */
static void
test_garbage_signature (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  static const char *const lies[] = { "C_Sign=garbage", "C_Sign=zero", "C_Sign=short", "C_Sign=empty",
                                      "C_Sign=lying-length" };

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autoptr (GError) error = NULL;

    cardea_seam_behave (seam, lies[i]);
    error = mock_error (seam);
    g_assert_true (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE) ||
                   g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED));
  }
  cardea_seam_behave (seam, "");
  cardea_seam_assert_mock_works (seam);
}

static void
test_device_removed (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (GError) error = NULL;

  cardea_seam_behave (seam, "C_Sign=CKR_DEVICE_REMOVED");
  error = mock_error (seam);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  cardea_seam_behave (seam, "");
  cardea_seam_assert_mock_works (seam);
  agent_contract_check_error (socket_of (seam), error);
}

/* A token that does not tell how many tries are left: a refused PIN reaches it once, whatever is started
 * again. */
static void
test_wrong_pin_is_tried_once (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autofree char *path = cardea_lab_path (cardea_seam_get_lab (seam), "pin");
  g_autofree char *right = NULL;
  g_autoptr (GError) again = NULL;

  g_assert_true (g_file_get_contents (path, &right, NULL, NULL));
  cardea_seam_set_token_lines (seam, "pin-state=fine\n");
  cardea_seam_behave (seam, "");
  cardea_lab_write (cardea_seam_get_lab (seam), "pin", "0000");
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GError) error = mock_error (seam);

    g_assert_true (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED) ||
                   g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE));
    agent_contract_check_error (socket_of (seam), error);
    g_assert_cmpuint (cardea_seam_count_calls (seam, "C_Login "), ==, 1);
  }
  g_subprocess_send_signal (cardea_seam_get_agent (seam), SIGKILL);
  g_assert_true (g_subprocess_wait (cardea_seam_get_agent (seam), NULL, NULL));
  cardea_seam_start_agent (seam);
  again = mock_error (seam);
  g_assert_cmpuint (cardea_seam_count_calls (seam, "C_Login "), ==, 1);

  cardea_lab_write (cardea_seam_get_lab (seam), "pin", right);
  cardea_seam_assert_mock_works (seam);
  g_assert_cmpuint (cardea_seam_count_calls (seam, "C_Login "), ==, 2);
}

/* The caller goes away while the token signs: nothing waits for it, nothing is left. */
static void
test_caller_gone_while_signing (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaClient) client = client_of (seam);
  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port",
                 (int)cardea_echo_server_get_port (cardea_seam_get_server (seam)), "options", "certificate",
                 cardea_seam_get_fingerprint (seam, CARDEA_SEAM_MOCK));
  g_autoptr (GError) error = NULL;
  int fd;

  cardea_seam_behave (seam, "C_Sign=delay:3000");
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, &error));
  for (;;) {
    gboolean continues;
    g_autoptr (json_t) reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, &error);

    g_assert_no_error (error);
    if (g_strcmp0 (json_string_value (json_object_get (reply, "step")), "signing") == 0)
      break;
  }
  g_clear_pointer (&client, cardea_client_free);
  cardea_lab_wait_for_log (cardea_seam_get_lab (seam), "agent", "ancelled");
  cardea_seam_behave (seam, "");
  fd = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);
  cardea_seam_echo (fd);
  close (fd);
  cardea_seam_assert_mock_works (seam);
}

/* A token that takes its time to be listed takes it from what the program allowed. */
static void
test_time_limit_covers_tokens (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaClient) reloading = client_of (seam);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:i}}", "host", "localhost", "port",
                                             (int)cardea_echo_server_get_port (cardea_seam_get_server (seam)),
                                             "options", "timeout_ms", 300);
  g_autoptr (GError) error = NULL;

  cardea_seam_behave (seam, "C_GetTokenInfo=delay:8000");
  g_assert_true (cardea_client_send_more (reloading, "org.cardea.agent.Reload", NULL, &error));
  cardea_lab_wait_for_log (cardea_seam_get_lab (seam), "agent", "read afresh");
  client = client_of (seam);
  g_assert_cmpint (cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, 5000, NULL, &error),
                   ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "what")), ==,
                   "token");
  agent_contract_check_error (socket_of (seam), error);
}

/* A connection that is not made yet when the agent is told to stop is not made any more: nobody would end it.
 */
static void
test_stopping_takes_no_more (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  Connecting connecting = { .seam = seam };
  GThread *thread;
  int fd = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

  cardea_seam_echo (fd);
  cardea_seam_behave (seam, "C_Sign=delay:1500");
  thread = g_thread_new ("connect", connect_in_thread, &connecting);
  while (cardea_seam_count_calls (seam, "C_SignInit CKR_OK") == 0)
    g_assert_false (g_atomic_int_get (&connecting.done));
  g_subprocess_send_signal (cardea_seam_get_agent (seam), SIGTERM);
  g_thread_join (thread);
  g_assert_cmpint (connecting.fd, ==, -1);
  g_assert_error (connecting.error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpstr (
      json_string_value (json_object_get (cardea_error_get_parameters (connecting.error), "what")), ==,
      "stopping");
  g_error_free (connecting.error);
  close (fd);
  g_assert_true (g_subprocess_wait_check (cardea_seam_get_agent (seam), NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-seam/stream-survives-logout", test_stream_survives_logout);
  g_test_add_func ("/agent-seam/slow-signature-delays-no-stream", test_slow_signature_delays_no_stream);
  g_test_add_func ("/agent-seam/one-signature-per-connection", test_one_signature_per_connection);
  g_test_add_func ("/agent-seam/crash-in-sign", test_crash_in_sign);
  g_test_add_func ("/agent-seam/garbage-signature", test_garbage_signature);
  g_test_add_func ("/agent-seam/device-removed", test_device_removed);
  g_test_add_func ("/agent-seam/wrong-pin-is-tried-once", test_wrong_pin_is_tried_once);
  g_test_add_func ("/agent-seam/caller-gone-while-signing", test_caller_gone_while_signing);
  g_test_add_func ("/agent-seam/time-limit-covers-tokens", test_time_limit_covers_tokens);
  g_test_add_func ("/agent-seam/stopping-takes-no-more", test_stopping_takes_no_more);
  return g_test_run ();
}
