/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One certificate, taken apart once.
 *
 * The bytes come from cards, servers and callers, all of which may be hostile: their size is checked before
 * NSS sees them, and so is that they are one DER element and nothing else (NSS ignores what follows it, which
 * would give one certificate many fingerprints). What is read is copied out at once, so that the value is
 * immutable, may be used on any thread and holds nothing of NSS but, once it was asked for, its public key.
 * An extension that cannot be decoded refuses the certificate: to ignore it would be to drop a restriction.
 */

#include "agent/base/certificate.h"

#include <gio/gio.h>
#include <secder.h>
#include <secerr.h>
#include <string.h>

#include "agent/base/certificate-key.h"
#include "agent/base/name.h"
#include "agent/base/nss-cleanup.h"
#include "socket-api/limits.h"

struct _CardeaCertificate
{
  gint ref_count;
  GBytes *der;
  char *sha256;
  char *subject, *issuer, *serial;
  char *holder, *issuer_holder;
  GBytes *subject_der, *issuer_der;
  gint64 not_before, not_after;
  CardeaKeyType key_type;
  guint key_bits;
  char *key_name;
  CardeaPurposes purposes;
  GBytes *key_parameters;

  GMutex lock;
  SECKEYPublicKey *public_key; /* made once; protected by lock until then */
};

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "This is not a certificate that can be read: %s.",
               what);
  return FALSE;
}

/* The content of a SEQUENCE of definite length that ends where the bytes end (X.690, 8.1.3 and 10.1), or
 * NULL. */
static const guint8 *
enter_sequence (const guint8 *bytes, gsize length, gsize *content)
{
  gsize header = 2, value = 0;

  if (length < header || bytes[0] != 0x30)
    return NULL;
  if (bytes[1] < 0x80) {
    value = bytes[1];
  } else {
    header += bytes[1] & 0x7f;
    if (header < 3 || header > 5 || length < header || bytes[2] == 0)
      return NULL;
    for (gsize i = 2; i < header; i++)
      value = value << 8 | bytes[i];
    if (value < 0x80)
      return NULL;
  }
  if (value != length - header)
    return NULL;
  *content = value;
  return bytes + header;
}

/* NSS exports its decoder of one certificate under no public name. This one takes packages of several forms
 * too, which it tells apart by the first element: a certificate's is a SEQUENCE. */
static CERTCertificate *
decode (GBytes *der, GError **error)
{
  gsize length, content = 0;
  const guint8 *bytes = g_bytes_get_data (der, &length), *inside;
  CERTCertificate *certificate;

  if (length > CARDEA_LIMIT_CERTIFICATE_BYTES) {
    fail (error, "it is larger than 64 KiB");
    return NULL;
  }
  inside = enter_sequence (bytes, length, &content);
  if (inside == NULL || content == 0 || inside[0] != 0x30) {
    fail (error, "it is not one DER element, or something follows it");
    return NULL;
  }
  certificate = CERT_DecodeCertFromPackage ((char *)bytes, (int)length);
  if (certificate == NULL)
    fail (error, "its DER is malformed");
  return certificate;
}

static GBytes *
copy_item (const SECItem *item)
{
  return g_bytes_new (item->data, item->len);
}

static char *
format_serial (const SECItem *serial)
{
  GString *out = g_string_new (NULL);
  guint skip = 0;

  while (skip + 1 < serial->len && serial->data[skip] == 0)
    skip++;
  for (guint i = skip; i < serial->len && out->len < CARDEA_LIMIT_LABEL_BYTES; i++)
    g_string_append_printf (out, "%02x", serial->data[i]);
  return g_string_free (out, FALSE);
}

static gboolean
read_names_and_times (CardeaCertificate *self, CERTCertificate *certificate, GError **error)
{
  PRTime not_before, not_after;

  if (CERT_GetCertTimes (certificate, &not_before, &not_after) != SECSuccess)
    return fail (error, "its period of validity is malformed");
  self->not_before = not_before / G_USEC_PER_SEC;
  self->not_after = not_after / G_USEC_PER_SEC;
  self->subject = cardea_name_to_string (&certificate->subject);
  self->issuer = cardea_name_to_string (&certificate->issuer);
  self->holder = cardea_name_to_short_string (&certificate->subject);
  self->issuer_holder = cardea_name_to_short_string (&certificate->issuer);
  self->subject_der = copy_item (&certificate->derSubject);
  self->issuer_der = copy_item (&certificate->derIssuer);
  self->serial = format_serial (&certificate->serialNumber);
  return TRUE;
}

/* Whether an extension is there; its value is released by the caller. */
static gboolean
find_extension (CERTCertificate *certificate, SECOidTag tag, SECItem *value, gboolean *present,
                GError **error)
{
  *present = CERT_FindCertExtension (certificate, (int)tag, value) == SECSuccess;
  if (!*present && PORT_GetError () != SEC_ERROR_EXTENSION_NOT_FOUND)
    return fail (error, "its extensions are malformed");
  return TRUE;
}

