/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The seam between streams and tokens: what happens to a token is no stream's business. One token is
 * SoftHSM's, the other the mock module's, whose behaviour these tests choose. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/lab.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 200

typedef struct
{
  CardeaLab *lab;
  GSubprocess *agent;
  guint16 port;   /* for the mock's key; openssl's -rev serves one connection at a time, */
  guint16 second; /* so the other token has a server of its own */
  char *mock_fingerprint;
  const char *token_lines; /* of the mock's [token] group, besides the usual ones */
} Seam;

/* Replaces the mock's control file: @behaviour is lines of its [behaviour] group. */
static void
set_behaviour (Seam *seam, const char *behaviour)
{
  const char *folder = cardea_lab_get_folder (seam->lab);
  g_autofree char *text = g_strdup_printf (
      "[module]\nlog=%s/mock.calls\nstate=%s/mock-state\n[behaviour]\n%s\n"
      "[token card]\nlabel=Mock card\npin=31415926\n%s"
      "[object mine]\ntoken=card\ncertificate=%s/mock.pem\nkey=%s/mock.key\nid=07\n",
      folder, folder, behaviour, seam->token_lines != NULL ? seam->token_lines : "", folder, folder);

  cardea_lab_write (seam->lab, "mock.conf", text);
}

static void
make_mock_certificate (CardeaLab *lab)
{
  g_autofree char *script = g_strdup_printf (
      "cd %s && mkdir mock-state && openssl req -new -newkey rsa:2048 -nodes -keyout mock.key -subj "
      "'/CN=Mock client' "
      "-out mock.csr && printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > mock.ext && "
      "openssl x509 -req -in mock.csr -CA ca.pem -CAkey ca.key -days 2 -extfile mock.ext -out mock.pem",
      cardea_lab_get_folder (lab));

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
}

static void
start_agent (Seam *self)
{
  g_autofree char *module = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"),
                                              "tests/fixtures/mock-module/cardea-mock-module.so", NULL);
  g_autofree char *more = g_strdup_printf ("[pin mock]\ntoken=pkcs11:token=Mock%%20card\nfile=%s/pin\n",
                                           cardea_lab_get_folder (self->lab));

  self->agent = cardea_lab_agent (self->lab, (guint16[]){ self->port, self->second, 0 }, more,
                                  (const char *[]){ "--module", module, NULL });
}

static Seam *
seam_new (void)
{
  static const char *const rev[] = {
    "-Verify", "2", "-CAfile", "ca.pem", "-verify_return_error", "-rev", NULL
  };
  Seam *self = g_new0 (Seam, 1);
  g_autofree char *control = NULL;

  self->lab = cardea_lab_new ();
  make_mock_certificate (self->lab);
  self->mock_fingerprint = cardea_lab_fingerprint (self->lab, "mock.pem");
  control = cardea_lab_path (self->lab, "mock.conf");
  g_setenv ("CARDEA_MOCK_CONTROL", control, TRUE);
  set_behaviour (self, "");
  self->port = cardea_lab_openssl (self->lab, rev);
  self->second = cardea_lab_openssl (self->lab, rev);
  start_agent (self);
  return self;
}

static void
seam_free (Seam *self)
{
  cardea_lab_free (self->lab);
  g_free (self->mock_fingerprint);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Seam, seam_free)

static CardeaClient *
client_of (Seam *seam)
{
  g_autoptr (GError) error = NULL;
  CardeaClient *client = cardea_client_new (cardea_lab_get_socket (seam->lab), &error);

  g_assert_no_error (error);
  return client;
}

static int
connect_with (Seam *seam, guint16 port, const char *fingerprint, GError **error)
{
  g_autoptr (CardeaClient) client = client_of (seam);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port,
                                             "options", "certificate", fingerprint);
  int fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS, NULL,
                                  error);

  if (fd >= 0)
    g_assert_true (g_unix_set_fd_nonblocking (fd, FALSE, NULL));
  return fd;
}

static int
softhsm_stream (Seam *seam)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (seam->lab, "rsa.pem");
  g_autoptr (GError) error = NULL;
  int fd = connect_with (seam, seam->second, fingerprint, &error);

  g_assert_no_error (error);
  return fd;
}

static void
ping_pong (int fd)
{
  char buffer[8];

  g_assert_cmpint (send (fd, "1234567\n", 8, MSG_NOSIGNAL), ==, 8);
  g_assert_cmpint (recv (fd, buffer, 8, MSG_WAITALL), ==, 8);
  g_assert_cmpmem (buffer, 8, "7654321\n", 8);
}

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
  g_autoptr (Seam) seam = seam_new ();
  int fd = softhsm_stream (seam);

  ping_pong (fd);
  g_assert_cmpint (cardea_lab_cardea (seam->lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL), ==,
                   0);
  for (guint i = 0; i < 6; i++) {
    wait_ms (500);
    ping_pong (fd);
  }
  close (fd);
}

