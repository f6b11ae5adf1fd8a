/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handshakes with the servers that people run: the programs of OpenSSL and GnuTLS, on loopback, ended with
 * the test. */

#include "tests/integration/tls/client.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  GSubprocess *process;
  int port;
} Program;

static void
program_clear (Program *self)
{
  if (self->process == NULL)
    return;
  g_subprocess_force_exit (self->process);
  g_assert_true (g_subprocess_wait (self->process, NULL, NULL));
  g_clear_object (&self->process);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Program, program_clear)

/* s_server chooses a free port itself and says which. */
static int
read_port (GSubprocess *process)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  for (;;) {
    g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
    g_assert_nonnull (line);
    if (g_str_has_prefix (line, "ACCEPT "))
      return (int)g_ascii_strtoull (strrchr (line, ':') + 1, NULL, 10);
  }
}

/* Answers what it is sent in reverse (-rev), line by line. */
static void
start_openssl (Program *self, Fixture *fixture, const char *version, const char *authority)
{
  g_autofree char *certificate = cardea_test_pki_path (fixture->pki, "server.pem");
  g_autofree char *key = cardea_test_pki_path (fixture->pki, "server.key");
  g_autofree char *ca = cardea_test_pki_path (fixture->pki, authority);
  g_autoptr (GError) error = NULL;

  self->process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, "openssl",
                        "s_server", "-accept", "127.0.0.1:0", version, "-Verify", "2", "-verify_return_error",
                        "-CAfile", ca, "-cert", certificate, "-key", key, "-rev", NULL);
  g_assert_no_error (error);
  self->port = read_port (self->process);
}

static int
find_free_port (void)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;

  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &length), ==, 0);
  close (fd);
  return ntohs (address.sin_port);
}

static gboolean
is_listening (int port)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons ((uint16_t)port) };
  gboolean connected = connect (fd, (struct sockaddr *)&address, sizeof address) == 0;

  close (fd);
  return connected;
}

/* An echo server. */
static void
start_gnutls (Program *self, Fixture *fixture, const char *priority)
{
  g_autofree char *certificate = cardea_test_pki_path (fixture->pki, "server.pem");
  g_autofree char *key = cardea_test_pki_path (fixture->pki, "server.key");
  g_autofree char *ca = cardea_test_pki_path (fixture->pki, "ca.pem");
  self->port = find_free_port ();
  g_autofree char *port = g_strdup_printf ("%d", self->port);
  g_autoptr (GError) error = NULL;

  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                    &error, "gnutls-serv", "--echo", "--quiet", "--port", port, "--priority",
                                    priority, "--require-client-cert", "--verify-client-cert", "--x509cafile",
                                    ca, "--x509certfile", certificate, "--x509keyfile", key, NULL);
  g_assert_no_error (error);
  WAIT_POLLING (is_listening (self->port));
}

static void
check_talk_by (Fixture *fixture, const Program *program, CardeaTls12 tls12, const char *certificate,
               const char *answer)
{
  Signer signer = { 0 };
  Plan plan = { .certificate = certificate, .issuer = "issuing", .signer = &signer, .tls12 = tls12 };
  g_auto (Run) run = { 0 };

  run_start (&run, fixture, program->port, &plan);
  WAIT_UNTIL (run.done);
  g_assert_no_error (run.error);
  g_assert_true (run.usable);
  g_assert_true (run.info->certificate_sent);
  g_assert_true (run.info->accepted);
  g_assert_cmpstr (run.info->tls_version, ==, tls12 == CARDEA_TLS12_ALLOWED ? "TLS 1.2" : "TLS 1.3");
  stream_write (run.stream, "cardea\n");
  stream_expect (run.stream, answer);
}

static void
check_talk (Fixture *fixture, const Program *program, const char *certificate, const char *answer)
{
  check_talk_by (fixture, program, CARDEA_TLS12_NOT_WANTED, certificate, answer);
}

static void
test_openssl_rsa (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_openssl (&program, fixture, "-tls1_3", "ca.pem");
  check_talk (fixture, &program, "rsa-client", "aedrac\n");
}

static void
test_openssl_p256 (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_openssl (&program, fixture, "-tls1_3", "ca.pem");
  check_talk (fixture, &program, "client", "aedrac\n");
}

static void
test_openssl_none (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };

  start_openssl (&program, fixture, "-tls1_3", "ca.pem");
  run_start (&run, fixture, program.port, &plan);
  WAIT_UNTIL (run.done);
  run_assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "certificate_required");
}

