/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an object of the slot says about itself.
 *
 * NSS decides from these attributes how to use a key: CKA_ALWAYS_AUTHENTICATE or CKA_PRIVATE would make it
 * ask for a login that this slot does not have, CKA_MODULUS and CKA_EC_PARAMS give it the size of a
 * signature. */

#include "agent/front/object.h"

#include <string.h>

static CK_RV
fill (CK_ATTRIBUTE *attribute, const void *value, gsize length)
{
  if (attribute->pValue == NULL) {
    attribute->ulValueLen = length;
    return CKR_OK;
  }
  if (attribute->ulValueLen < length) {
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_BUFFER_TOO_SMALL;
  }
  if (length > 0)
    memcpy (attribute->pValue, value, length);
  attribute->ulValueLen = length;
  return CKR_OK;
}

static CK_RV
fill_bytes (CK_ATTRIBUTE *attribute, GBytes *bytes)
{
  gsize length;
  const void *value = g_bytes_get_data (bytes, &length);
  return fill (attribute, value, length);
}

static CK_RV
fill_ulong (CK_ATTRIBUTE *attribute, CK_ULONG value)
{
  return fill (attribute, &value, sizeof value);
}

static CK_RV
fill_bool (CK_ATTRIBUTE *attribute, CK_BBOOL value)
{
  return fill (attribute, &value, sizeof value);
}

static CK_RV
refuse (CK_ATTRIBUTE *attribute, CK_RV result)
{
  attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
  return result;
}

static CK_RV
get_certificate_attribute (const FrontObject *object, CK_ATTRIBUTE *attribute)
{
  switch (attribute->type) {
  case CKA_CLASS:
    return fill_ulong (attribute, CKO_CERTIFICATE);
  case CKA_CERTIFICATE_TYPE:
    return fill_ulong (attribute, CKC_X_509);
  case CKA_VALUE:
    return fill_bytes (attribute, object->name);
  case CKA_TOKEN:
    return fill_bool (attribute, CK_TRUE);
  case CKA_PRIVATE:
  case CKA_MODIFIABLE:
  case CKA_TRUSTED:
    return fill_bool (attribute, CK_FALSE);
  case CKA_LABEL:
    return fill (attribute, "", 0);
  default:
    return refuse (attribute, CKR_ATTRIBUTE_TYPE_INVALID);
  }
}

static CK_RV
get_key_flag (CK_ATTRIBUTE *attribute)
{
  switch (attribute->type) {
  case CKA_TOKEN:
  case CKA_SIGN:
  case CKA_SENSITIVE:
  case CKA_ALWAYS_SENSITIVE:
  case CKA_NEVER_EXTRACTABLE:
    return fill_bool (attribute, CK_TRUE);
  case CKA_PRIVATE:
  case CKA_MODIFIABLE:
  case CKA_DECRYPT:
  case CKA_SIGN_RECOVER:
  case CKA_UNWRAP:
  case CKA_DERIVE:
  case CKA_EXTRACTABLE:
  case CKA_ALWAYS_AUTHENTICATE:
    return fill_bool (attribute, CK_FALSE);
  default:
    return refuse (attribute, CKR_ATTRIBUTE_TYPE_INVALID);
  }
}

static CK_RV
get_key_attribute (const FrontObject *object, CK_ATTRIBUTE *attribute)
{
  gboolean rsa = object->type == CARDEA_FRONT_RSA;

  switch (attribute->type) {
  case CKA_CLASS:
    return fill_ulong (attribute, CKO_PRIVATE_KEY);
  case CKA_KEY_TYPE:
    return fill_ulong (attribute, rsa ? CKK_RSA : CKK_EC);
  case CKA_ID:
    return fill_bytes (attribute, object->name);
  case CKA_LABEL:
    return fill (attribute, "", 0);
  case CKA_MODULUS:
    return rsa ? fill_bytes (attribute, object->parameters) : refuse (attribute, CKR_ATTRIBUTE_TYPE_INVALID);
  case CKA_EC_PARAMS:
    return rsa ? refuse (attribute, CKR_ATTRIBUTE_TYPE_INVALID) : fill_bytes (attribute, object->parameters);
  case CKA_VALUE:
  case CKA_PRIVATE_EXPONENT:
  case CKA_PRIME_1:
  case CKA_PRIME_2:
    return refuse (attribute, CKR_ATTRIBUTE_SENSITIVE);
  default:
    return get_key_flag (attribute);
  }
}

CK_RV
front_object_get_attribute (const FrontObject *object, CK_ATTRIBUTE *attribute)
{
  return object->kind == OBJECT_KEY ? get_key_attribute (object, attribute)
                                    : get_certificate_attribute (object, attribute);
}

/* Named curves by the last bytes of their identifiers (RFC 5480, 2.1.1.1); another one may be as large as
 * P-521. */
static gsize
get_curve_signature_length (GBytes *parameters)
{
  static const guint8 p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
  static const guint8 p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
  gsize length;
  const guint8 *data = g_bytes_get_data (parameters, &length);

  if (length == sizeof p256 && memcmp (data, p256, length) == 0)
    return 2 * 32;
  if (length == sizeof p384 && memcmp (data, p384, length) == 0)
    return 2 * 48;
  return 2 * 66;
}

gsize
front_object_get_signature_length (const FrontObject *object)
{
  return object->type == CARDEA_FRONT_RSA ? g_bytes_get_size (object->parameters)
                                          : get_curve_signature_length (object->parameters);
}
