/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One decided certificate and its key, as NSS has to see them.
 *
 * The key's identifier is random and for this handshake alone, so that no other connection can sign with it
 * and nothing NSS remembers can find it again. Issuers are held as temporary certificates, because NSS sends
 * only those that it knows. NSS sends whatever a token returns, so each signature is verified with the
 * certificate first: a swapped card or a broken token must not show a server anything. */

#include "agent/tls/decision.h"

#include "agent/base/certificate-key.h"
#include "agent/base/nss-cleanup.h"
#include "agent/tls/failure.h"

#include <pk11pub.h>
#include <prerror.h>
#include <secerr.h>
#include <string.h>

/* Shared by the decision and the front module's entry, whichever goes last. */
typedef struct
{
  gatomicrefcount references;
  CardeaFrontSign sign;
  gpointer user_data;
  GDestroyNotify destroy;
  CardeaCertificate *certificate;
  const SECKEYPublicKey *public_key; /* the certificate's */
  int outcome;                       /* CardeaSignOutcome, atomic */
  int signatures;                    /* atomic */
} Signing;

struct _CardeaDecision
{
  Signing *signing;
  guint8 id[32];
  gboolean published;
  GBytes *der;
  CERTCertificate *certificate;
  GPtrArray *issuers; /* CERTCertificate */
};

static Signing *
signing_new (const CardeaSigner *signer)
{
  Signing *self = g_new0 (Signing, 1);

  g_atomic_ref_count_init (&self->references);
  self->sign = signer->sign;
  self->user_data = signer->user_data;
  self->destroy = signer->destroy;
  self->certificate = cardea_certificate_ref (signer->certificate);
  self->public_key = cardea_certificate_get_public_key (signer->certificate);
  return self;
}

static void
signing_unref (gpointer data)
{
  Signing *self = data;

  if (!g_atomic_ref_count_dec (&self->references))
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  cardea_certificate_unref (self->certificate);
  g_free (self);
}

static CK_RSA_PKCS_PSS_PARAMS
get_pss_parameters (guint hash_bits)
{
  switch (hash_bits) {
  case 384:
    return (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA384, CKG_MGF1_SHA384, 48 };
  case 512:
    return (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA512, CKG_MGF1_SHA512, 64 };
  default:
    return (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA256, CKG_MGF1_SHA256, 32 };
  }
}

