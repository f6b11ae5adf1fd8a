/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's side of the handshake tests. The key is in software: what a token does is behind one callback,
 * which can also sign wrongly, refuse, or wait. */

#include "tests/integration/tls/client.h"

#include "agent/front/front.h"
#include "agent/tls/nss.h"

#include <arpa/inet.h>
#include <glib-unix.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

gboolean
on_patience_over (gpointer data)
{
  g_error ("the test waited in vain");
  return G_SOURCE_REMOVE;
}

gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
client_set_up (Fixture *fixture, gconstpointer data)
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
      fixture->pki, &(CardeaTestIdentity){
                        .name = "rsa-client", .role = CARDEA_TEST_CLIENT, .issuer = "issuing", .rsa = TRUE });
  cardea_test_pki_make (
      fixture->pki,
      &(CardeaTestIdentity){ .name = "client", .role = CARDEA_TEST_CLIENT, .issuer = "issuing" });
  g_assert_true (cardea_nss_start (&error));
  g_assert_no_error (error);
  fixture->trust = cardea_trust_new ();
  g_assert_true (cardea_trust_add_anchor (fixture->trust, cardea_test_pki_get_der (fixture->pki, "ca"),
                                          "config", &error));
  g_assert_no_error (error);
  fixture->sockets = count_sockets ();
}

/* Nothing is left: no descriptor, no object in the front module, no certificate or key in NSS. */
void
client_tear_down (Fixture *fixture, gconstpointer data)
{
  /* A worker that a report did not wait for comes back in its own time. */
  WAIT_POLLING (count_sockets () == fixture->sockets);
  while (g_main_context_iteration (NULL, FALSE))
    ;
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

  /* What is signed is a DigestInfo already. */
  if (request->mechanism == CARDEA_FRONT_RSA_PKCS1)
    return EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PADDING) == 1;
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
  g_atomic_int_set (&signer->mechanism, request->mechanism);
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

void
signer_release (Signer *signer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&signer->lock);

  signer->held = FALSE;
  g_cond_broadcast (&signer->changed);
}

void
run_answer (Run *run)
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
  CardeaRsaSchemes schemes = plan->rsa_schemes != 0 ? plan->rsa_schemes : CARDEA_RSA_PSS | CARDEA_RSA_PKCS1;
  run->usable = cardea_asker_can_use (CARDEA_ASKER (run->handshake), certificate, schemes);
  plan->signer->key = cardea_test_pki_get_key (pki, plan->certificate);
  cardea_handshake_answer (run->handshake, &(CardeaSigner){ certificate, issuers, sign, plan->signer,
                                                            on_signer_destroyed, schemes });
}

static gboolean
on_answer_due (gpointer data)
{
  run_answer (data);
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
    run_answer (run);
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

int
client_connect (int port)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons ((uint16_t)port) };

  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_true (g_unix_set_fd_nonblocking (fd, TRUE, NULL));
  return fd;
}

void
run_start (Run *run, Fixture *fixture, int port, const Plan *plan)
{
  CardeaHandshakeOptions options = {
    .server_name = plan->server_name != NULL ? plan->server_name : "localhost",
    .alpn = plan->alpn,
    .trust = fixture->trust,
    .round_trip_us = 1000,
    .timeout_ms = plan->timeout_ms,
    .tls12 = plan->tls12,
    .demands = plan->demands,
    .resumable = plan->resumable,
    .earlier = plan->earlier,
  };

  run->plan = plan;
  run->fixture = fixture;
  run->cancellable = g_cancellable_new ();
  run->handshake = cardea_handshake_new (client_connect (port), &options, on_requested, run);
  g_signal_connect (run->handshake, "verified", G_CALLBACK (on_verified), run);
  cardea_handshake_run_async (run->handshake, run->cancellable, on_done, run);
}

void
run_clear (Run *run)
{
  g_clear_pointer (&run->stream, cardea_tls_stream_free);
  g_clear_pointer (&run->info, cardea_tls_info_free);
  g_clear_error (&run->error);
  g_clear_object (&run->handshake);
  g_clear_object (&run->cancellable);
}

void
run_to_end (Run *run, Fixture *fixture, CardeaTestServer *server, const Plan *plan)
{
  run_start (run, fixture, cardea_test_server_get_port (server), plan);
  WAIT_UNTIL (run->done);
}

static const char *
get_parameter (const GError *error, const char *name)
{
  return json_string_value (json_object_get (cardea_error_get_parameters (error), name));
}

void
run_assert_failed (const Run *run, CardeaErrorCode code, const char *parameter, const char *value)
{
  g_assert_null (run->stream);
  g_assert_null (run->info);
  g_assert_error (run->error, CARDEA_ERROR, (int)code);
  g_assert_cmpstr (get_parameter (run->error, parameter), ==, value);
  g_assert_cmpuint (strlen (run->error->message), >, 10);
}

/* Waits for the descriptor as a relay would. */
CardeaStreamResult
stream_wait (CardeaTlsStream *stream, short events)
{
  struct pollfd poll_fd = { stream->klass->get_fd (stream), events, 0 };

  g_assert_cmpint (poll (&poll_fd, 1, PATIENCE_MS), ==, 1);
  return CARDEA_STREAM_AGAIN;
}

CardeaStreamResult
stream_read (CardeaTlsStream *stream, void *buffer, gsize length, gsize *done)
{
  CardeaStreamResult result;

  while ((result = stream->klass->read (stream, buffer, length, done)) == CARDEA_STREAM_AGAIN)
    stream_wait (stream, POLLIN);
  return result;
}

void
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

void
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

CardeaStreamResult
stream_close_write (CardeaTlsStream *stream)
{
  CardeaStreamResult result;

  while ((result = stream->klass->close_write (stream)) == CARDEA_STREAM_AGAIN)
    stream_wait (stream, POLLOUT);
  return result;
}

void
server_assert_report (CardeaTestServer *server, const char *expected)
{
  g_autofree char *report = cardea_test_server_wait (server);

  g_assert_cmpstr (report, ==, expected);
}
