/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* RSA-PSS of the bare operation: OpenSSL makes a signature of each block, as a token would, and finds that it
 * is one. */

#include "agent/token-host/pss.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static const guint hashes[] = { 256, 384, 512 };

static const EVP_MD *
get_md (guint bits)
{
  return bits == 256 ? EVP_sha256 () : bits == 384 ? EVP_sha384 () : EVP_sha512 ();
}

static void
fill (guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8)g_test_rand_int ();
}

static GBytes *
sign_bare (EVP_PKEY *key, GBytes *block)
{
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (key, NULL);
  gsize length = (gsize)EVP_PKEY_get_size (key);
  g_autofree guint8 *signature = g_malloc0 (length);

  g_assert_cmpint (EVP_PKEY_sign_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_padding (context, RSA_NO_PADDING), ==, 1);
  g_assert_cmpint (
      EVP_PKEY_sign (context, signature, &length, g_bytes_get_data (block, NULL), g_bytes_get_size (block)),
      ==, 1);
  return g_bytes_new (signature, length);
}

static gboolean
verify (EVP_PKEY *key, GBytes *signature, const guint8 *digest, guint bits)
{
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (key, NULL);

  g_assert_cmpint (EVP_PKEY_verify_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_pss_saltlen (context, RSA_PSS_SALTLEN_DIGEST), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_signature_md (context, get_md (bits)), ==, 1);
  return EVP_PKEY_verify (context, g_bytes_get_data (signature, NULL), g_bytes_get_size (signature), digest,
                          bits / 8) == 1;
}

static void
try_key (EVP_PKEY *key, guint hash_bits)
{
  gsize modulus_bits = (gsize)EVP_PKEY_get_bits (key);
  guint8 digest[64], salt[64];
  g_autoptr (GBytes) block = NULL;
  g_autoptr (GBytes) signature = NULL;

  fill (digest, sizeof digest);
  fill (salt, sizeof salt);
  block = cardea_pss_encode (digest, salt, hash_bits, modulus_bits);
  g_assert_nonnull (block);
  g_assert_cmpuint (g_bytes_get_size (block), ==, (modulus_bits + 7) / 8);
  signature = sign_bare (key, block);
  g_assert_true (verify (key, signature, digest, hash_bits));
  digest[0] ^= 1;
  g_assert_false (verify (key, signature, digest, hash_bits));
}

/* Each number of bits in the first byte, and the sizes there are. */
static void
test_sizes (void)
{
  static const gsize sizes[] = {
    1048, 1049, 1050, 1051, 1052, 1053, 1054, 1055, 1056, 2048, 2049, 3072, 4096
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (EVP_PKEY) key = EVP_RSA_gen (sizes[i]);

    for (guint j = 0; j < G_N_ELEMENTS (hashes); j++)
      for (guint times = 0; times < 4; times++)
        try_key (key, hashes[j]);
  }
}

/* At what RFC 8017, 9.1.1 step 3 wants, and one bit less. */
static void
test_too_short (void)
{
  static const guint8 zeros[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++) {
    gsize least = 8 * (2 * (hashes[i] / 8) + 1) + 2; /* of the modulus: the block has one bit less */
    g_autoptr (GBytes) fits = cardea_pss_encode (zeros, zeros, hashes[i], least);

    g_assert_nonnull (fits);
    g_assert_null (cardea_pss_encode (zeros, zeros, hashes[i], least - 1));
    g_assert_null (cardea_pss_encode (zeros, zeros, hashes[i], 0));
  }
  g_assert_null (cardea_pss_encode (zeros, zeros, 160, 2048));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pss/sizes", test_sizes);
  g_test_add_func ("/pss/too-short", test_too_short);
  return g_test_run ();
}