/* Only what TLS 1.2 signs of ours: DigestInfo of SHA-256 and longer (RFC 8017, 9.2, note 1). */
static gboolean
is_digest_info (const CardeaFrontSignRequest *request)
{
  static const guint8 oid[] = { 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02 };
  static const guint8 kinds[][2] = { { 1, 32 }, { 2, 48 }, { 3, 64 } };
  const guint8 *data = request->data;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    guint8 size = kinds[i][1];

    if (request->length == 19u + size && data[0] == 0x30 && data[1] == 17 + size && data[2] == 0x30 &&
        data[3] == 13 && memcmp (data + 4, oid, sizeof oid) == 0 && data[14] == kinds[i][0] &&
        memcmp (data + 15, (const guint8[]){ 0x05, 0x00, 0x04, size }, 4) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
verify (const Signing *self, const CardeaFrontSignRequest *request, guint8 *signature, gsize length)
{
  CK_RSA_PKCS_PSS_PARAMS pss = get_pss_parameters (request->hash_bits);
  SECItem parameters = { siBuffer, (unsigned char *)&pss, sizeof pss };
  SECItem data = { siBuffer, (unsigned char *)request->data, (unsigned int)request->length };
  SECItem signed_data = { siBuffer, signature, (unsigned int)length };
  SECKEYPublicKey *key = (SECKEYPublicKey *)self->public_key; /* only read, as it is in a slot */

  switch (request->mechanism) {
  case CARDEA_FRONT_RSA_PSS:
    return PK11_VerifyWithMechanism (key, CKM_RSA_PKCS_PSS, &parameters, &signed_data, &data, NULL) ==
           SECSuccess;
  case CARDEA_FRONT_RSA_PKCS1:
    return PK11_VerifyWithMechanism (key, CKM_RSA_PKCS, NULL, &signed_data, &data, NULL) == SECSuccess;
  case CARDEA_FRONT_ECDSA:
    return PK11_VerifyWithMechanism (key, CKM_ECDSA, NULL, &signed_data, &data, NULL) == SECSuccess;
  }
  return FALSE;
}

/* CardeaFrontSign; called inside C_Sign on a worker. */
static gboolean
sign_and_verify (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  Signing *self = data;
  gsize room = *length;
  gboolean known = request->mechanism != CARDEA_FRONT_RSA_PKCS1 || is_digest_info (request);

  if (!known || !self->sign (self->user_data, request, signature, length)) {
    g_atomic_int_set (&self->outcome, CARDEA_SIGN_REFUSED);
    return FALSE;
  }
  if (*length > room || !verify (self, request, signature, *length)) {
    g_atomic_int_set (&self->outcome, CARDEA_SIGN_WRONG);
    return FALSE;
  }
  g_atomic_int_inc (&self->signatures);
  g_atomic_int_set (&self->outcome, CARDEA_SIGN_DONE);
  return TRUE;
}

static CERTCertificate *
make_temporary (GBytes *der)
{
  gsize length;
  const void *data = g_bytes_get_data (der, &length);
  SECItem item = { siDERCertBuffer, (unsigned char *)data, (unsigned int)length };

  return CERT_NewTempCertificate (CERT_GetDefaultCertDB (), &item, NULL, PR_FALSE, PR_TRUE);
}

/* NSS keeps in the certificate, without a lock, which slot it was found in: the look-up makes it do so now,
 * before threads share it. */
CERTCertificate *
cardea_decision_publish_certificate (GBytes *der)
{
  CERTCertificate *certificate = make_temporary (der);
  PK11SlotInfo *slot = NULL;

  if (certificate == NULL)
    return NULL;
  cardea_front_add_certificate (der);
  PK11_FindObjectForCert (certificate, NULL, &slot);
  g_clear_pointer (&slot, PK11_FreeSlot);
  return certificate;
}

void
cardea_decision_forget_certificate (CERTCertificate *certificate, GBytes *der)
{
  cardea_front_remove_certificate (der);
  CERT_DestroyCertificate (certificate);
}

static void
publish_key (CardeaDecision *self, CardeaCertificate *certificate)
{
  gboolean rsa = cardea_certificate_get_key_type (certificate) == CARDEA_KEY_RSA;

  g_atomic_ref_count_inc (&self->signing->references);
  cardea_front_add_key (self->id, rsa ? CARDEA_FRONT_RSA : CARDEA_FRONT_EC,
                        cardea_certificate_get_key_parameters (certificate), sign_and_verify, self->signing,
                        signing_unref);
  self->published = TRUE;
}

static void
add_issuers (CardeaDecision *self, GPtrArray *issuers)
{
  for (guint i = 0; issuers != NULL && i < issuers->len; i++) {
    CERTCertificate *issuer = make_temporary (g_ptr_array_index (issuers, i));
    if (issuer != NULL)
      g_ptr_array_add (self->issuers, issuer);
  }
}

static GError *
make_error (PRErrorCode code)
{
  if (code == SEC_ERROR_REUSED_ISSUER_AND_SERIAL)
    return cardea_failure_new (
        NULL,
        "The chosen certificate has the issuer and serial number of a different certificate that an open "
        "connection uses. End that connection, or choose another certificate.");
  return cardea_failure_new (
      NULL, "The key of the chosen certificate is of a kind that cannot be used here. Choose another "
            "certificate.");
}

CardeaDecision *
cardea_decision_new (const CardeaSigner *signer, GError **error)
{
  g_autoptr (CardeaDecision) self = g_new0 (CardeaDecision, 1);

  self->signing = signing_new (signer);
  self->issuers = g_ptr_array_new_with_free_func ((GDestroyNotify)CERT_DestroyCertificate);
  self->der = g_bytes_ref (cardea_certificate_get_der (signer->certificate));
  PR_SetError (0, 0);
  self->certificate = cardea_decision_publish_certificate (self->der);
  if (self->certificate == NULL || self->signing->public_key == NULL ||
      cardea_certificate_get_key_parameters (signer->certificate) == NULL ||
      PK11_GenerateRandom (self->id, sizeof self->id) != SECSuccess) {
    g_propagate_error (error, make_error (PR_GetError ()));
    return NULL;
  }
  add_issuers (self, signer->issuers);
  publish_key (self, signer->certificate);
  return g_steal_pointer (&self);
}

void
cardea_decision_revoke (CardeaDecision *self)
{
  if (self->published)
    cardea_front_remove_key (self->id);
  self->published = FALSE;
}

void
cardea_decision_free (CardeaDecision *self)
{
  cardea_decision_revoke (self);
  if (self->certificate != NULL)
    cardea_decision_forget_certificate (self->certificate, self->der);
  g_ptr_array_unref (self->issuers);
  g_bytes_unref (self->der);
  signing_unref (self->signing);
  g_free (self);
}

SECKEYPrivateKey *
cardea_decision_find_key (CardeaDecision *self)
{
  g_autoptr (PK11SlotInfo) slot = PK11_FindSlotByName (CARDEA_FRONT_TOKEN_LABEL);
  SECItem id = { siBuffer, self->id, sizeof self->id };

  return slot != NULL ? PK11_FindKeyByKeyID (slot, &id, NULL) : NULL;
}

CERTCertificate *
cardea_decision_get_certificate (CardeaDecision *self)
{
  return self->certificate;
}

CardeaSignOutcome
cardea_decision_get_outcome (CardeaDecision *self)
{
  return (CardeaSignOutcome)g_atomic_int_get (&self->signing->outcome);
}

guint
cardea_decision_count_signatures (CardeaDecision *self)
{
  return (guint)g_atomic_int_get (&self->signing->signatures);
}
