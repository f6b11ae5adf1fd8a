/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a list of revoked certificates says, and what nobody who may not say it can make it say. */

#include <string.h>

#include "agent/tls/crl.h"
#include "agent/tls/nss.h"
#include "socket-api/limits.h"
#include "tests/unit/verify-check.h"

#define NOW CHAIN_MAKER_NOW
#define DAYS(n) (NOW + (n) * (gint64)CHAIN_MAKER_DAY)
#define POINT "http://crl.example/1.crl"
#define LEAF_WITH_POINT LEAF "|crlDistributionPoints=URI:http://other.example/,URI:" POINT

typedef struct
{
  ChainMakerCertificate *root, *issuer, *leaf, *pointed;
} Fixture;

static ChainMakerCertificate *
make (const char *name, const char *extensions, ChainMakerCertificate *issuer)
{
  return chain_maker_certificate_new (&(ChainMakerSpec){ .name = name, .extensions = extensions }, issuer);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = make ("Root", CA, NULL);
  f->issuer = make ("Authority", CA, f->root);
  f->leaf = make ("Server", LEAF, f->issuer);
  f->pointed = make ("Pointed", LEAF_WITH_POINT, f->issuer);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  chain_maker_certificate_free (f->root);
  chain_maker_certificate_free (f->issuer);
  chain_maker_certificate_free (f->leaf);
  chain_maker_certificate_free (f->pointed);
}

static CardeaX509 *
read_certificate (ChainMakerCertificate *certificate)
{
  g_autoptr (GError) error = NULL;
  CardeaX509 *read = cardea_x509_new (chain_maker_certificate_get_der (certificate), &error);

  g_assert_no_error (error);
  return read;
}

static const char *
ask (GBytes *der, ChainMakerCertificate *certificate, ChainMakerCertificate *issuer, gint64 now)
{
  static const char *const words[] = { "unknown", "good", "revoked" };
  g_autoptr (CardeaX509) subject = read_certificate (certificate);
  g_autoptr (CardeaX509) above = read_certificate (issuer);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCrl) list = cardea_crl_new (der, CARDEA_LIMIT_REVOCATION_LIST_BYTES, &error);

  if (list == NULL) {
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    return "not read";
  }
  return words[cardea_crl_check (list, subject, above, now, NULL)];
}

static void
check_about (Fixture *f, ChainMakerListSpec spec, ChainMakerCertificate *subject, const char *expected)
{
  g_autoptr (GBytes) der = NULL;

  if (spec.issuer == NULL)
    spec.issuer = f->issuer;
  der = chain_maker_list_new (&spec);
  g_assert_cmpstr (ask (der, subject, f->issuer, NOW), ==, expected);
}

static void
check (Fixture *f, ChainMakerListSpec spec, const char *expected)
{
  check_about (f, spec, f->leaf, expected);
}

static void
test_status (Fixture *f, gconstpointer data)
{
  check (f, (ChainMakerListSpec){ 0 }, "good");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf }, "revoked");
  check (f, (ChainMakerListSpec){ .revoked = f->pointed }, "good");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .others = 100 }, "revoked");
  check (f, (ChainMakerListSpec){ .revoked = f->pointed, .others = 100 }, "good");
}

/* 1: the key is known to others; 6: on hold; 8: on no list any more, which a whole list cannot say. */
static void
test_reasons (Fixture *f, gconstpointer data)
{
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .reason = 1 }, "revoked");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .reason = 6 }, "revoked");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .reason = 8 }, "unknown");
  /* Any entry that revokes is enough, wherever it stands. */
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .reason = 8, .copies = 1 }, "revoked");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .copies = 1000, .others = 10 }, "revoked");
}

static void
test_times (Fixture *f, gconstpointer data)
{
  check (f, (ChainMakerListSpec){ .next_update = NOW }, "good");
  check (f, (ChainMakerListSpec){ .next_update = NOW - 1 }, "unknown");
  check (f, (ChainMakerListSpec){ .next_update = -1 }, "unknown");
  check (f, (ChainMakerListSpec){ .this_update = NOW + 300 }, "good");
  check (f, (ChainMakerListSpec){ .this_update = NOW + 301 }, "unknown");
  check (f, (ChainMakerListSpec){ .this_update = NOW + 301, .revoked = f->leaf }, "unknown");
  /* Keeping a newer list away does not undo a revocation. */
  check (f, (ChainMakerListSpec){ .next_update = NOW - 1, .revoked = f->leaf }, "revoked");
  check (f, (ChainMakerListSpec){ .next_update = -1, .revoked = f->leaf }, "revoked");
}

