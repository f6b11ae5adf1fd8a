/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking the network about revocation: one question for many who wait, for no longer than is allowed, and
 * what is kept of it. */

#include "agent/tls/revocation.h"

#include "agent/tls/nss.h"
#include "agent/tls/revocation-question.h"
#include "socket-api/limits.h"
#include "tests/fixtures/http-server.h"
#include "tests/fixtures/loop.h"
#include "tests/fixtures/proxy-settings.h"
#include "tests/unit/verify-check.h"

#define MANY 64

typedef struct
{
  CardeaHttpServer *server;
  CardeaRevocation *revocation;
  ChainMakerCertificate *issuer, *leaf;
  GMainLoop *loop;
  guint waiting;
  CardeaRevocationStatus last; /* answer */
  guint answers[3];            /* by status */
  gint64 now;
} Fixture;

/* @extension: its %u are the server's port. */
static ChainMakerCertificate *
make_leaf (Fixture *f, const char *extension)
{
  g_auto (GStrv) parts = g_strsplit (extension, "PORT", -1);
  g_autofree char *port = g_strdup_printf ("%u", cardea_http_server_get_port (f->server));
  g_autofree char *named = g_strjoinv (port, parts);
  g_autofree char *extensions = g_strconcat (LEAF "|", named, NULL);

  return chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = extensions },
                                      f->issuer);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = cardea_http_server_new ();
  f->revocation = cardea_revocation_new (NULL, TRUE, NULL);
  f->loop = g_main_loop_new (NULL, FALSE);
  f->issuer = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Authority", .extensions = CA, .serial = 200 }, NULL);
  f->leaf = make_leaf (f, data != NULL ? data : "authorityInfoAccess=OCSP;URI:http://127.0.0.1:PORT/ocsp");
  f->now = g_get_real_time () / G_USEC_PER_SEC;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->revocation, cardea_revocation_unref);
  g_clear_pointer (&f->server, cardea_http_server_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  chain_maker_certificate_free (f->issuer);
  chain_maker_certificate_free (f->leaf);
  g_main_loop_unref (f->loop);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  f->last = cardea_revocation_ask_finish (result);
  f->answers[f->last]++;
  if (--f->waiting == 0)
    g_main_loop_quit (f->loop);
}

static void
begin_about (Fixture *f, ChainMakerCertificate *leaf, gboolean hard, GCancellable *cancellable)
{
  g_autoptr (CardeaX509) certificate = cardea_x509_new (chain_maker_certificate_get_der (leaf), NULL);
  g_autoptr (CardeaX509) issuer = cardea_x509_new (chain_maker_certificate_get_der (f->issuer), NULL);
  g_autoptr (CardeaRevocationQuestion) question = cardea_revocation_question_new (certificate, issuer, hard);

  g_assert_nonnull (question);
  f->waiting++;
  cardea_revocation_ask_async (f->revocation, question, cancellable, on_answered, f);
}

static void
run (Fixture *f)
{
  guint guard = test_loop_guard (30);

  g_main_loop_run (f->loop);
  g_source_remove (guard);
}

/* Milliseconds that it took. */
static gint64
ask (Fixture *f, gboolean hard, CardeaRevocationStatus expected)
{
  gint64 began = g_get_monotonic_time ();

  begin_about (f, f->leaf, hard, NULL);
  run (f);
  g_assert_cmpint (f->last, ==, expected);
  return (g_get_monotonic_time () - began) / 1000;
}

static GBytes *
make_response (Fixture *f, ChainMakerStatus status)
{
  return chain_maker_ocsp_new (f->leaf, f->issuer, f->issuer, status, f->now - 60, f->now + 3600);
}

static void
answer_status (Fixture *f, ChainMakerStatus status)
{
  g_autoptr (GBytes) response = make_response (f, status);

  cardea_http_server_set_answer (f->server, NULL, response);
}

static void
serve_list (Fixture *f, const char *path, gboolean revoked)
{
  g_autoptr (GBytes) list = chain_maker_list_new (&(ChainMakerListSpec){ .issuer = f->issuer,
                                                                         .revoked = revoked ? f->leaf : NULL,
                                                                         .this_update = f->now - 60,
                                                                         .next_update = f->now + 3600 });

  cardea_http_server_set_file (f->server, path, list);
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  answer_status (f, CHAIN_MAKER_GOOD);
  ask (f, FALSE, CARDEA_REVOCATION_GOOD);
  answer_status (f, CHAIN_MAKER_REVOKED);
  ask (f, FALSE, CARDEA_REVOCATION_GOOD);
  ask (f, TRUE, CARDEA_REVOCATION_GOOD);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
}

