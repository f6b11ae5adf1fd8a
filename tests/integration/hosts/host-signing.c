/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signatures for tests: each in a thread of its own, as the agent's handshakes make them. */

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/fixtures/credentials/credentials.h"
#include "tests/integration/hosts/host-rig.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)

static gpointer
sign_in_thread (gpointer data)
{
  HostSigning *self = data;
  gint64 deadline = g_get_monotonic_time () + self->timeout_ms * 1000;

  cardea_host_sign (self->rig->host, &self->request, deadline, self->cancellable, &self->signature,
                    &self->error);
  g_atomic_int_set (&self->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

HostSigning *
host_signing_start_full (HostRig *rig, const CardeaHostListing *listing, GBytes *id, GBytes *modulus,
                         CardeaSignMechanism mechanism, guint hash_bits, gint64 timeout_ms,
                         GCancellable *cancellable)
{
  HostSigning *self = g_new0 (HostSigning, 1);

  self->rig = rig;
  self->timeout_ms = timeout_ms;
  self->cancellable = cancellable;
  memset (self->digest, 0x42, sizeof (self->digest));
  self->request.generation = listing->generation;
  self->request.slot = host_rig_slot (listing);
  self->request.id = id;
  self->request.modulus = modulus;
  self->request.mechanism = mechanism;
  self->request.hash_bits = hash_bits;
  self->request.data = self->digest;
  self->request.length = hash_bits / 8;
  self->thread = g_thread_new ("signing", sign_in_thread, self);
  return self;
}

HostSigning *
host_signing_start (HostRig *rig, const CardeaHostListing *listing, guint8 id, CardeaSignMechanism mechanism,
                    guint hash_bits, gint64 timeout_ms, GCancellable *cancellable)
{
  return host_signing_start_full (rig, listing, g_bytes_new (&id, 1), NULL, mechanism, hash_bits, timeout_ms,
                                  cancellable);
}

void
host_signing_wait (HostSigning *self)
{
  HOST_RIG_WAIT (g_atomic_int_get (&self->done));
}

void
host_signing_free (HostSigning *self)
{
  g_thread_join (self->thread);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_error (&self->error);
  g_bytes_unref (self->request.id);
  g_clear_pointer (&self->request.modulus, g_bytes_unref);
  g_free (self);
}

static EVP_PKEY *
read_public_key (const char *folder, const char *name)
{
  g_autoptr (GBytes) der = test_credentials_get_der (folder, name);
  gsize length;
  const guint8 *bytes = g_bytes_get_data (der, &length);
  g_autoptr (X509) certificate = d2i_X509 (NULL, &bytes, length);

  g_assert_nonnull (certificate);
  return X509_get_pubkey (certificate);
}

/* PKCS#11's r and s side by side as the DER that OpenSSL verifies. */
static GBytes *
ecdsa_der (GBytes *raw)
{
  g_autoptr (ECDSA_SIG) signature = ECDSA_SIG_new ();
  gsize length;
  const guint8 *bytes = g_bytes_get_data (raw, &length);
  guint8 *der = NULL;
  int der_length;

  g_assert_cmpuint (length, ==, 64);
  ECDSA_SIG_set0 (signature, BN_bin2bn (bytes, 32, NULL), BN_bin2bn (bytes + 32, 32, NULL));
  der_length = i2d_ECDSA_SIG (signature, &der);
  g_assert_cmpint (der_length, >, 0);

  GBytes *result = g_bytes_new (der, der_length);

  OPENSSL_free (der);
  return result;
}

void
host_signing_verify (HostSigning *self, const char *name)
{
  g_autoptr (EVP_PKEY) key = read_public_key (self->rig->folder, name);
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (key, NULL);
  const EVP_MD *hash = self->request.hash_bits == 256   ? EVP_sha256 ()
                       : self->request.hash_bits == 384 ? EVP_sha384 ()
                                                        : EVP_sha512 ();
  g_autoptr (GBytes) signature = NULL;
  gsize length;

  g_assert_no_error (self->error);
  g_assert_nonnull (self->signature);
  g_assert_cmpint (EVP_PKEY_verify_init (context), ==, 1);
  if (self->request.mechanism == CARDEA_SIGN_RSA_PSS || self->request.mechanism == CARDEA_SIGN_RSA_PSS_RAW) {
    g_assert_cmpint (EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING), ==, 1);
    g_assert_cmpint (EVP_PKEY_CTX_set_rsa_pss_saltlen (context, RSA_PSS_SALTLEN_DIGEST), ==, 1);
    g_assert_cmpint (EVP_PKEY_CTX_set_signature_md (context, hash), ==, 1);
  }
  signature = self->request.mechanism == CARDEA_SIGN_ECDSA ? ecdsa_der (self->signature)
                                                           : g_bytes_ref (self->signature);

  const guint8 *bytes = g_bytes_get_data (signature, &length);

  g_assert_cmpint (EVP_PKEY_verify (context, bytes, length, self->digest, self->request.length), ==, 1);
}
