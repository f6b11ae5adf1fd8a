/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates from hostile hands: too large, cut, followed by rubbish, each byte changed, names that lie. */

#include "agent/base/certificate.h"

#include <nss.h>
#include <string.h>

#include "socket-api/limits.h"
#include "tests/unit/load-certificate.h"

static void
assert_refused (const guint8 *bytes, gsize length)
{
  g_autoptr (GBytes) der = g_bytes_new (bytes, length);
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_certificate_new (der, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static GByteArray *
load_bytes (const char *name)
{
  return g_bytes_unref_to_array (load_der (name));
}

static void
test_cut (void)
{
  g_autoptr (GByteArray) bytes = load_bytes ("client-rsa");

  for (guint length = 0; length < bytes->len; length++)
    assert_refused (bytes->data, length);
}

/* The outer length is made to match, so that only what is inside tells that it is cut. */
static void
test_cut_inside (void)
{
  g_autoptr (GByteArray) bytes = load_bytes ("client-rsa");

  g_assert_cmphex (bytes->data[1], ==, 0x82);
  for (guint length = 4 + 0x100; length < bytes->len; length++) {
    bytes->data[2] = (guint8)((length - 4) >> 8);
    bytes->data[3] = (guint8)(length - 4);
    assert_refused (bytes->data, length);
  }
}

static void
test_trailing_bytes (void)
{
  g_autoptr (GByteArray) bytes = load_bytes ("client-p256");

  g_byte_array_append (bytes, (const guint8 *)"\0", 1);
  assert_refused (bytes->data, bytes->len);
  /* The same byte inside the outer sequence. */
  bytes->data[3]++;
  assert_refused (bytes->data, bytes->len);
}

static void
test_lengths (void)
{
  static const guint8 cases[][6] = {
    { 0x30, 0x80, 0x00, 0x00, 0x00, 0x00 }, { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff },
    { 0x30, 0x81, 0x03, 0x00, 0x00, 0x00 }, { 0x30, 0x82, 0x00, 0x02, 0x05, 0x00 },
    { 0x30, 0x04, 0x30, 0x00, 0x30, 0x00 }, { 0x31, 0x04, 0x30, 0x00, 0x30, 0x00 },
    { 0x30, 0xff, 0xff, 0xff, 0xff, 0xff }, { 0x30, 0x83, 0x00, 0x00, 0x01, 0x00 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i], sizeof cases[i]);
}

/* A certificate of exactly @total bytes: its signature, which nobody checks here, is made that long. Two
 * octets hold each length. */
static GByteArray *
make_of_size (guint total)
{
  g_autoptr (GByteArray) bytes = load_bytes ("client-rsa");
  guint kept =
      (guint)(bytes->data[6] << 8 | bytes->data[7]) + 4 + 12; /* what is signed, then the algorithm */
  guint outer = total - 4, signature = outer - kept - 4;
  const guint8 start[4] = { 0x30, 0x82, (guint8)(outer >> 8), (guint8)outer };
  const guint8 last[4] = { 0x03, 0x82, (guint8)(signature >> 8), (guint8)signature };
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, start, sizeof start);
  g_byte_array_append (out, bytes->data + 4, kept);
  g_byte_array_append (out, last, sizeof last);
  memset (bytes->data, 0, bytes->len);
  while (out->len < total)
    g_byte_array_append (out, bytes->data, MIN (bytes->len, total - out->len));
  return out;
}

static void
test_size (void)
{
  g_autoptr (GByteArray) largest = make_of_size (CARDEA_LIMIT_CERTIFICATE_BYTES);
  g_autoptr (GByteArray) too_large = make_of_size (CARDEA_LIMIT_CERTIFICATE_BYTES + 1);
  g_autoptr (GBytes) der = g_bytes_new (largest->data, largest->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCertificate) certificate = NULL;

  certificate = cardea_certificate_new (der, &error);
  g_assert_no_error (error);
  g_assert_nonnull (certificate);
  assert_refused (too_large->data, too_large->len);
}

/* Whatever one byte becomes, the answer is a certificate whose strings are valid, or an error. */
static void
test_each_byte_changed (void)
{
  static const char *const names[] = { "strange", "client-p256", "email", "signer" };
  static const guint8 values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

  for (gsize n = 0; n < G_N_ELEMENTS (names); n++) {
    g_autoptr (GByteArray) bytes = load_bytes (names[n]);
    guint accepted = 0;

    for (guint i = 0; i < bytes->len * G_N_ELEMENTS (values); i++) {
      guint8 *byte = &bytes->data[i / G_N_ELEMENTS (values)], original = *byte;
      g_autoptr (CardeaCertificate) certificate = NULL;
      g_autoptr (GBytes) der = NULL;

      *byte = values[i % G_N_ELEMENTS (values)];
      der = g_bytes_new (bytes->data, bytes->len);
      *byte = original;
      certificate = cardea_certificate_new (der, NULL);
      if (certificate == NULL)
        continue;
      accepted++;
      g_assert_true (g_utf8_validate (cardea_certificate_get_subject (certificate), -1, NULL));
      g_assert_true (g_utf8_validate (cardea_certificate_get_issuer (certificate), -1, NULL));
      g_assert_cmpuint (strlen (cardea_certificate_get_subject (certificate)), <=, CARDEA_LIMIT_LABEL_BYTES);
    }
    g_assert_cmpuint (accepted, >, 0);
  }
}

static void
test_bad_extensions (void)
{
  static const char *const names[] = { "bad-usage", "bad-key-usage", "bad-constraints" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GByteArray) bytes = load_bytes (names[i]);

    assert_refused (bytes->data, bytes->len);
  }
}

