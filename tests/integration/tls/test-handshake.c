/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handshakes against servers of other makers, well-behaved and not. Keys are in software here: what a token
 * does is behind one callback. */

#include "agent/front/front.h"
#include "agent/tls/handshake.h"
#include "agent/tls/nss.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/pki.h"
#include "tests/fixtures/tls-server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
  PATIENCE_MS = 20000,
};

typedef struct
{
  CardeaTestPki *pki;
  CardeaTrust *trust;
  guint sockets;
} Fixture;

/* How the test's key signs. */
typedef enum
{
  SIGN_RIGHT,
  SIGN_WRONG, /* with another key */
  SIGN_NOT,
} SignHow;

typedef struct
{
  EVP_PKEY *key;
  SignHow how;
  int calls;     /* atomic */
  int destroyed; /* atomic */
  GMutex lock;   /* protects what follows */
  GCond changed;
  gboolean held;       /* a signature waits until this is FALSE */
  guint inside;        /* signatures under way */
  guint wanted_inside; /* a signature waits until so many are */
} Signer;

typedef struct
{
  const char *server_name; /* default: localhost */
  const char *const *alpn;
  guint timeout_ms;
  const char *certificate; /* NULL: none */
  const char *issuer;      /* sent along */
  Signer *signer;
  gboolean leave_open;  /* no answer */
  gboolean in_callback; /* answer at once */
} Plan;

typedef struct
{
  const Plan *plan;
  Fixture *fixture;
  CardeaHandshake *handshake;
  GCancellable *cancellable;
  guint asked;
  guint authorities;
  gboolean verified_first;
  gboolean usable;
  guint verified;
  gboolean done;
  CardeaTlsStream *stream;
  CardeaTlsInfo *info;
  GError *error;
} Run;

/* GLib keeps descriptors of its own for the process; connections are what may leak. */
static guint
count_sockets (void)
{
  guint count = 0;
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  g_assert_nonnull (folder);
  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
    g_autofree char *target = g_file_read_link (path, NULL);
    if (target != NULL && g_str_has_prefix (target, "socket:"))
      count++;
  }
  return count;
}

static gboolean
on_patience_over (gpointer data)
{
  g_error ("the test waited in vain");
  return G_SOURCE_REMOVE;
}

/* Runs the loop until the condition holds; a test that waits in vain ends here. */
#define WAIT_UNTIL(condition)                                                                                \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint patience = g_timeout_add (PATIENCE_MS, on_patience_over, NULL);                                    \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (patience);                                                                              \
  }                                                                                                          \
  G_STMT_END

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* For what other threads do without waking the loop. */
#define WAIT_POLLING(condition)                                                                              \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint tick = g_timeout_add (5, on_tick, NULL);                                                           \
    WAIT_UNTIL (condition);                                                                                  \
    g_source_remove (tick);                                                                                  \
  }                                                                                                          \
  G_STMT_END

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
  cardea_test_pki_make (fixture->pki, &(CardeaTestIdentity){
                                          .name = "issuing", .role = CARDEA_TEST_AUTHORITY, .issuer = "ca" });
  cardea_test_pki_make (
      fixture->pki,
      &(CardeaTestIdentity){ .name = "ada", .role = CARDEA_TEST_CLIENT, .issuer = "issuing", .rsa = TRUE });
  cardea_test_pki_make (
      fixture->pki, &(CardeaTestIdentity){ .name = "bob", .role = CARDEA_TEST_CLIENT, .issuer = "issuing" });
  g_assert_true (cardea_nss_start (&error));
  g_assert_no_error (error);
  fixture->trust = cardea_trust_new ();
  g_assert_true (cardea_trust_add_anchor (fixture->trust, cardea_test_pki_get_der (fixture->pki, "ca"),
                                          "config", &error));
  g_assert_no_error (error);
  fixture->sockets = count_sockets ();
}