static void
test_openssl_rejects (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };
  Signer signer = { 0 };
  Plan plan = { .certificate = "rsa-client", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_pki_make (fixture->pki,
                        &(CardeaTestIdentity){ .name = "other", .role = CARDEA_TEST_AUTHORITY });
  start_openssl (&program, fixture, "-tls1_3", "other.pem");
  run_start (&run, fixture, program.port, &plan);
  WAIT_UNTIL (run.done);
  run_assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "unknown_ca");
}

static void
test_gnutls_rsa (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_gnutls (&program, fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  check_talk (fixture, &program, "rsa-client", "cardea\n");
}

static void
test_gnutls_p256 (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_gnutls (&program, fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  check_talk (fixture, &program, "client", "cardea\n");
}

static void
test_openssl_tls12 (Fixture *fixture, gconstpointer data)
{
  static const char *const versions[] = { "-tls1_2", "-no_tls1_3" };

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++) {
    g_auto (Program) program = { 0 };

    start_openssl (&program, fixture, versions[i], "ca.pem");
    check_talk_by (fixture, &program, CARDEA_TLS12_ALLOWED, i == 0 ? "rsa-client" : "client", "aedrac\n");
  }
}

static void
test_gnutls_tls12 (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_gnutls (&program, fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  check_talk_by (fixture, &program, CARDEA_TLS12_ALLOWED, "rsa-client", "cardea\n");
}

static void
check_refused (Fixture *fixture, const char *priority, const char *says)
{
  g_auto (Program) program = { 0 };
  Plan plan = { .tls12 = CARDEA_TLS12_ALLOWED };
  g_auto (Run) run = { 0 };

  start_gnutls (&program, fixture, priority);
  run_start (&run, fixture, program.port, &plan);
  WAIT_UNTIL (run.done);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_test_message ("%s", run.error->message);
  g_assert_nonnull (strstr (run.error->message, says));
  g_assert_cmpuint (run.asked, ==, 0);
}

/* Without the extended master secret; without the safe renegotiation; with CBC alone. */
static void
test_gnutls_weak (Fixture *fixture, gconstpointer data)
{
  check_refused (fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH", "RFC 7627");
  check_refused (fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION", "RFC 5746");
  check_refused (fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC",
                 "handshake_failure");
}

/* The second connection needs no key, and the third again none. */
static void
check_resumed (Fixture *fixture, const Program *program, const char *answer)
{
  g_autoptr (CardeaResumption) earlier = NULL;
  Signer signer = { 0 };

  for (guint i = 0; i < 3; i++) {
    Plan plan = {
      .certificate = "client", .issuer = "issuing", .signer = &signer, .resumable = TRUE, .earlier = earlier
    };
    g_auto (Run) run = { 0 };

    run_start (&run, fixture, program->port, &plan);
    WAIT_UNTIL (run.done);
    g_assert_no_error (run.error);
    g_assert_cmpint (run.info->resumed, ==, i > 0);
    g_assert_true (run.info->accepted);
    stream_write (run.stream, "cardea\n");
    stream_expect (run.stream, answer);
    g_clear_pointer (&earlier, cardea_resumption_unref);
    earlier = cardea_resumption_ref (run.info->resumption);
    g_assert_true (cardea_resumption_is_ready (earlier));
  }
  g_assert_cmpint (g_atomic_int_get (&signer.calls), ==, 1);
}

static void
test_openssl_resumed (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_openssl (&program, fixture, "-tls1_3", "ca.pem");
  check_resumed (fixture, &program, "aedrac\n");
}

static void
test_gnutls_resumed (Fixture *fixture, gconstpointer data)
{
  g_auto (Program) program = { 0 };

  start_gnutls (&program, fixture, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  check_resumed (fixture, &program, "cardea\n");
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/real-servers/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("openssl-rsa", test_openssl_rsa);
  ADD ("openssl-p256", test_openssl_p256);
  ADD ("openssl-none", test_openssl_none);
  ADD ("openssl-rejects", test_openssl_rejects);
  ADD ("gnutls-rsa", test_gnutls_rsa);
  ADD ("gnutls-p256", test_gnutls_p256);
  ADD ("openssl-tls12", test_openssl_tls12);
  ADD ("gnutls-tls12", test_gnutls_tls12);
  ADD ("gnutls-weak", test_gnutls_weak);
  ADD ("openssl-resumed", test_openssl_resumed);
  ADD ("gnutls-resumed", test_gnutls_resumed);
  return g_test_run ();
}