static void
test_signers (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) namesake = make ("Authority", CA, NULL);
  g_autoptr (ChainMakerCertificate) no_lists =
      make ("Authority", "basicConstraints=critical,CA:TRUE|keyUsage=critical,keyCertSign", f->root);
  g_autoptr (ChainMakerCertificate) below = make ("Server", LEAF, no_lists);
  g_autoptr (GBytes) list = NULL;

  check (f, (ChainMakerListSpec){ .signer = f->root, .revoked = f->leaf }, "unknown");
  check (f, (ChainMakerListSpec){ .signer = f->leaf, .revoked = f->leaf }, "unknown");
  check (f, (ChainMakerListSpec){ .signer = namesake }, "unknown");
  check (f, (ChainMakerListSpec){ .issuer = f->root, .revoked = f->leaf }, "unknown");
  check (f, (ChainMakerListSpec){ .issuer = f->root, .signer = f->issuer }, "unknown");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .digest = "SHA1" }, "not read");
  list = chain_maker_list_new (&(ChainMakerListSpec){ .issuer = no_lists, .revoked = below });
  g_assert_cmpstr (ask (list, below, no_lists, NOW), ==, "unknown");
}

/* The same list again and again: the memory of its signature is of that key alone. */
static void
test_two_keys (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) namesake = make ("Authority", CA, NULL);
  g_autoptr (GBytes) der = chain_maker_list_new (&(ChainMakerListSpec){ .issuer = f->issuer });
  g_autoptr (CardeaCrl) list = cardea_crl_new (der, CARDEA_LIMIT_REVOCATION_LIST_BYTES, NULL);
  g_autoptr (CardeaX509) leaf = read_certificate (f->leaf);
  g_autoptr (CardeaX509) right = read_certificate (f->issuer);
  g_autoptr (CardeaX509) wrong = read_certificate (namesake);
  gint64 until = 0;

  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (cardea_crl_check (list, leaf, wrong, NOW, &until), ==, CARDEA_REVOCATION_UNKNOWN);
    g_assert_cmpint (until, ==, 0);
    g_assert_cmpint (cardea_crl_check (list, leaf, right, NOW, NULL), ==, CARDEA_REVOCATION_GOOD);
  }
  cardea_crl_check (list, leaf, right, NOW, &until);
  g_assert_cmpint (until, ==, DAYS (1));
}

static void
test_extensions (Fixture *f, gconstpointer data)
{
  check (f, (ChainMakerListSpec){ .extensions = "1.2.3.4=DER:0500" }, "good");
  check (f, (ChainMakerListSpec){ .extensions = "1.2.3.4=critical,DER:0500", .revoked = f->leaf },
         "not read");
  /* A list of changes, critical as it must be and not. */
  check (f, (ChainMakerListSpec){ .extensions = "2.5.29.27=critical,DER:020101" }, "not read");
  check (f, (ChainMakerListSpec){ .extensions = "2.5.29.27=DER:020101" }, "not read");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .entry_extension = "1.2.3.4=DER:0500" }, "revoked");
  check (f, (ChainMakerListSpec){ .revoked = f->leaf, .entry_extension = "1.2.3.4=critical,DER:0500" },
         "not read");
  /* Another issuer's certificates. */
  check (f, (ChainMakerListSpec){ .revoked = f->pointed, .entry_extension = "2.5.29.29=critical,DER:3000" },
         "not read");
}

/* Hex of IssuingDistributionPoint with one URL, and what comes behind it. */
static char *
point (const char *url, const char *more)
{
  g_autoptr (GString) hex = g_string_new (NULL);
  gsize n = strlen (url);

  g_string_append_printf (hex, "2.5.29.28=critical,DER:30%02xa0%02xa0%02x86%02x",
                          (guint)(n + 6 + strlen (more) / 2), (guint)(n + 4), (guint)(n + 2), (guint)n);
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (hex, "%02x", (guint)(guint8)url[i]);
  g_string_append (hex, more);
  return g_string_free (g_steal_pointer (&hex), FALSE);
}

/* A part of the revoked ones, for certificates that name it. */
static void
test_parts (Fixture *f, gconstpointer data)
{
  g_autofree char *named = point (POINT, "");
  g_autofree char *other = point ("http://crl.example/2.crl", "");
  g_autofree char *users = point (POINT, "8101ff");
  g_autofree char *authorities = point (POINT, "8201ff");
  g_autofree char *indirect = point (POINT, "8401ff");
  g_autofree char *attributes = point (POINT, "8501ff");
  g_autofree char *reasons = point (POINT, "83020640");
  g_autofree char *false_flag = point (POINT, "810100");

  check_about (f, (ChainMakerListSpec){ .extensions = named }, f->pointed, "good");
  check_about (f, (ChainMakerListSpec){ .extensions = named, .revoked = f->pointed }, f->pointed, "revoked");
  check_about (f, (ChainMakerListSpec){ .extensions = named }, f->leaf, "unknown");
  check_about (f, (ChainMakerListSpec){ .extensions = other }, f->pointed, "unknown");
  check_about (f, (ChainMakerListSpec){ .extensions = users }, f->pointed, "good");
  check_about (f, (ChainMakerListSpec){ .extensions = authorities }, f->pointed, "unknown");
  check_about (f, (ChainMakerListSpec){ .extensions = indirect }, f->pointed, "not read");
  check_about (f, (ChainMakerListSpec){ .extensions = attributes }, f->pointed, "not read");
  check_about (f, (ChainMakerListSpec){ .extensions = reasons }, f->pointed, "not read");
  check_about (f, (ChainMakerListSpec){ .extensions = false_flag }, f->pointed, "not read");
  /* Of all certificates of a kind, without a name. */
  check (f, (ChainMakerListSpec){ .extensions = "2.5.29.28=critical,DER:30038101ff" }, "good");
  check (f, (ChainMakerListSpec){ .extensions = "2.5.29.28=critical,DER:30038201ff" }, "unknown");
  check (f, (ChainMakerListSpec){ .extensions = "2.5.29.28=critical,DER:3000|2.5.29.28=critical,DER:3000" },
         "not read");
}