static void
test_revoked (Fixture *f, gconstpointer data)
{
  answer_status (f, CHAIN_MAKER_REVOKED);
  ask (f, FALSE, CARDEA_REVOCATION_REVOKED);
  answer_status (f, CHAIN_MAKER_GOOD);
  ask (f, FALSE, CARDEA_REVOCATION_REVOKED);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
}

/* That nothing was said is kept for who only wishes for it. */
static void
test_unknown (Fixture *f, gconstpointer data)
{
  answer_status (f, CHAIN_MAKER_UNKNOWN);
  ask (f, FALSE, CARDEA_REVOCATION_UNKNOWN);
  ask (f, FALSE, CARDEA_REVOCATION_UNKNOWN);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
  answer_status (f, CHAIN_MAKER_GOOD);
  ask (f, TRUE, CARDEA_REVOCATION_GOOD);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 2);
  ask (f, FALSE, CARDEA_REVOCATION_GOOD);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 2);
}

/* The answer is about the certificate that was asked about, by who may give it. */
static void
test_others_answers (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) other =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Other", .extensions = LEAF }, f->issuer);
  g_autoptr (GBytes) of_other =
      chain_maker_ocsp_new (other, f->issuer, f->issuer, CHAIN_MAKER_GOOD, f->now - 60, f->now + 60);
  g_autoptr (GBytes) by_other =
      chain_maker_ocsp_new (f->leaf, f->issuer, other, CHAIN_MAKER_GOOD, f->now - 60, f->now + 60);
  g_autoptr (GBytes) stale =
      chain_maker_ocsp_new (f->leaf, f->issuer, f->issuer, CHAIN_MAKER_GOOD, f->now - 60, f->now - 30);
  g_autoptr (GBytes) garbage = g_bytes_new_static ("<html>", 6);
  GBytes *answers[] = { of_other, by_other, stale, garbage };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    cardea_http_server_set_answer (f->server, NULL, answers[i]);
    ask (f, TRUE, CARDEA_REVOCATION_UNKNOWN);
    g_assert_cmpuint (cardea_http_server_count (f->server), ==, i + 1);
  }
}

static void
test_coalesced (Fixture *f, gconstpointer data)
{
  answer_status (f, CHAIN_MAKER_GOOD);
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_HOLDS);
  for (guint i = 0; i < MANY; i++)
    begin_about (f, f->leaf, i % 2 == 0, NULL);
  while (cardea_http_server_count (f->server) == 0)
    g_main_context_iteration (NULL, FALSE);
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_ANSWERS);
  run (f);
  g_assert_cmpuint (f->answers[CARDEA_REVOCATION_GOOD], ==, MANY);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
}

/* A responder that takes the question and says nothing costs those who wait for it their time once, and the
 * next ones nothing. */
static void
test_silent (Fixture *f, gconstpointer data)
{
  gint64 first, second;

  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_SILENT);
  first = ask (f, FALSE, CARDEA_REVOCATION_UNKNOWN);
  second = ask (f, FALSE, CARDEA_REVOCATION_UNKNOWN);
  g_test_message ("%" G_GINT64_FORMAT " ms, then %" G_GINT64_FORMAT " ms", first, second);
  g_assert_cmpint (first, >=, CARDEA_LIMIT_REVOCATION_SOFT_MS / 2);
  g_assert_cmpint (first, <, CARDEA_LIMIT_REVOCATION_SOFT_MS * 2);
  g_assert_cmpint (second, <, CARDEA_LIMIT_REVOCATION_SOFT_MS / 2);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
}

/* Another certificate of the same responder's: it is known to be silent. */
static void
test_silent_host (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) other =
      make_leaf (f, "authorityInfoAccess=OCSP;URI:http://127.0.0.1:PORT/other");
  gint64 began;

  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_DRIPS);
  ask (f, FALSE, CARDEA_REVOCATION_UNKNOWN);
  began = g_get_monotonic_time ();
  begin_about (f, other, FALSE, NULL);
  run (f);
  g_assert_cmpint ((g_get_monotonic_time () - began) / 1000, <, CARDEA_LIMIT_REVOCATION_SOFT_MS / 2);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
}

