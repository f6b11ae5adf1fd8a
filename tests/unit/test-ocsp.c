/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a stapled response says, and what nobody who may not say it can make it say. */

#include "agent/tls/nss.h"
#include "agent/tls/ocsp.h"
#include "socket-api/limits.h"
#include "tests/unit/verify-check.h"

#define OCSP_SIGNER "extendedKeyUsage=OCSPSigning|keyUsage=digitalSignature"
#define DAYS(n) (CHAIN_MAKER_NOW + (n) * (gint64)CHAIN_MAKER_DAY)

typedef struct
{
  ChainMakerCertificate *root, *issuer, *leaf;
  GPtrArray *chain;
  CardeaTrust *trust;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->root = chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  self->issuer =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Authority", .extensions = CA }, self->root);
  self->leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, self->issuer);
  self->chain = new_chain ();
  self->trust = new_trust (self->root);
  append (self->chain, self->leaf);
  append (self->chain, self->issuer);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  chain_maker_certificate_free (self->root);
  chain_maker_certificate_free (self->issuer);
  chain_maker_certificate_free (self->leaf);
  g_ptr_array_unref (self->chain);
  cardea_trust_unref (self->trust);
}

static char *
verify_stapled (Fixture *self, GBytes *response)
{
  CardeaVerifyRequest request = { self->chain, response, "bank.example", CHAIN_MAKER_NOW };

  return verify (self->trust, &request);
}

static void
check (Fixture *self, ChainMakerCertificate *signer, ChainMakerStatus status, gint64 from, gint64 to,
       const char *expected)
{
  g_autoptr (GBytes) response = chain_maker_ocsp_new (self->leaf, self->issuer, signer, status, from, to);

  assert_verdict (verify_stapled (self, response), expected);
}

static void
test_status (Fixture *self, gconstpointer data)
{
  check (self, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1), DAYS (1), "good");
  check (self, self->issuer, CHAIN_MAKER_REVOKED, DAYS (-1), DAYS (1), "revoked");
  check (self, self->issuer, CHAIN_MAKER_UNKNOWN, DAYS (-1), DAYS (1), "unknown");
  assert_verdict (verify_stapled (self, NULL), "not_checked");
}

static void
test_times (Fixture *self, gconstpointer data)
{
  check (self, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1), CHAIN_MAKER_NOW, "good");
  check (self, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1), CHAIN_MAKER_NOW - 1, "unknown");
  check (self, self->issuer, CHAIN_MAKER_GOOD, CHAIN_MAKER_NOW + 300, DAYS (1), "good");
  check (self, self->issuer, CHAIN_MAKER_GOOD, CHAIN_MAKER_NOW + 301, DAYS (1), "unknown");
  check (self, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1), 0, "good");
  check (self, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1) - 1, 0, "unknown");
  /* Keeping a revocation until it is stale does not undo it. */
  check (self, self->issuer, CHAIN_MAKER_REVOKED, DAYS (-9), DAYS (-2), "revoked");
}

static void
check_delegate (Fixture *self, const ChainMakerSpec *spec, ChainMakerCertificate *issuer, const char *good,
                const char *revoked)
{
  g_autoptr (ChainMakerCertificate) delegate = chain_maker_certificate_new (spec, issuer);

  check (self, delegate, CHAIN_MAKER_GOOD, DAYS (-1), DAYS (1), good);
  check (self, delegate, CHAIN_MAKER_REVOKED, DAYS (-1), DAYS (1), revoked);
}

static void
test_delegates (Fixture *self, gconstpointer data)
{
  check_delegate (self, &(ChainMakerSpec){ .name = "Responder", .extensions = OCSP_SIGNER }, self->issuer,
                  "good", "revoked");
  /* Another authority's responder, a self-made one, a server of the same authority, an expired one. */
  check_delegate (self, &(ChainMakerSpec){ .name = "Responder", .extensions = OCSP_SIGNER }, self->root,
                  "unknown", "unknown");
  check_delegate (self,
                  &(ChainMakerSpec){ .name = "Responder", .issuer = "Authority", .extensions = OCSP_SIGNER },
                  NULL, "unknown", "unknown");
  check_delegate (self, &(ChainMakerSpec){ .name = "Responder", .extensions = LEAF }, self->issuer, "unknown",
                  "unknown");
  check_delegate (self, &(ChainMakerSpec){ .name = "Responder", .extensions = "keyUsage=digitalSignature" },
                  self->issuer, "unknown", "unknown");
  check_delegate (self,
                  &(ChainMakerSpec){ .name = "Responder", .extensions = OCSP_SIGNER, .not_after = DAYS (-1) },
                  self->issuer, "unknown", "unknown");
  check_delegate (self, &(ChainMakerSpec){ .name = "Responder", .extensions = OCSP_SIGNER, .digest = "SHA1" },
                  self->issuer, "unknown", "unknown");
}

static void
test_other_subject (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) other =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, self->issuer);
  g_autoptr (GBytes) about_other =
      chain_maker_ocsp_new (other, self->issuer, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1), DAYS (1));
  g_autoptr (GBytes) other_issuer =
      chain_maker_ocsp_new (self->leaf, self->root, self->issuer, CHAIN_MAKER_REVOKED, DAYS (-1), DAYS (1));

  assert_verdict (verify_stapled (self, about_other), "unknown");
  assert_verdict (verify_stapled (self, other_issuer), "unknown");
}

