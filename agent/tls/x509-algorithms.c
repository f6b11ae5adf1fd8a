/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which signatures and keys are strong enough to be believed.
 *
 * A list of what is allowed, not of what is known to be broken: SHA-2 with RSA or ECDSA on the three curves
 * TLS uses. NSS's own policy says the same when it verifies; here it is said before, with words for a person.
 */

#include <keyhi.h>
#include <secoid.h>

#include "agent/base/nss-cleanup.h"
#include "agent/tls/x509-parts.h"

/* NSS's bound for a signature it verifies is 16384; a verification then takes milliseconds, and a peer
 * chooses how many. */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

static const CardeaFlaw flaw_hash = { "weak",
                                      "is signed with a hash that can be forged (such as SHA-1 or MD5)" };
static const CardeaFlaw flaw_signature = { "weak", "is signed with an algorithm that is not accepted" };
static const CardeaFlaw flaw_algorithm = { "malformed", "names a signature algorithm that cannot be read" };
static const CardeaFlaw flaw_rsa = { "weak", "has an RSA key of less than 2048 bits" };
static const CardeaFlaw flaw_rsa_large = { "too_large", "has an RSA key of more than 8192 bits" };
static const CardeaFlaw flaw_exponent = { "weak", "has an RSA key with an unsafe exponent" };
static const CardeaFlaw flaw_curve = { "weak", "has a key on an elliptic curve that is not accepted" };
static const CardeaFlaw flaw_key = { "weak", "has a kind of key that is not accepted" };
static const CardeaFlaw flaw_key_unknown = { "invalid", "has a key of a kind that is not known here" };

static SECOidTag
find_tag (CardeaDer oid)
{
  SECItem item = { siDEROID, (unsigned char *)oid.data, oid.length };

  return SECOID_FindOIDTag (&item);
}

/* What follows the identifier of an algorithm that has no parameters: nothing, or, where @null, a NULL. */
static gboolean
has_no_parameters (CardeaDer parameters, gboolean null)
{
  static const guint8 der_null[] = { 0x05, 0x00 };

  return parameters.length == 0 || (null && cardea_der_equal_bytes (parameters, der_null, sizeof der_null));
}

/* An AlgorithmIdentifier with a hash; its length in bytes, 0 for one that is not accepted. */
static guint
read_hash (CardeaDer algorithm)
{
  CardeaDer fields, oid;

  if (!cardea_der_read_only (algorithm, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read (&fields, CARDEA_DER_OID, &oid) || !has_no_parameters (fields, TRUE))
    return 0;
  switch (find_tag (oid)) {
  case SEC_OID_SHA256:
    return 32;
  case SEC_OID_SHA384:
    return 48;
  case SEC_OID_SHA512:
    return 64;
  default:
    return 0;
  }
}

/* RSASSA-PSS-params (RFC 4055, 3.1), the hash that masks being the one that is signed; what is absent means
 * SHA-1 and a salt of 20 bytes. */
static const CardeaFlaw *
check_pss (CardeaDer parameters)
{
  CardeaDer fields, hash, mask, salt, number, oid;
  guint length, salt_length;

  if (!cardea_der_read_only (parameters, CARDEA_DER_SEQUENCE, &fields))
    return &flaw_algorithm;
  if (!cardea_der_read (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &hash) ||
      !cardea_der_read (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (1), &mask))
    return &flaw_hash;
  length = read_hash (hash);
  if (length == 0)
    return &flaw_hash;
  if (!cardea_der_read_only (mask, CARDEA_DER_SEQUENCE, &mask) ||
      !cardea_der_read (&mask, CARDEA_DER_OID, &oid) || find_tag (oid) != SEC_OID_PKCS1_MGF1 ||
      read_hash (mask) != length)
    return &flaw_signature;
  if (!cardea_der_read (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (2), &salt) ||
      !cardea_der_read_only (salt, CARDEA_DER_INTEGER, &number) ||
      !cardea_der_to_uint (number, &salt_length) || salt_length < length || fields.length > 0)
    return &flaw_algorithm;
  return NULL;
}

const CardeaFlaw *
cardea_x509_check_signature_algorithm (CardeaDer algorithm)
{
  CardeaDer fields, oid;

  if (!cardea_der_read_only (algorithm, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read (&fields, CARDEA_DER_OID, &oid))
    return &flaw_algorithm;
  switch (find_tag (oid)) {
  case SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION:
  case SEC_OID_PKCS1_SHA384_WITH_RSA_ENCRYPTION:
  case SEC_OID_PKCS1_SHA512_WITH_RSA_ENCRYPTION:
    return has_no_parameters (fields, TRUE) ? NULL : &flaw_algorithm;
  case SEC_OID_ANSIX962_ECDSA_SHA256_SIGNATURE:
  case SEC_OID_ANSIX962_ECDSA_SHA384_SIGNATURE:
  case SEC_OID_ANSIX962_ECDSA_SHA512_SIGNATURE:
    return has_no_parameters (fields, FALSE) ? NULL : &flaw_algorithm;
  case SEC_OID_PKCS1_RSA_PSS_SIGNATURE:
    return check_pss (fields);
  case SEC_OID_PKCS1_SHA1_WITH_RSA_ENCRYPTION:
  case SEC_OID_ANSIX962_ECDSA_SHA1_SIGNATURE:
  case SEC_OID_PKCS1_MD5_WITH_RSA_ENCRYPTION:
  case SEC_OID_PKCS1_MD2_WITH_RSA_ENCRYPTION:
    return &flaw_hash;
  default:
    return &flaw_signature;
  }
}

static const CardeaFlaw *
check_curve (const SECKEYPublicKey *key)
{
  CardeaDer parameters = { key->u.ec.DEREncodedParams.data, key->u.ec.DEREncodedParams.len };
  CardeaDer oid;

  if (!cardea_der_read_only (parameters, CARDEA_DER_OID, &oid))
    return &flaw_curve;
  switch (find_tag (oid)) {
  case SEC_OID_SECG_EC_SECP256R1:
  case SEC_OID_SECG_EC_SECP384R1:
  case SEC_OID_SECG_EC_SECP521R1:
    return NULL;
  default:
    return &flaw_curve;
  }
}

/* Odd and from 3 to 2^64: 1 would let anybody sign, and one as long as the modulus costs a hundred times the
 * work. */
static gboolean
is_exponent (const SECItem *item)
{
  const guchar *bytes = item->data;
  gsize length = item->len;

  for (; length > 0 && *bytes == 0; length--)
    bytes++;
  return length > 0 && length <= 8 && (bytes[length - 1] & 1) != 0 && (length > 1 || bytes[0] >= 3);
}

const CardeaFlaw *
cardea_x509_check_key (const CardeaX509 *self)
{
  g_autoptr (SECKEYPublicKey) key = cardea_x509_dup_key (self);
  guint bits;

  if (key == NULL)
    return &flaw_key_unknown;
  switch (SECKEY_GetPublicKeyType (key)) {
  case rsaKey:
  case rsaPssKey:
    if (!is_exponent (&key->u.rsa.publicExponent))
      return &flaw_exponent;
    bits = SECKEY_PublicKeyStrengthInBits (key);
    return bits < RSA_BITS_MIN ? &flaw_rsa : bits > RSA_BITS_MAX ? &flaw_rsa_large : NULL;
  case ecKey:
    return check_curve (key);
  default:
    return &flaw_key;
  }
}