/* Made by @make with more or less filling until it has this many bytes: the length of a signature varies. */
static GBytes *
make_of_size (Fixture *f, GBytes *(*make) (Fixture *f, guint filling), gsize size)
{
  guint filling = 100;

  for (guint i = 0; i < 1000; i++) {
    g_autoptr (GBytes) made = make (f, filling);
    gsize length = g_bytes_get_size (made);

    if (length == size)
      return g_steal_pointer (&made);
    filling = (guint)((gssize)filling + (gssize)size - (gssize)length);
  }
  g_assert_not_reached ();
}

/* A responder whose certificate has a long comment. */
static GBytes *
make_long_response (Fixture *f, guint filling)
{
  g_autofree char *comment = g_strnfill (filling, 'x');
  g_autofree char *extensions =
      g_strconcat ("extendedKeyUsage=OCSPSigning|keyUsage=digitalSignature|nsComment=", comment, NULL);
  g_autoptr (ChainMakerCertificate) delegate =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Responder",
                                                      .extensions = extensions,
                                                      .not_before = f->now - 60,
                                                      .not_after = f->now + 3600 },
                                   f->issuer);

  return chain_maker_ocsp_new (f->leaf, f->issuer, delegate, CHAIN_MAKER_GOOD, f->now - 60, f->now + 3600);
}

/* Many entries, each as long as the other, and one with a long serial number. */
static GBytes *
make_long_list (Fixture *f, guint filling)
{
  return chain_maker_list_new (&(ChainMakerListSpec){ .issuer = f->issuer,
                                                      .revoked = f->issuer,
                                                      .copies = 49000,
                                                      .long_serial = filling,
                                                      .this_update = f->now - 60,
                                                      .next_update = f->now + 3600 });
}

/* The largest answer, and one byte more. */
static void
test_answer_limit (Fixture *f, gconstpointer data)
{
  for (guint more = 0; more < 2; more++) {
    g_autoptr (GBytes) response =
        make_of_size (f, make_long_response, CARDEA_LIMIT_REVOCATION_ANSWER_BYTES + more);

    cardea_revocation_unref (f->revocation);
    f->revocation = cardea_revocation_new (NULL, TRUE, NULL);
    cardea_http_server_set_answer (f->server, NULL, response);
    ask (f, TRUE, more == 0 ? CARDEA_REVOCATION_GOOD : CARDEA_REVOCATION_UNKNOWN);
  }
}

/* The largest list, and one byte more. */
static void
test_list_limit (Fixture *f, gconstpointer data)
{
  for (guint more = 0; more < 2; more++) {
    g_autoptr (GBytes) list =
        make_of_size (f, make_long_list, CARDEA_LIMIT_REVOCATION_FETCHED_LIST_BYTES + more);

    cardea_revocation_unref (f->revocation);
    f->revocation = cardea_revocation_new (NULL, TRUE, NULL);
    cardea_http_server_set_answer (f->server, NULL, list);
    ask (f, TRUE, more == 0 ? CARDEA_REVOCATION_GOOD : CARDEA_REVOCATION_UNKNOWN);
  }
}

/* Three silent places; there is time for two. */
static void
test_silent_hard (Fixture *f, gconstpointer data)
{
  gint64 took;

  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_SILENT);
  took = ask (f, TRUE, CARDEA_REVOCATION_UNKNOWN);
  g_test_message ("%" G_GINT64_FORMAT " ms", took);
  g_assert_cmpint (took, >=, CARDEA_LIMIT_REVOCATION_HARD_MS - 1000);
  g_assert_cmpint (took, <, CARDEA_LIMIT_REVOCATION_HARD_MS + 3000);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 2);
}