/* Nothing is left: no descriptor, no object in the front module, no certificate or key in NSS. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (count_sockets (), ==, fixture->sockets);
  g_assert_cmpuint (cardea_front_count (), ==, 0);
  cardea_trust_unref (fixture->trust);
  g_assert_true (cardea_nss_stop ());
  cardea_test_pki_free (fixture->pki);
}

static gboolean
set_padding (EVP_PKEY_CTX *context, const CardeaFrontSignRequest *request)
{
  const EVP_MD *hash = request->hash_bits == 384   ? EVP_sha384 ()
                       : request->hash_bits == 512 ? EVP_sha512 ()
                                                   : EVP_sha256 ();

  return EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md (context, hash) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen (context, -1) == 1;
}

/* PKCS#11 wants the two numbers of an ECDSA signature one after the other. */
static gboolean
sign_ecdsa (EVP_PKEY_CTX *context, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  guint8 der[128];
  gsize der_length = sizeof der;
  const guint8 *at = der;

  if (EVP_PKEY_sign (context, der, &der_length, request->data, request->length) != 1)
    return FALSE;
  ECDSA_SIG *pair = d2i_ECDSA_SIG (NULL, &at, (long)der_length);
  BN_bn2binpad (ECDSA_SIG_get0_r (pair), signature, 32);
  BN_bn2binpad (ECDSA_SIG_get0_s (pair), signature + 32, 32);
  ECDSA_SIG_free (pair);
  *length = 64;
  return TRUE;
}

static gboolean
sign_with (EVP_PKEY *key, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (key, NULL);
  gboolean rsa = EVP_PKEY_base_id (key) == EVP_PKEY_RSA;

  g_assert_cmpint (EVP_PKEY_sign_init (context), ==, 1);
  gboolean signed_it =
      rsa ? set_padding (context, request) &&
                EVP_PKEY_sign (context, signature, length, request->data, request->length) == 1
          : sign_ecdsa (context, request, signature, length);
  EVP_PKEY_CTX_free (context);
  return signed_it;
}

static void
wait_for_others (Signer *signer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&signer->lock);
  gint64 end = g_get_monotonic_time () + PATIENCE_MS * G_GINT64_CONSTANT (1000);

  signer->inside++;
  g_cond_broadcast (&signer->changed);
  while (signer->held || signer->inside < signer->wanted_inside)
    g_assert_true (g_cond_wait_until (&signer->changed, &signer->lock, end));
}

static gboolean
sign (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  Signer *signer = data;

  g_atomic_int_inc (&signer->calls);
  wait_for_others (signer);
  if (signer->how == SIGN_NOT)
    return FALSE;
  if (signer->how == SIGN_RIGHT)
    return sign_with (signer->key, request, signature, length);
  EVP_PKEY *other =
      EVP_PKEY_base_id (signer->key) == EVP_PKEY_RSA ? EVP_RSA_gen (2048) : EVP_EC_gen ("P-256");
  gboolean signed_it = sign_with (other, request, signature, length);
  EVP_PKEY_free (other);
  return signed_it;
}

static void
on_signer_destroyed (gpointer data)
{
  Signer *signer = data;

  g_atomic_int_inc (&signer->destroyed);
}

static void
release (Signer *signer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&signer->lock);

  signer->held = FALSE;
  g_cond_broadcast (&signer->changed);
}

static void
answer (Run *run)
{
  CardeaTestPki *pki = run->fixture->pki;
  const Plan *plan = run->plan;

  if (plan->certificate == NULL) {
    cardea_handshake_answer (run->handshake, NULL);
    return;
  }
  g_autoptr (CardeaCertificate) certificate =
      cardea_certificate_new (cardea_test_pki_get_der (pki, plan->certificate), NULL);
  g_autoptr (GPtrArray) issuers = g_ptr_array_new ();
  if (plan->issuer != NULL)
    g_ptr_array_add (issuers, cardea_test_pki_get_der (pki, plan->issuer));
  run->usable = cardea_handshake_can_use (run->handshake, certificate);
  plan->signer->key = cardea_test_pki_get_key (pki, plan->certificate);
  cardea_handshake_answer (run->handshake,
                           &(CardeaSigner){ certificate, issuers, sign, plan->signer, on_signer_destroyed });
}

static gboolean
on_answer_due (gpointer data)
{
  answer (data);
  return G_SOURCE_REMOVE;
}