typedef struct
{
  Seam *seam;
  guint16 port;
  int fd;
  GError *error;
  gint done;
} Connecting;

static gpointer
connect_in_thread (gpointer data)
{
  Connecting *self = data;

  self->fd = connect_with (self->seam, self->port, self->seam->mock_fingerprint, &self->error);
  g_atomic_int_set (&self->done, TRUE);
  return NULL;
}

/* The mock's signature takes until the stream on the other token has been used often: were it to wait for it,
 * the test would not end. */
static void
test_slow_signature_delays_no_stream (void)
{
  g_autoptr (Seam) seam = seam_new ();
  Connecting connecting = { .seam = seam, .port = seam->port };
  GThread *thread;
  int fd;

  fd = softhsm_stream (seam);
  set_behaviour (seam, "C_Sign=delay:4000");
  thread = g_thread_new ("connect", connect_in_thread, &connecting);
  for (;;) {
    g_autofree char *calls = NULL;
    g_autofree char *path = cardea_lab_path (seam->lab, "mock.calls");

    ping_pong (fd);
    if (g_file_get_contents (path, &calls, NULL, NULL) && strstr (calls, "C_SignInit CKR_OK") != NULL)
      break;
    g_assert_false (g_atomic_int_get (&connecting.done));
  }
  for (guint i = 0; i < ROUNDS; i++)
    ping_pong (fd);
  g_assert_false (g_atomic_int_get (&connecting.done));
  g_thread_join (thread);
  g_assert_no_error (connecting.error);
  ping_pong (connecting.fd);
  close (connecting.fd);
  close (fd);
}

static GError *
mock_error (Seam *seam)
{
  GError *error = NULL;

  g_assert_cmpint (connect_with (seam, seam->port, seam->mock_fingerprint, &error), ==, -1);
  g_test_message ("%s", error->message);
  return error;
}

static void
assert_mock_works (Seam *seam)
{
  g_autoptr (GError) error = NULL;
  int fd = connect_with (seam, seam->port, seam->mock_fingerprint, &error);

  if (error != NULL && cardea_error_get_parameters (error) != NULL) {
    g_autofree char *log = cardea_lab_read_log (seam->lab, "agent");
    char *parameters = json_dumps (cardea_error_get_parameters (error), JSON_INDENT (1));

    g_test_message ("%s\n%s", parameters, log);
    free (parameters);
  }
  g_assert_no_error (error);
  ping_pong (fd);
  close (fd);
}

static guint
count_signatures (Seam *seam)
{
  g_autofree char *path = cardea_lab_path (seam->lab, "mock.calls");
  g_autofree char *calls = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_file_get_contents (path, &calls, NULL, &error);
  g_assert_no_error (error);
  for (const char *at = calls; (at = strstr (at, "C_Sign ")) != NULL; at++)
    n++;
  return n;
}

/* A person touches the key once for a connection, and not again while it lives. */
static void
test_one_signature_per_connection (void)
{
  g_autoptr (Seam) seam = seam_new ();

  for (guint i = 1; i <= 3; i++) {
    assert_mock_works (seam);
    g_assert_cmpuint (count_signatures (seam), ==, i);
  }
}

/* The module crashes while it signs: that connection fails by name, the next one works. */
static void
test_crash_in_sign (void)
{
  g_autoptr (Seam) seam = seam_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;

  assert_mock_works (seam);
  set_behaviour (seam, "C_Sign=crash");
  error = mock_error (seam);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  set_behaviour (seam, "");
  assert_mock_works (seam);
  agent_contract_check_error (cardea_lab_get_socket (seam->lab), error);
  g_assert_cmpint (cardea_lab_cardea (seam->lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL), ==,
                   0);
  g_assert_nonnull (strstr (out, "Mock card"));
}

/* What the token says is a signature is looked at before it is sent: the server never sees a wrong one. */
static void
test_garbage_signature (void)
{
  g_autoptr (Seam) seam = seam_new ();
  static const char *const lies[] = { "C_Sign=garbage", "C_Sign=zero", "C_Sign=short", "C_Sign=empty",
                                      "C_Sign=lying-length" };

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autoptr (GError) error = NULL;

    set_behaviour (seam, lies[i]);
    error = mock_error (seam);
    g_assert_true (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE) ||
                   g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED));
  }
  set_behaviour (seam, "");
  assert_mock_works (seam);
}

static void
test_device_removed (void)
{
  g_autoptr (Seam) seam = seam_new ();
  g_autoptr (GError) error = NULL;

  set_behaviour (seam, "C_Sign=CKR_DEVICE_REMOVED");
  error = mock_error (seam);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  set_behaviour (seam, "");
  assert_mock_works (seam);
  agent_contract_check_error (cardea_lab_get_socket (seam->lab), error);
}