static void
test_strange_name (void)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate ("strange");

  /* As openssl x509 -nameopt RFC2253 has it. */
  g_assert_cmpstr (
      cardea_certificate_get_subject (certificate), ==,
      "L=\\#here,CN=\\ #1 \\\"\\<A\\>\\\"\\;\\+\\\\ \\E2\\80\\AEmoc.knab\\E2\\80\\8B\\0A\\C2\\85\\ ");
  g_assert_cmpstr (cardea_certificate_get_holder (certificate), ==,
                   "#1 \"<A>\";+\\ \uFFFDmoc.knab\uFFFD\uFFFD\uFFFD");
}

static CardeaCertificate *
load_changed (const char *name, const char *from, const char *to)
{
  g_autoptr (GByteArray) bytes = load_bytes (name);
  g_autoptr (GBytes) der = NULL;
  g_autoptr (GError) error = NULL;
  CardeaCertificate *certificate;
  guint8 *place = memmem (bytes->data, bytes->len, from, strlen (from));

  g_assert_nonnull (place);
  memcpy (place, to, strlen (from));
  der = g_bytes_new (bytes->data, bytes->len);
  certificate = cardea_certificate_new (der, &error);
  g_assert_no_error (error);
  return certificate;
}

static void
test_invalid_utf8 (void)
{
  g_autoptr (CardeaCertificate) certificate = load_changed ("server", "server", "s\xff\xc0v\0r");

  g_assert_cmpstr (cardea_certificate_get_subject (certificate), ==, "CN=s\uFFFD\uFFFDv\uFFFDr.example");
}

static void
test_unknown_attribute (void)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate ("other-attribute");

  g_assert_cmpstr (cardea_certificate_get_subject (certificate), ==, "CN=Ada,1.2.3.4.5=#0C046D696E65");
}