static void
test_self_made (Fixture *self, gconstpointer data)
{
  check (self, self->leaf, CHAIN_MAKER_GOOD, DAYS (-1), DAYS (1), "unknown");
  check (self, self->leaf, CHAIN_MAKER_REVOKED, DAYS (-1), DAYS (1), "unknown");
}

/* A broken staple is no information, never a crash and never "revoked". The end of the response is the
 * signer's certificate, which the issuer's own signature does not need. */
static void
test_mutated (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) response =
      chain_maker_ocsp_new (self->leaf, self->issuer, self->issuer, CHAIN_MAKER_GOOD, DAYS (-1), DAYS (1));
  gsize length;
  const guint8 *original = g_bytes_get_data (response, &length);
  g_autofree guint8 *bytes = g_memdup2 (original, length);

  for (gsize i = 0; i < length * 2; i++) {
    g_autoptr (GBytes) broken = NULL;
    g_autofree char *verdict = NULL;

    if (i < length)
      bytes[i] ^= 1 << (i % 8);
    broken = i < length ? g_bytes_new (bytes, length) : g_bytes_new (bytes, i - length);
    verdict = verify_stapled (self, broken);
    if (i >= length || i < 200)
      g_assert_cmpstr (verdict, ==, "unknown");
    else
      g_assert_cmpstr (verdict, !=, "revoked");
    if (i < length)
      bytes[i] = original[i];
  }
}

/* As OpenSSL writes it, to the byte. */
static void
test_request (Fixture *self, gconstpointer data)
{
  static const guint serials[] = { 1, 127, 128, 255, 256, 0x7fffffff };

  for (guint i = 0; i < G_N_ELEMENTS (serials); i++) {
    g_autoptr (ChainMakerCertificate) leaf = chain_maker_certificate_new (
        &(ChainMakerSpec){ .name = "Server", .extensions = LEAF, .serial = serials[i] }, self->issuer);
    g_autoptr (GBytes) expected = chain_maker_ocsp_request_new (leaf, self->issuer);
    g_autoptr (CardeaX509) certificate = cardea_x509_new (chain_maker_certificate_get_der (leaf), NULL);
    g_autoptr (CardeaX509) issuer = cardea_x509_new (chain_maker_certificate_get_der (self->issuer), NULL);
    g_autoptr (GBytes) request = cardea_ocsp_make_request (certificate, issuer);

    g_assert_true (g_bytes_equal (request, expected));
  }
}

/* The longest serial number that is asked about, and one longer. */
static void
test_request_limit (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaX509) issuer = cardea_x509_new (chain_maker_certificate_get_der (self->issuer), NULL);
  static const guint8 serial[41] = { 1 };
  CardeaX509 certificate = { .serial = { serial, 40 } };
  g_autoptr (GBytes) request = cardea_ocsp_make_request (&certificate, issuer);

  g_assert_nonnull (request);
  g_assert_cmpuint (g_bytes_get_size (request), ==, 65 + 40 + 2);
  certificate.serial.length++;
  g_assert_null (cardea_ocsp_make_request (&certificate, issuer));
}

/* How long an answer holds. */
static void
test_until (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaX509) leaf = cardea_x509_new (chain_maker_certificate_get_der (self->leaf), NULL);
  g_autoptr (CardeaX509) issuer = cardea_x509_new (chain_maker_certificate_get_der (self->issuer), NULL);
  static const struct
  {
    ChainMakerStatus status;
    gint64 next_update, until;
  } cases[] = {
    { CHAIN_MAKER_GOOD, DAYS (2), DAYS (2) },
    { CHAIN_MAKER_GOOD, 0, CHAIN_MAKER_NOW + CHAIN_MAKER_DAY - 60 },
    { CHAIN_MAKER_REVOKED, DAYS (-1), DAYS (-1) },
    { CHAIN_MAKER_UNKNOWN, DAYS (2), 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) response = chain_maker_ocsp_new (
        self->leaf, self->issuer, self->issuer, cases[i].status, CHAIN_MAKER_NOW - 60, cases[i].next_update);
    gint64 until = 0;

    cardea_ocsp_check (response, leaf, issuer, CHAIN_MAKER_NOW, &until);
    g_assert_cmpint (until, ==, cases[i].until);
  }
}

static void
test_large (Fixture *self, gconstpointer data)
{
  gsize length = CARDEA_LIMIT_CERTIFICATE_BYTES + 1;
  g_autoptr (GBytes) response = g_bytes_new_take (g_malloc0 (length), length);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);

  assert_verdict (verify_stapled (self, response), "unknown");
  assert_verdict (verify_stapled (self, empty), "unknown");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *self, gconstpointer data);
  } cases[] = {
    { "status", test_status },
    { "times", test_times },
    { "delegates", test_delegates },
    { "other-subject", test_other_subject },
    { "self-made", test_self_made },
    { "mutated", test_mutated },
    { "large", test_large },
    { "request", test_request },
    { "request-limit", test_request_limit },
    { "until", test_until },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/ocsp/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