static guint
count_calls (Seam *seam, const char *line)
{
  g_autofree char *path = cardea_lab_path (seam->lab, "mock.calls");
  g_autofree char *calls = NULL;
  guint n = 0;

  if (!g_file_get_contents (path, &calls, NULL, NULL))
    return 0;
  for (const char *at = calls; (at = strstr (at, line)) != NULL; at++)
    n++;
  return n;
}

/* A token that does not tell how many tries are left: a refused PIN reaches it once, whatever is started
 * again. */
static void
test_wrong_pin_is_tried_once (void)
{
  g_autoptr (Seam) seam = seam_new ();
  g_autofree char *path = cardea_lab_path (seam->lab, "pin");
  g_autofree char *right = NULL;
  g_autoptr (GError) again = NULL;

  g_assert_true (g_file_get_contents (path, &right, NULL, NULL));
  seam->token_lines = "pin-state=fine\n";
  set_behaviour (seam, "");
  cardea_lab_write (seam->lab, "pin", "0000");
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GError) error = mock_error (seam);

    g_assert_true (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED) ||
                   g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE));
    agent_contract_check_error (cardea_lab_get_socket (seam->lab), error);
    g_assert_cmpuint (count_calls (seam, "C_Login "), ==, 1);
  }
  g_subprocess_send_signal (seam->agent, SIGKILL);
  g_assert_true (g_subprocess_wait (seam->agent, NULL, NULL));
  start_agent (seam);
  again = mock_error (seam);
  g_assert_cmpuint (count_calls (seam, "C_Login "), ==, 1);

  cardea_lab_write (seam->lab, "pin", right);
  assert_mock_works (seam);
  g_assert_cmpuint (count_calls (seam, "C_Login "), ==, 2);
}

/* The caller goes away while the token signs: nothing waits for it, nothing is left. */
static void
test_caller_gone_while_signing (void)
{
  g_autoptr (Seam) seam = seam_new ();
  g_autoptr (CardeaClient) client = client_of (seam);
  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)seam->port, "options",
                 "certificate", seam->mock_fingerprint);
  g_autoptr (GError) error = NULL;
  int fd;

  set_behaviour (seam, "C_Sign=delay:3000");
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, &error));
  for (;;) {
    gboolean continues;
    g_autoptr (json_t) reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, &error);

    g_assert_no_error (error);
    if (g_strcmp0 (json_string_value (json_object_get (reply, "step")), "signing") == 0)
      break;
  }
  g_clear_pointer (&client, cardea_client_free);
  cardea_lab_wait_for_log (seam->lab, "agent", "ancelled");
  set_behaviour (seam, "");
  fd = softhsm_stream (seam);
  ping_pong (fd);
  close (fd);
  assert_mock_works (seam);
}

/* A token that takes its time to be listed takes it from what the program allowed. */
static void
test_time_limit_covers_tokens (void)
{
  g_autoptr (Seam) seam = seam_new ();
  g_autoptr (CardeaClient) reloading = client_of (seam);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:i}}", "host", "localhost", "port",
                                             (int)seam->port, "options", "timeout_ms", 300);
  g_autoptr (GError) error = NULL;

  set_behaviour (seam, "C_GetTokenInfo=delay:8000");
  g_assert_true (cardea_client_send_more (reloading, "org.cardea.agent.Reload", NULL, &error));
  cardea_lab_wait_for_log (seam->lab, "agent", "read afresh");
  client = client_of (seam);
  g_assert_cmpint (cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, 5000, NULL, &error),
                   ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "what")), ==,
                   "token");
  agent_contract_check_error (cardea_lab_get_socket (seam->lab), error);
}

/* A connection that is not made yet when the agent is told to stop is not made any more: nobody would end it.
 */
static void
test_stopping_takes_no_more (void)
{
  g_autoptr (Seam) seam = seam_new ();
  Connecting connecting = { .seam = seam, .port = seam->port };
  GThread *thread;
  int fd = softhsm_stream (seam);

  ping_pong (fd);
  set_behaviour (seam, "C_Sign=delay:1500");
  thread = g_thread_new ("connect", connect_in_thread, &connecting);
  while (count_calls (seam, "C_SignInit CKR_OK") == 0)
    g_assert_false (g_atomic_int_get (&connecting.done));
  g_subprocess_send_signal (seam->agent, SIGTERM);
  g_thread_join (thread);
  g_assert_cmpint (connecting.fd, ==, -1);
  g_assert_error (connecting.error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpstr (
      json_string_value (json_object_get (cardea_error_get_parameters (connecting.error), "what")), ==,
      "stopping");
  g_error_free (connecting.error);
  close (fd);
  g_assert_true (g_subprocess_wait_check (seam->agent, NULL, NULL));
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