/* Cut short anywhere, and each byte changed: never another answer than the list's own, or none. The bytes
 * behind what is signed may vary where they still say the same. */
static void
test_mutated (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) der =
      chain_maker_list_new (&(ChainMakerListSpec){ .issuer = f->issuer, .revoked = f->leaf, .reason = 1 });
  gsize length;
  const guint8 *original = g_bytes_get_data (der, &length);
  g_autofree guint8 *bytes = g_memdup2 (original, length);

  for (gsize i = 0; i < length; i++) {
    g_autoptr (GBytes) cut = g_bytes_new (original, i);
    g_autoptr (GBytes) changed = NULL;
    const char *answer;

    g_assert_cmpstr (ask (cut, f->leaf, f->issuer, NOW), ==, "not read");
    bytes[i] ^= 1 << (i % 8);
    changed = g_bytes_new (bytes, length);
    answer = ask (changed, f->leaf, f->issuer, NOW);
    g_assert_true (g_str_equal (answer, "not read") || g_str_equal (answer, "unknown"));
    bytes[i] = original[i];
  }
}

static void
test_not_lists (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) behind = NULL;
  g_autoptr (GBytes) list = chain_maker_list_new (&(ChainMakerListSpec){ .issuer = f->issuer });
  g_autoptr (GByteArray) longer = g_byte_array_new ();

  g_assert_cmpstr (ask (empty, f->leaf, f->issuer, NOW), ==, "not read");
  g_assert_cmpstr (ask (chain_maker_certificate_get_der (f->leaf), f->leaf, f->issuer, NOW), ==, "not read");
  g_byte_array_append (longer, g_bytes_get_data (list, NULL), (guint)g_bytes_get_size (list));
  g_byte_array_append (longer, (const guint8 *)"\n", 1);
  behind = g_byte_array_free_to_bytes (g_steal_pointer (&longer));
  g_assert_cmpstr (ask (behind, f->leaf, f->issuer, NOW), ==, "not read");
}

static void
test_limit (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) der = chain_maker_list_new (&(ChainMakerListSpec){ .issuer = f->issuer });
  gsize length = g_bytes_get_size (der);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCrl) fits = cardea_crl_new (der, length, &error);

  g_assert_no_error (error);
  g_assert_nonnull (fits);
  g_assert_null (cardea_crl_new (der, length - 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

/* Reading, sorting and a hundred thousand look-ups. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) der = chain_maker_list_new (
      &(ChainMakerListSpec){ .issuer = f->issuer, .revoked = f->leaf, .others = 100000 });
  g_autoptr (CardeaX509) leaf = read_certificate (f->leaf);
  g_autoptr (CardeaX509) other = read_certificate (f->pointed);
  g_autoptr (CardeaX509) issuer = read_certificate (f->issuer);
  gint64 began = g_get_monotonic_time ();
  g_autoptr (CardeaCrl) list = cardea_crl_new (der, CARDEA_LIMIT_REVOCATION_LIST_BYTES, NULL);
  double seconds;

  g_assert_nonnull (list);
  g_assert_cmpuint (cardea_crl_count_entries (list), ==, 100001);
  for (guint i = 0; i < 50000; i++) {
    g_assert_cmpint (cardea_crl_check (list, leaf, issuer, NOW, NULL), ==, CARDEA_REVOCATION_REVOKED);
    g_assert_cmpint (cardea_crl_check (list, other, issuer, NOW, NULL), ==, CARDEA_REVOCATION_GOOD);
  }
  seconds = (double)(g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  g_test_message ("%" G_GSIZE_FORMAT " bytes: %.3f s", g_bytes_get_size (der), seconds);
  /* A pass over the list for each look-up would take minutes. */
  g_assert_cmpfloat (seconds, <, 20);
}

/* Longer ones than authorities may use; past the last the list is not read. */
static void
test_serials (Fixture *f, gconstpointer data)
{
  static const guint lengths[] = { 1, 2, 20, 21, 127, 128, 65535 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    check (f, (ChainMakerListSpec){ .long_serial = lengths[i] }, "good");
    check (f, (ChainMakerListSpec){ .long_serial = lengths[i], .revoked = f->leaf, .others = 9 }, "revoked");
  }
  check (f, (ChainMakerListSpec){ .long_serial = 65536, .revoked = f->leaf }, "not read");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "status", test_status },   { "reasons", test_reasons },   { "times", test_times },
    { "signers", test_signers }, { "two-keys", test_two_keys }, { "extensions", test_extensions },
    { "parts", test_parts },     { "mutated", test_mutated },   { "not-lists", test_not_lists },
    { "limit", test_limit },     { "many", test_many },         { "serials", test_serials },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/crl/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
