/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams after their handshakes: how they end, and how much they carry. */

#include "tests/integration/tls/client.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

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

/* A stream that is dropped must not look complete to the server; one that was closed must. */
static void
test_dropped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_echo);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  server_assert_report (server, "none/0");
  stream_write (run.stream, "half a mess");
  stream_expect (run.stream, "half a mess");
  run_clear (&run);
  server_assert_report (server, "cut");
}

enum
{
  UPDATES = 2000,
};

/* New keys without end, or nearly, and only then data; in what the kernel holds for a client that does not
 * read. */
static void
serve_key_updates (CardeaTestServer *server, int fd)
{
  SSL *ssl = cardea_test_server_accept (server, fd);

  if (ssl == NULL)
    return;
  for (guint i = 0; i < UPDATES; i++) {
    g_assert_cmpint (SSL_key_update (ssl, SSL_KEY_UPDATE_NOT_REQUESTED), ==, 1);
    g_assert_cmpint (SSL_do_handshake (ssl), ==, 1);
  }
  g_assert_cmpint (SSL_write (ssl, "hello", 5), ==, 5);
  cardea_test_server_report (server, "sent");
  SSL_shutdown (ssl);
  cardea_test_server_wait_for_close (fd);
  SSL_free (ssl);
}

/* One call takes in a few records that carry nothing and leaves the thread to other streams. */
static void
test_key_updates (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaTestServer) server = cardea_test_server_new (fixture->pki, "server", serve_key_updates);
  Plan plan = { 0 };
  g_auto (Run) run = { 0 };
  char byte;
  gsize done;
  guint turns = 0;
  CardeaStreamResult result;

  run_to_end (&run, fixture, server, &plan);
  g_assert_no_error (run.error);
  server_assert_report (server, "sent");
  while ((result = stream_read (run.stream, &byte, 1, &done)) == CARDEA_STREAM_MORE)
    turns++;
  g_assert_cmpint (result, ==, CARDEA_STREAM_OK);
  g_assert_cmpuint (turns, >=, UPDATES / 32);
  g_assert_cmpint (byte, ==, 'h');
  stream_expect (run.stream, "ello");
  g_assert_cmpint (stream_read (run.stream, &byte, 1, &done), ==, CARDEA_STREAM_END);
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
  Plan plan = { .certificate = "client", .issuer = "issuing", .signer = &signer };
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

/* What cannot be offered is an error before anything is sent. */
static void
test_alpn_empty_name (Fixture *fixture, gconstpointer data)
{
  static const char *const offered[] = { "h2", "", NULL };
  g_autoptr (CardeaTestServer) server =
      cardea_test_server_new (fixture->pki, "server", cardea_test_serve_nothing);
  Plan plan = { .alpn = offered };
  g_auto (Run) run = { 0 };

  run_to_end (&run, fixture, server, &plan);
  run_assert_failed (&run, CARDEA_ERROR_HANDSHAKE_FAILED, "message", run.error->message);
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

#define ADD(name, function)                                                                                  \
  g_test_add ("/stream/" name, Fixture, NULL, client_set_up, function, client_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("close-notify", test_close_notify);
  ADD ("truncation", test_truncation);
  ADD ("stream-reset", test_stream_reset);
  ADD ("dropped", test_dropped);
  ADD ("late-rejection", test_late_rejection);
  ADD ("key-updates", test_key_updates);
  ADD ("alpn", test_alpn);
  ADD ("alpn-empty-name", test_alpn_empty_name);
  ADD ("bulk", test_bulk);
  return g_test_run ();
}