static void
on_requested (CardeaHandshake *handshake, const CardeaCertificateRequest *request, gpointer data)
{
  Run *run = data;

  run->asked++;
  run->verified_first = run->verified == 1;
  run->authorities = request->authorities->len;
  if (run->plan->leave_open)
    return;
  if (run->plan->in_callback)
    answer (run);
  else
    g_idle_add (on_answer_due, run);
}

static void
on_verified (CardeaHandshake *handshake, gpointer data)
{
  ((Run *)data)->verified++;
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  run->stream = cardea_handshake_run_finish (CARDEA_HANDSHAKE (source), result, &run->info, &run->error);
  run->done = TRUE;
}

static int
connect_to (int port)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons ((uint16_t)port) };

  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_true (g_unix_set_fd_nonblocking (fd, TRUE, NULL));
  return fd;
}

static void
start (Run *run, Fixture *fixture, int port, const Plan *plan)
{
  CardeaHandshakeOptions options = {
    .server_name = plan->server_name != NULL ? plan->server_name : "localhost",
    .alpn = plan->alpn,
    .trust = fixture->trust,
    .round_trip_us = 1000,
    .timeout_ms = plan->timeout_ms,
  };

  run->plan = plan;
  run->fixture = fixture;
  run->cancellable = g_cancellable_new ();
  run->handshake = cardea_handshake_new (connect_to (port), &options, on_requested, run);
  g_signal_connect (run->handshake, "verified", G_CALLBACK (on_verified), run);
  cardea_handshake_run_async (run->handshake, run->cancellable, on_done, run);
}

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->stream, cardea_tls_stream_free);
  g_clear_pointer (&run->info, cardea_tls_info_free);
  g_clear_error (&run->error);
  g_clear_object (&run->handshake);
  g_clear_object (&run->cancellable);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static void
run_to_end (Run *run, Fixture *fixture, CardeaTestServer *server, const Plan *plan)
{
  start (run, fixture, cardea_test_server_get_port (server), plan);
  WAIT_UNTIL (run->done);
}

static const char *
get_parameter (const GError *error, const char *name)
{
  return json_string_value (json_object_get (cardea_error_get_parameters (error), name));
}

static void
assert_failed (const Run *run, CardeaErrorCode code, const char *parameter, const char *value)
{
  g_assert_null (run->stream);
  g_assert_null (run->info);
  g_assert_error (run->error, CARDEA_ERROR, (int)code);
  g_assert_cmpstr (get_parameter (run->error, parameter), ==, value);
  g_assert_cmpuint (strlen (run->error->message), >, 10);
}

/* Waits for the descriptor as a relay would. */
static CardeaStreamResult
stream_wait (CardeaTlsStream *stream, short events)
{
  struct pollfd poll_fd = { stream->klass->get_fd (stream), events, 0 };

  g_assert_cmpint (poll (&poll_fd, 1, PATIENCE_MS), ==, 1);
  return CARDEA_STREAM_AGAIN;
}

static CardeaStreamResult
stream_read (CardeaTlsStream *stream, void *buffer, gsize length, gsize *done)
{
  CardeaStreamResult result;

  while ((result = stream->klass->read (stream, buffer, length, done)) == CARDEA_STREAM_AGAIN)
    stream_wait (stream, POLLIN);
  return result;
}

static void
stream_write (CardeaTlsStream *stream, const char *text)
{
  gsize left = strlen (text);

  while (left > 0) {
    gsize done = 0;
    if (stream->klass->write (stream, text, left, &done) == CARDEA_STREAM_AGAIN)
      stream_wait (stream, POLLOUT);
    g_assert_cmpuint (done, <=, left);
    text += done;
    left -= done;
  }
}

static void
stream_expect (CardeaTlsStream *stream, const char *text)
{
  gsize expected = strlen (text);
  gsize have = 0;
  g_autofree char *buffer = g_malloc0 (expected + 1);

  while (have < expected) {
    gsize done = 0;
    g_assert_cmpint (stream_read (stream, buffer + have, expected - have, &done), ==, CARDEA_STREAM_OK);
    have += done;
  }
  g_assert_cmpstr (buffer, ==, text);
}