static gboolean
read_extended_key_usage (CardeaCertificate *self, CERTCertificate *certificate, GError **error)
{
  SECItem value = { 0 };
  g_autoptr (CERTOidSequence) usages = NULL;
  gboolean present;

  if (!find_extension (certificate, SEC_OID_X509_EXT_KEY_USAGE, &value, &present, error))
    return FALSE;
  if (!present) {
    self->purposes |= CARDEA_PURPOSE_CLIENT_AUTH | CARDEA_PURPOSE_SERVER_AUTH | CARDEA_PURPOSE_EMAIL;
    return TRUE;
  }
  usages = CERT_DecodeOidSequence (&value);
  SECITEM_FreeItem (&value, PR_FALSE);
  if (usages == NULL)
    return fail (error, "its extended key usage is malformed");
  for (SECItem **oid = usages->oids; oid != NULL && *oid != NULL; oid++) {
    SECOidTag usage = SECOID_FindOIDTag (*oid);
    gboolean any = usage == SEC_OID_X509_ANY_EXT_KEY_USAGE;

    if (any || usage == SEC_OID_EXT_KEY_USAGE_CLIENT_AUTH)
      self->purposes |= CARDEA_PURPOSE_CLIENT_AUTH;
    if (any || usage == SEC_OID_EXT_KEY_USAGE_SERVER_AUTH)
      self->purposes |= CARDEA_PURPOSE_SERVER_AUTH;
    if (any || usage == SEC_OID_EXT_KEY_USAGE_EMAIL_PROTECT)
      self->purposes |= CARDEA_PURPOSE_EMAIL;
  }
  return TRUE;
}

static gboolean
read_key_usage (CardeaCertificate *self, CERTCertificate *certificate, GError **error)
{
  SECItem raw = { 0 }, bits = { 0 };
  gboolean present;

  if (!find_extension (certificate, SEC_OID_X509_KEY_USAGE, &raw, &present, error))
    return FALSE;
  SECITEM_FreeItem (&raw, PR_FALSE);
  if (!present) {
    self->purposes |= CARDEA_PURPOSE_SIGNATURE;
    return TRUE;
  }
  if (CERT_FindKeyUsageExtension (certificate, &bits) != SECSuccess)
    return fail (error, "its key usage is malformed");
  if (bits.len > 0 && (bits.data[0] & KU_DIGITAL_SIGNATURE) != 0)
    self->purposes |= CARDEA_PURPOSE_SIGNATURE;
  if (bits.len > 0 && (bits.data[0] & KU_NON_REPUDIATION) != 0)
    self->purposes |= CARDEA_PURPOSE_NON_REPUDIATION;
  SECITEM_FreeItem (&bits, PR_FALSE);
  return TRUE;
}

static gboolean
read_basic_constraints (CardeaCertificate *self, CERTCertificate *certificate, GError **error)
{
  CERTBasicConstraints constraints = { 0 };
  SECItem value = { 0 };
  gboolean present;
  SECStatus status;

  if (!find_extension (certificate, SEC_OID_X509_BASIC_CONSTRAINTS, &value, &present, error))
    return FALSE;
  if (!present)
    return TRUE;
  status = CERT_DecodeBasicConstraintValue (&constraints, &value);
  SECITEM_FreeItem (&value, PR_FALSE);
  if (status != SECSuccess)
    return fail (error, "its basic constraints are malformed");
  if (constraints.isCA)
    self->purposes |= CARDEA_PURPOSE_AUTHORITY;
  return TRUE;
}

static void
read_rsa_key (CardeaCertificate *self, const SECItem *modulus)
{
  guint skip = 0;

  while (skip < modulus->len && modulus->data[skip] == 0)
    skip++;
  if (skip == modulus->len)
    return;
  self->key_type = CARDEA_KEY_RSA;
  self->key_bits = (modulus->len - skip) * 8 - (7 - (guint)g_bit_nth_msf (modulus->data[skip], -1));
  self->key_parameters = g_bytes_new (modulus->data + skip, modulus->len - skip);
  self->key_name = g_strdup_printf ("rsa%u", self->key_bits);
}