static const struct
{
  const char *name;
  CardeaKeyType type;
  guint bits;
  const char *key;
  gsize parameters;
  guint purposes;
} table[] = {
  { "client-rsa", CARDEA_KEY_RSA, 2048, "rsa2048", 256,
    CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SIGNATURE },
  { "weak", CARDEA_KEY_RSA, 1024, "rsa1024", 128, CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SIGNATURE },
  { "client-p256", CARDEA_KEY_EC, 256, "p256", 10, CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SIGNATURE },
  { "client-p384", CARDEA_KEY_EC, 384, "p384", 7,
    CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SERVER_AUTH | CARDEA_PURPOSE_EMAIL |
        CARDEA_PURPOSE_SIGNATURE },
  { "client-p521", CARDEA_KEY_EC, 521, "p521", 7,
    CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SERVER_AUTH | CARDEA_PURPOSE_EMAIL |
        CARDEA_PURPOSE_SIGNATURE },
  { "client-k256", CARDEA_KEY_EC, 0, "other", 7, CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SIGNATURE },
  { "client-ed25519", CARDEA_KEY_OTHER, 0, "other", 0,
    CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SIGNATURE },
  { "email", CARDEA_KEY_EC, 256, "p256", 10, CARDEA_PURPOSE_EMAIL | CARDEA_PURPOSE_SIGNATURE },
  { "server", CARDEA_KEY_EC, 256, "p256", 10, CARDEA_PURPOSE_SERVER_AUTH | CARDEA_PURPOSE_SIGNATURE },
  { "signer", CARDEA_KEY_EC, 256, "p256", 10,
    CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SERVER_AUTH | CARDEA_PURPOSE_EMAIL |
        CARDEA_PURPOSE_NON_REPUDIATION },
  { "sub", CARDEA_KEY_EC, 256, "p256", 10,
    CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SERVER_AUTH | CARDEA_PURPOSE_EMAIL |
        CARDEA_PURPOSE_AUTHORITY },
};

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (CardeaCertificate) certificate = load_certificate (table[i].name);
    GBytes *parameters = cardea_certificate_get_key_parameters (certificate);

    g_test_message ("%s", table[i].name);
    g_assert_cmpint (cardea_certificate_get_key_type (certificate), ==, table[i].type);
    g_assert_cmpuint (cardea_certificate_get_key_bits (certificate), ==, table[i].bits);
    g_assert_cmpstr (cardea_certificate_get_key_name (certificate), ==, table[i].key);
    g_assert_cmpuint (parameters == NULL ? 0 : g_bytes_get_size (parameters), ==, table[i].parameters);
    g_assert_cmphex (cardea_certificate_get_purposes (certificate), ==, table[i].purposes);
  }
}

static void
test_values (void)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate ("client-rsa");
  g_autoptr (CardeaCertificate) issuer = load_certificate ("sub");
  g_autoptr (GBytes) der = load_der ("client-rsa");
  g_autofree char *sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);

  g_assert_cmpstr (cardea_certificate_get_subject (certificate), ==, "CN=Ada Example,O=Example\\, Inc.,C=XX");
  g_assert_cmpstr (cardea_certificate_get_issuer (certificate), ==,
                   "CN=Example Clients,O=Example Trust,C=XX");
  g_assert_cmpstr (cardea_certificate_get_holder (certificate), ==, "Ada Example");
  g_assert_cmpstr (cardea_certificate_get_issuer_holder (certificate), ==, "Example Clients");
  g_assert_cmpstr (cardea_certificate_get_serial (certificate), ==, "c0ffee");
  g_assert_cmpstr (cardea_certificate_get_sha256 (certificate), ==, sha256);
  g_assert_true (g_bytes_equal (cardea_certificate_get_der (certificate), der));
  g_assert_true (g_bytes_equal (cardea_certificate_get_issuer_der (certificate),
                                cardea_certificate_get_subject_der (issuer)));
  g_assert_cmpint (cardea_certificate_get_not_after (certificate) -
                       cardea_certificate_get_not_before (certificate),
                   ==, G_GINT64_CONSTANT (36500) * 24 * 3600);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  g_test_add_func ("/certificate/cut", test_cut);
  g_test_add_func ("/certificate/cut-inside", test_cut_inside);
  g_test_add_func ("/certificate/trailing-bytes", test_trailing_bytes);
  g_test_add_func ("/certificate/lengths", test_lengths);
  g_test_add_func ("/certificate/size", test_size);
  g_test_add_func ("/certificate/each-byte-changed", test_each_byte_changed);
  g_test_add_func ("/certificate/bad-extensions", test_bad_extensions);
  g_test_add_func ("/certificate/strange-name", test_strange_name);
  g_test_add_func ("/certificate/invalid-utf8", test_invalid_utf8);
  g_test_add_func ("/certificate/unknown-attribute", test_unknown_attribute);
  g_test_add_func ("/certificate/table", test_table);
  g_test_add_func ("/certificate/values", test_values);
  result = g_test_run ();
  /* Fails when the units above left a certificate behind. */
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
  return result;
}