/* A list is asked for when the responder knows nothing. */
static void
test_list (Fixture *f, gconstpointer data)
{
  answer_status (f, CHAIN_MAKER_UNKNOWN);
  serve_list (f, "/list", TRUE);
  ask (f, FALSE, CARDEA_REVOCATION_REVOKED);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 2);
  cardea_revocation_unref (f->revocation);
  f->revocation = cardea_revocation_new (NULL, TRUE, NULL);
  serve_list (f, "/list", FALSE);
  ask (f, FALSE, CARDEA_REVOCATION_GOOD);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 4);
  cardea_revocation_unref (f->revocation);
  f->revocation = cardea_revocation_new (NULL, TRUE, NULL);
  answer_status (f, CHAIN_MAKER_GOOD);
  serve_list (f, "/list", TRUE);
  ask (f, FALSE, CARDEA_REVOCATION_GOOD);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 5);
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  answer_status (f, CHAIN_MAKER_GOOD);
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_HOLDS);
  begin_about (f, f->leaf, TRUE, cancellable);
  while (cardea_http_server_count (f->server) == 0)
    g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  run (f);
  g_assert_cmpint (f->last, ==, CARDEA_REVOCATION_UNKNOWN);
  /* It goes on for the others. */
  begin_about (f, f->leaf, TRUE, NULL);
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_ANSWERS);
  run (f);
  g_assert_cmpint (f->last, ==, CARDEA_REVOCATION_GOOD);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
}

/* The configuration is read anew, or the agent ends, while somebody waits. */
static void
test_owner_goes (Fixture *f, gconstpointer data)
{
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_SILENT);
  begin_about (f, f->leaf, TRUE, NULL);
  while (cardea_http_server_count (f->server) == 0)
    g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&f->revocation, cardea_revocation_unref);
  run (f);
  g_assert_cmpint (f->last, ==, CARDEA_REVOCATION_UNKNOWN);
}

static void
test_switched_off (Fixture *f, gconstpointer data)
{
  cardea_revocation_unref (f->revocation);
  f->revocation = cardea_revocation_new (NULL, FALSE, NULL);
  answer_status (f, CHAIN_MAKER_GOOD);
  ask (f, TRUE, CARDEA_REVOCATION_UNKNOWN);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 0);
}

/* As many certificates at once as may be asked about, and one more. */
static void
test_limit (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) leaves =
      g_ptr_array_new_with_free_func ((GDestroyNotify)chain_maker_certificate_free);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);

  cardea_http_server_set_answer (f->server, NULL, nothing);
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_HOLDS);
  for (guint i = 0; i <= CARDEA_LIMIT_REVOCATION_FETCHES; i++) {
    g_ptr_array_add (leaves, make_leaf (f, "authorityInfoAccess=OCSP;URI:http://127.0.0.1:PORT/"));
    begin_about (f, leaves->pdata[i], TRUE, NULL);
  }
  /* The one too many knows at once. */
  while (f->waiting > CARDEA_LIMIT_REVOCATION_FETCHES)
    g_main_context_iteration (NULL, FALSE);
  while (cardea_http_server_count (f->server) < CARDEA_LIMIT_REVOCATION_FETCHES)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->waiting, ==, CARDEA_LIMIT_REVOCATION_FETCHES);
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_ANSWERS);
  run (f);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, CARDEA_LIMIT_REVOCATION_FETCHES);
}

int
main (int argc, char **argv)
{
  static const char both[] = "authorityInfoAccess=OCSP;URI:http://127.0.0.1:PORT/ocsp|"
                             "crlDistributionPoints=URI:http://127.0.0.1:PORT/list";
  static const char three[] = "authorityInfoAccess=OCSP;URI:http://127.0.0.1:PORT/1,"
                              "OCSP;URI:http://127.0.0.1:PORT/2,OCSP;URI:http://127.0.0.1:PORT/3";
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
    const char *extensions;
  } cases[] = {
    { "kept", test_kept },
    { "revoked", test_revoked },
    { "unknown", test_unknown },
    { "others-answers", test_others_answers },
    { "coalesced", test_coalesced },
    { "silent", test_silent },
    { "silent-host", test_silent_host },
    { "silent-hard", test_silent_hard, three },
    { "answer-limit", test_answer_limit },
    { "list-limit", test_list_limit, "crlDistributionPoints=URI:http://127.0.0.1:PORT/" },
    { "list", test_list, both },
    { "cancelled", test_cancelled },
    { "owner-goes", test_owner_goes },
    { "switched-off", test_switched_off },
    { "limit", test_limit },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_proxy_settings_begin ();
  cardea_proxy_settings_set ("direct://");
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/revocation/", cases[i].path, NULL);

    g_test_add (path, Fixture, cases[i].extensions, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  cardea_proxy_settings_end ();
  return status;
}