static CardeaStreamResult
stream_close_write (CardeaTlsStream *stream)
{
  CardeaStreamResult result;

  while ((result = stream->klass->close_write (stream)) == CARDEA_STREAM_AGAIN)
    stream_wait (stream, POLLOUT);
  return result;
}

static void
assert_report (CardeaTestServer *server, const char *expected)
{
  g_autofree char *report = cardea_test_server_wait (server);

  g_assert_cmpstr (report, ==, expected);
}

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
  assert_report (server, report);
  stream_write (run.stream, "ping");
  stream_expect (run.stream, "ping");
  /* Half-close: their close_notify answers ours. */
  g_assert_cmpint (stream_close_write (run.stream), ==, CARDEA_STREAM_OK);
  g_assert_cmpint (stream_read (run.stream, buffer, sizeof buffer, &done), ==, CARDEA_STREAM_END);
  assert_report (server, "closed");
  run_clear (&run);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 1);
}

/* The server's view: the leaf, and one certificate more. */
static void
test_rsa (Fixture *fixture, gconstpointer data)
{
  check_authenticated (fixture, "ada", "ada/1");
}

static void
test_p256 (Fixture *fixture, gconstpointer data)
{
  check_authenticated (fixture, "bob", "bob/1");
}

/* A cache of tickets or certificates would show in the second. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  check_authenticated (fixture, "bob", "bob/1");
  check_authenticated (fixture, "ada", "ada/1");
  check_authenticated (fixture, "bob", "bob/1");
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
  assert_report (server, "none/0");
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
  assert_report (server, "none/0");
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
  assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "certificate_required");
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
  Plan plan = { .certificate = "ada", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "other", TRUE);
  run_to_end (&run, fixture, server, &plan);
  assert_failed (&run, CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", "unknown_ca");
}

/* Neither a ticket nor anything else: not known. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_silence);
  Signer signer = { 0 };
  Plan plan = { .certificate = "bob", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  SSL_CTX_set_num_tickets (cardea_test_server_get_context (server), 0);
  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->certificate_sent);
  g_assert_false (run.info->accepted);
  assert_report (server, "bob/1");
}

/* Data instead of tickets is a yes as well, and none of it is lost. */
static void
test_data_is_acceptance (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_close);
  Signer signer = { 0 };
  Plan plan = { .certificate = "bob", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };
  char byte;
  gsize done;

  SSL_CTX_set_num_tickets (cardea_test_server_get_context (server), 0);
  cardea_test_server_ask (server, "ca", TRUE);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->accepted);
  stream_expect (run.stream, "hello");
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
  assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
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
  check_signature_fails (fixture, "ada", SIGN_WRONG, "does not fit");
}

static void
test_wrong_signature_p256 (Fixture *fixture, gconstpointer data)
{
  check_signature_fails (fixture, "bob", SIGN_WRONG, "does not fit");
}

static void
test_no_signature (Fixture *fixture, gconstpointer data)
{
  check_signature_fails (fixture, "ada", SIGN_NOT, "no signature");
}

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
  assert_failed (&run, CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", reason);
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
  assert_failed (&run, code, parameter, value);
  g_assert_cmpuint (run.asked, ==, 0);
  run_clear (&run);
}

static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  check_no_tls (fixture, cardea_test_serve_garbage, &(Plan){ 0 }, CARDEA_ERROR_HANDSHAKE_FAILED, "message",
                "The server does not speak TLS on this port. Check the port.");
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
  assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", "protocol_version");
  g_assert_nonnull (strstr (run.error->message, "does not speak TLS 1.3"));
}

/* A person takes longer than the network may. */
static void
test_answer_takes_no_network_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = {
    .certificate = "ada", .issuer = "issuing", .signer = &signer, .leave_open = TRUE, .timeout_ms = 1000
  };
  g_auto (Run) run = { 0 };
  gint64 end;

  cardea_test_server_ask (server, "ca", TRUE);
  start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  end = g_get_monotonic_time () + 1500 * 1000;
  WAIT_POLLING (g_get_monotonic_time () > end);
  g_assert_false (run.done);
  answer (&run);
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
  start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  cardea_test_server_let_go (server);
  WAIT_UNTIL (run.done);
  assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
  g_assert_nonnull (strstr (run.error->message, "being chosen"));
}

