/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signatures on what is not a certificate. NSS wants no more than the three parts that all signed things of
 * X.509 begin with. */

#include "agent/tls/signed.h"

#include <keyhi.h>
#include <secder.h>

#include "agent/base/nss-cleanup.h"

enum
{
  TAG_GENERALIZED_TIME = 0x18,
};

static gboolean
verify (CardeaDer data, CardeaDer algorithm, CardeaDer signature, SECKEYPublicKey *key)
{
  SECItem algorithm_item = { siBuffer, (unsigned char *)algorithm.data, algorithm.length };
  CERTSignedData signed_data = {
    .data = { siBuffer, (unsigned char *)data.data, data.length },
    .signature = { siBuffer, (unsigned char *)signature.data + 1, (signature.length - 1) * 8 },
  };
  PLArenaPool *arena = PORT_NewArena (DER_DEFAULT_CHUNKSIZE);
  gboolean valid;

  if (arena == NULL)
    return FALSE;
  valid = SEC_QuickDERDecodeItem (arena, &signed_data.signatureAlgorithm,
                                  SEC_ASN1_GET (SECOID_AlgorithmIDTemplate), &algorithm_item) == SECSuccess &&
          CERT_VerifySignedDataWithPublicKey (&signed_data, key, NULL) == SECSuccess;
  PORT_FreeArena (arena, PR_FALSE);
  return valid;
}

gboolean
cardea_signed_is_by (CardeaDer signed_data, const CardeaX509 *signer)
{
  CardeaDer fields, data, algorithm, signature;
  g_autoptr (SECKEYPublicKey) key = cardea_x509_dup_key (signer);

  return key != NULL && cardea_der_read_only (signed_data, CARDEA_DER_SEQUENCE, &fields) &&
         cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &data) &&
         cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &algorithm) &&
         cardea_der_read (&fields, CARDEA_DER_BIT_STRING, &signature) && signature.length > 1 &&
         signature.data[0] == 0 && verify (data, algorithm, signature, key);
}

gboolean
cardea_signed_read_time (CardeaDer *fields, gint64 *seconds)
{
  CardeaDer contents;
  SECItem item;
  PRTime time;

  if (!cardea_der_read (fields, TAG_GENERALIZED_TIME, &contents))
    return FALSE;
  item = (SECItem){ siGeneralizedTime, (unsigned char *)contents.data, contents.length };
  if (DER_GeneralizedTimeToTime (&time, &item) != SECSuccess)
    return FALSE;
  *seconds = time / PR_USEC_PER_SEC;
  return TRUE;
}