/* OBJECT IDENTIFIER of a named curve (RFC 5480, 2.1.1.1), as DER. */
static const struct
{
  const char *name;
  guint bits;
  guint8 der[10];
  gsize length;
} curves[] = {
  { "p256", 256, { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, 10 },
  { "p384", 384, { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 7 },
  { "p521", 521, { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 }, 7 },
};

static void
read_ec_key (CardeaCertificate *self, const SECItem *parameters)
{
  self->key_type = CARDEA_KEY_EC;
  self->key_parameters = copy_item (parameters);
  for (gsize i = 0; i < G_N_ELEMENTS (curves); i++)
    if (parameters->len == curves[i].length &&
        memcmp (parameters->data, curves[i].der, curves[i].length) == 0) {
      self->key_name = g_strdup (curves[i].name);
      self->key_bits = curves[i].bits;
    }
}

/* A key that NSS does not know is no error: the certificate is shown, with a reason why it does not fit. */
static void
read_key (CardeaCertificate *self, CERTCertificate *certificate)
{
  g_autoptr (SECKEYPublicKey) key = CERT_ExtractPublicKey (certificate);

  if (key != NULL && (key->keyType == rsaKey || key->keyType == rsaPssKey))
    read_rsa_key (self, &key->u.rsa.modulus);
  else if (key != NULL && key->keyType == ecKey)
    read_ec_key (self, &key->u.ec.DEREncodedParams);
  if (self->key_name == NULL)
    self->key_name = g_strdup ("other");
}

CardeaCertificate *
cardea_certificate_new (GBytes *der, GError **error)
{
  g_autoptr (CardeaCertificate) self = NULL;
  g_autoptr (CERTCertificate) certificate = NULL;

  g_return_val_if_fail (der != NULL, NULL);

  certificate = decode (der, error);
  if (certificate == NULL)
    return NULL;
  self = g_new0 (CardeaCertificate, 1);
  self->ref_count = 1;
  g_mutex_init (&self->lock);
  if (!read_names_and_times (self, certificate, error) ||
      !read_extended_key_usage (self, certificate, error) || !read_key_usage (self, certificate, error) ||
      !read_basic_constraints (self, certificate, error))
    return NULL;
  read_key (self, certificate);
  self->der = g_bytes_ref (der);
  self->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  return g_steal_pointer (&self);
}

CardeaCertificate *
cardea_certificate_ref (CardeaCertificate *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_certificate_unref (CardeaCertificate *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_clear_pointer (&self->der, g_bytes_unref);
  g_clear_pointer (&self->subject_der, g_bytes_unref);
  g_clear_pointer (&self->issuer_der, g_bytes_unref);
  g_clear_pointer (&self->key_parameters, g_bytes_unref);
  g_free (self->sha256);
  g_free (self->subject);
  g_free (self->issuer);
  g_free (self->serial);
  g_free (self->holder);
  g_free (self->issuer_holder);
  g_free (self->key_name);
  g_clear_pointer (&self->public_key, SECKEY_DestroyPublicKey);
  g_mutex_clear (&self->lock);
  g_free (self);
}

GBytes *
cardea_certificate_get_der (const CardeaCertificate *self)
{
  return self->der;
}

const char *
cardea_certificate_get_sha256 (const CardeaCertificate *self)
{
  return self->sha256;
}

const char *
cardea_certificate_get_subject (const CardeaCertificate *self)
{
  return self->subject;
}

const char *
cardea_certificate_get_issuer (const CardeaCertificate *self)
{
  return self->issuer;
}

const char *
cardea_certificate_get_serial (const CardeaCertificate *self)
{
  return self->serial;
}

const char *
cardea_certificate_get_holder (const CardeaCertificate *self)
{
  return self->holder;
}

const char *
cardea_certificate_get_issuer_holder (const CardeaCertificate *self)
{
  return self->issuer_holder;
}

GBytes *
cardea_certificate_get_subject_der (const CardeaCertificate *self)
{
  return self->subject_der;
}

GBytes *
cardea_certificate_get_issuer_der (const CardeaCertificate *self)
{
  return self->issuer_der;
}

gint64
cardea_certificate_get_not_before (const CardeaCertificate *self)
{
  return self->not_before;
}

gint64
cardea_certificate_get_not_after (const CardeaCertificate *self)
{
  return self->not_after;
}

CardeaKeyType
cardea_certificate_get_key_type (const CardeaCertificate *self)
{
  return self->key_type;
}

guint
cardea_certificate_get_key_bits (const CardeaCertificate *self)
{
  return self->key_bits;
}

const char *
cardea_certificate_get_key_name (const CardeaCertificate *self)
{
  return self->key_name;
}

CardeaPurposes
cardea_certificate_get_purposes (const CardeaCertificate *self)
{
  return self->purposes;
}

GBytes *
cardea_certificate_get_key_parameters (const CardeaCertificate *self)
{
  return self->key_parameters;
}

/* A verification takes the key that it is given into a slot unless it is in one: here it is, before threads
 * share it. */
static SECKEYPublicKey *
make_public_key (const CardeaCertificate *self)
{
  g_autoptr (CERTCertificate) certificate = decode (self->der, NULL);
  g_autoptr (SECKEYPublicKey) key = certificate != NULL ? CERT_ExtractPublicKey (certificate) : NULL;
  g_autoptr (PK11SlotInfo) slot = PK11_GetInternalSlot ();

  if (key == NULL || slot == NULL || PK11_ImportPublicKey (slot, key, PR_FALSE) == CK_INVALID_HANDLE)
    return NULL;
  return g_steal_pointer (&key);
}

const SECKEYPublicKey *
cardea_certificate_get_public_key (CardeaCertificate *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->public_key == NULL)
    self->public_key = make_public_key (self);
  return self->public_key;
}