static void
test_abort_while_asking (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { .leave_open = TRUE };
  Signer signer = { 0 };
  Plan late = { .certificate = "ada", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  cardea_handshake_abort (run.handshake, cardea_error_new (CARDEA_ERROR_DENIED, "The person said no."));
  WAIT_UNTIL (run.done);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  /* Later answers and aborts are dropped, and nothing of theirs stays. */
  run.plan = &late;
  answer (&run);
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
  start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_UNTIL (run.asked == 1);
  g_autoptr (CardeaCertificate) certificate =
      cardea_certificate_new (cardea_test_pki_get_der (fixture->pki, "ada"), NULL);
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
  Plan plan = { .certificate = "ada", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_POLLING (g_atomic_int_get (&signer.calls) == 1);
  g_cancellable_cancel (run.cancellable);
  WAIT_UNTIL (run.done);
  g_assert_error (run.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 0);
  run_clear (&run);
  release (&signer);
  WAIT_POLLING (g_atomic_int_get (&signer.destroyed) == 1);
}

static void
test_server_leaves_while_signing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_hang_up);
  Signer signer = { .held = TRUE };
  Plan plan = { .certificate = "bob", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  start (&run, fixture, cardea_test_server_get_port (server), &plan);
  WAIT_POLLING (g_atomic_int_get (&signer.calls) == 1);
  cardea_test_server_let_go (server);
  WAIT_UNTIL (run.done);
  assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "alert", NULL);
  g_assert_nonnull (strstr (run.error->message, "used to sign"));
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, 0);
  run_clear (&run);
  release (&signer);
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
  Plan plan = { .certificate = "bob", .issuer = "issuing", .signer = &signer };
  Run runs[MANY] = { 0 };

  cardea_test_server_ask (server, "ca", TRUE);
  for (guint i = 0; i < MANY; i++)
    start (&runs[i], fixture, cardea_test_server_get_port (server), &plan);
  for (guint i = 0; i < MANY; i++) {
    WAIT_UNTIL (runs[i].done);
    g_assert_no_error (runs[i].error);
    g_assert_true (runs[i].info->accepted);
  }
  g_assert_cmpuint (signer.inside, ==, MANY);
  for (guint i = 0; i < MANY; i++)
    run_clear (&runs[i]);
  g_assert_cmpint (g_atomic_int_get (&signer.destroyed), ==, MANY);
}

static void
check_end (Fixture *fixture, CardeaTestServe serve, CardeaStreamResult expected)
{
  g_autoptr (CardeaTestServer) server = cardea_test_server_new (fixture->pki, "server", serve);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };
  char byte;
  gsize done;

  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  stream_expect (run.stream, "hello");
  if (serve == cardea_test_serve_reset_later)
    stream_write (run.stream, "!");
  g_assert_cmpint (stream_read (run.stream, &byte, 1, &done), ==, expected);
  /* It stays so. */
  g_assert_cmpint (run.stream->klass->read (run.stream, &byte, 1, &done), ==, expected);
  g_assert_null (run.stream->klass->get_alert (run.stream));
}

static void
test_close_notify (Fixture *fixture, gconstpointer data)
{
  check_end (fixture, cardea_test_serve_close, CARDEA_STREAM_END);
}

static void
test_truncation (Fixture *fixture, gconstpointer data)
{
  check_end (fixture, cardea_test_serve_truncate, CARDEA_STREAM_TRUNCATED);
}

static void
test_stream_reset (Fixture *fixture, gconstpointer data)
{
  check_end (fixture, cardea_test_serve_reset_later, CARDEA_STREAM_RESET);
}

static int
reject_when_let_go (X509_STORE_CTX *context, void *data)
{
  cardea_test_server_wait_for_let_go (data);
  X509_STORE_CTX_set_error (context, X509_V_ERR_CERT_REVOKED);
  return 0;
}

/* The server takes longer to decide than anyone waits for it: the stream tells. */
static void
test_late_rejection (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Signer signer = { 0 };
  Plan plan = { .certificate = "bob", .issuer = "issuing", .signer = &signer };
  g_auto (Run) run = { 0 };
  char byte;
  gsize done;

  cardea_test_server_ask (server, "ca", TRUE);
  SSL_CTX_set_cert_verify_callback (cardea_test_server_get_context (server), reject_when_let_go, server);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_true (run.info->certificate_sent);
  g_assert_false (run.info->accepted);
  g_assert_cmpint (run.stream->klass->read (run.stream, &byte, 1, &done), ==, CARDEA_STREAM_AGAIN);
  cardea_test_server_let_go (server);
  g_assert_cmpint (stream_read (run.stream, &byte, 1, &done), ==, CARDEA_STREAM_REJECTED);
  g_assert_cmpint (stream_read (run.stream, &byte, 1, &done), ==, CARDEA_STREAM_REJECTED);
  g_assert_cmpstr (run.stream->klass->get_alert (run.stream), ==, "certificate_revoked");
  g_assert_nonnull (strstr (run.stream->klass->get_message (run.stream), "revoked"));
}

static int
take_first_protocol (SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                     unsigned int in_length, void *data)
{
  *out = in + 1;
  *out_length = in[0];
  return SSL_TLSEXT_ERR_OK;
}

static void
test_alpn (Fixture *fixture, gconstpointer data)
{
  static const char *const offered[] = { "h2", "http/1.1", NULL };
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { .alpn = offered };
  g_auto (Run) run = { 0 };

  SSL_CTX_set_alpn_select_cb (cardea_test_server_get_context (server), take_first_protocol, NULL);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  g_assert_cmpstr (run.info->alpn, ==, "h2"); /* offered in the order given */
}

enum
{
  BULK = 8 * 1024 * 1024,
};

static guint8
get_bulk_byte (gsize position)
{
  return (guint8)(position * 31 + (position >> 13));
}

/* Both ways at once, with a server that stops reading while it cannot write: only who reads while writing
 * gets through. */
static void
test_bulk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };
  g_autofree guint8 *out = g_malloc (BULK);
  g_autofree guint8 *in = g_malloc (BULK);
  gsize sent = 0;
  gsize received = 0;

  for (gsize i = 0; i < BULK; i++)
    out[i] = get_bulk_byte (i);
  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  const CardeaTlsStreamClass *klass = run.stream->klass;
  while (received < BULK) {
    gsize done = 0;
    gboolean blocked = TRUE;
    if (sent < BULK &&
        klass->write (run.stream, out + sent, MIN (BULK - sent, 65536), &done) == CARDEA_STREAM_OK) {
      sent += done;
      blocked = FALSE;
    }
    CardeaStreamResult result = klass->read (run.stream, in + received, BULK - received, &done);
    g_assert_true (result == CARDEA_STREAM_OK || result == CARDEA_STREAM_AGAIN);
    if (result == CARDEA_STREAM_OK)
      received += done;
    else if (blocked)
      stream_wait (run.stream, sent < BULK ? POLLIN | POLLOUT : POLLIN);
  }
  g_assert_cmpmem (in, BULK, out, BULK);
  g_assert_cmpint (stream_close_write (run.stream), ==, CARDEA_STREAM_OK);
  gsize done;
  g_assert_cmpint (stream_read (run.stream, in, 1, &done), ==, CARDEA_STREAM_END);
}

#define ADD(name, function) g_test_add ("/handshake/" name, Fixture, NULL, set_up, function, tear_down)

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
  ADD ("answer-takes-no-network-time", test_answer_takes_no_network_time);
  ADD ("server-leaves-while-asking", test_server_leaves_while_asking);
  ADD ("abort-while-asking", test_abort_while_asking);
  ADD ("owner-explains-failure", test_owner_explains_failure);
  ADD ("cancel-while-signing", test_cancel_while_signing);
  ADD ("server-leaves-while-signing", test_server_leaves_while_signing);
  ADD ("concurrent", test_concurrent);
  ADD ("close-notify", test_close_notify);
  ADD ("truncation", test_truncation);
  ADD ("stream-reset", test_stream_reset);
  ADD ("late-rejection", test_late_rejection);
  ADD ("alpn", test_alpn);
  ADD ("bulk", test_bulk);
  return g_test_run ();
}
