/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A certificate, read for verification.
 *
 * NSS verifies signatures and extracts keys; its own certificate objects are not used. They live in a table
 * of the whole process, where the chains of all connections meet: a path may then run through a certificate
 * that another server sent, and the limits checked on one chain would not hold for the next. */

#include "agent/tls/x509.h"

#include <keyhi.h>
#include <secerr.h>
#include <secoid.h>

#include "agent/base/nss-cleanup.h"
#include "agent/base/name.h"
#include "agent/tls/x509-parts.h"
#include "socket-api/limits.h"

static const CardeaFlaw flaw_inner_algorithm = { "malformed", "names two different signature algorithms" };
static const CardeaFlaw flaw_version = { "malformed", "has extensions that its version does not allow" };
static const CardeaFlaw flaw_times = { "malformed", "has a period of validity that cannot be read" };
static const CardeaFlaw flaw_unique_ids = { "malformed", "has identifiers that its version does not allow" };
static const CardeaFlaw flaw_serial = { "malformed", "has a serial number that cannot be read" };
static const CardeaFlaw flaw_name = { "malformed", "has a subject or issuer that cannot be read" };

enum
{
  TAG_UTC_TIME = 0x17,
  TAG_GENERALIZED_TIME = 0x18,
};

static gboolean
read_digits (const guint8 *digits, guint n, guint *value)
{
  *value = 0;
  for (guint i = 0; i < n; i++) {
    if (!g_ascii_isdigit (digits[i]))
      return FALSE;
    *value = *value * 10 + (digits[i] - '0');
  }
  return TRUE;
}

/* MMDDHHMMSSZ, and nothing else (RFC 5280, 4.1.2.5): NSS takes offsets and times without seconds, too, which
 * others read differently or not at all. */
static gboolean
read_moment (const guint8 *text, guint year, gint64 *seconds)
{
  g_autoptr (GDateTime) time = NULL;
  guint part[5];

  for (guint i = 0; i < G_N_ELEMENTS (part); i++)
    if (!read_digits (text + 2 * i, 2, &part[i]))
      return FALSE;
  if (text[10] != 'Z' || part[4] > 59)
    return FALSE;
  time = g_date_time_new_utc ((int)year, (int)part[0], (int)part[1], (int)part[2], (int)part[3], part[4]);
  if (time != NULL)
    *seconds = g_date_time_to_unix (time);
  return time != NULL;
}

gboolean
cardea_x509_read_time (CardeaDer *validity, gint64 *seconds)
{
  guint8 tag;
  CardeaDer text;
  guint year;

  if (!cardea_der_read_any (validity, &tag, &text, NULL))
    return FALSE;
  if (tag == TAG_UTC_TIME)
    return text.length == 13 && read_digits (text.data, 2, &year) &&
           read_moment (text.data + 2, year < 50 ? year + 2000 : year + 1900, seconds);
  return tag == TAG_GENERALIZED_TIME && text.length == 15 && read_digits (text.data, 4, &year) &&
         read_moment (text.data + 4, year, seconds);
}

/* As DER has it; negative ones and zero are in use (RFC 5280, 4.1.2.2). */
static gboolean
is_integer (CardeaDer contents)
{
  return contents.length == 1 ||
         (contents.length > 1 && contents.data[0] != ((contents.data[1] & 0x80) != 0 ? 0xff : 0));
}

/* Names are compared with constraints later: what has not this form would be outside of all of them. */
static gboolean
is_name (CardeaDer name)
{
  CardeaDer list, set, attribute, oid;

  if (!cardea_der_read_only (name, CARDEA_DER_SEQUENCE, &list))
    return FALSE;
  while (list.length > 0) {
    if (!cardea_der_read (&list, CARDEA_DER_SET, &set) || set.length == 0)
      return FALSE;
    while (set.length > 0)
      if (!cardea_der_read (&set, CARDEA_DER_SEQUENCE, &attribute) ||
          !cardea_der_read (&attribute, CARDEA_DER_OID, &oid) ||
          !cardea_der_read_any (&attribute, NULL, NULL, NULL) || attribute.length > 0)
        return FALSE;
  }
  return TRUE;
}

static void
read_validity (CardeaX509 *self, CardeaDer validity)
{
  if (!cardea_x509_read_time (&validity, &self->not_before) ||
      !cardea_x509_read_time (&validity, &self->not_after) || validity.length > 0)
    self->flaw = &flaw_times;
}

static gboolean
read_version (CardeaX509 *self, CardeaDer *tbs)
{
  CardeaDer explicit_tag, contents;
  gboolean present;
  guint number = 0;

  if (!cardea_der_read_optional (tbs, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &explicit_tag, &present))
    return FALSE;
  if (present && (!cardea_der_read_only (explicit_tag, CARDEA_DER_INTEGER, &contents) ||
                  !cardea_der_to_uint (contents, &number) || number < 1 || number > 2))
    return FALSE;
  self->version = number + 1;
  return TRUE;
}

static gboolean
read_key_info (CardeaX509 *self, CardeaDer *tbs)
{
  CardeaDer info, algorithm;

  if (!cardea_der_read_whole (tbs, CARDEA_DER_SEQUENCE, &self->key_info) ||
      !cardea_der_read_only (self->key_info, CARDEA_DER_SEQUENCE, &info) ||
      !cardea_der_read (&info, CARDEA_DER_SEQUENCE, &algorithm) ||
      !cardea_der_read_only (info, CARDEA_DER_BIT_STRING, &self->key_bits) || self->key_bits.length < 2 ||
      self->key_bits.data[0] != 0)
    return FALSE;
  self->key_bits.data++;
  self->key_bits.length--;
  return TRUE;
}

/* What follows the key (RFC 5280, 4.1): two obsolete identifiers, then the extensions. */
static gboolean
read_tail (CardeaX509 *self, CardeaDer *tbs)
{
  CardeaDer unique_id, explicit_tag, extensions;
  gboolean has_issuer_id, has_subject_id, present;

  if (!cardea_der_read_optional (tbs, CARDEA_DER_CONTEXT (1), &unique_id, &has_issuer_id) ||
      !cardea_der_read_optional (tbs, CARDEA_DER_CONTEXT (2), &unique_id, &has_subject_id) ||
      !cardea_der_read_optional (tbs, CARDEA_DER_CONTEXT_CONSTRUCTED (3), &explicit_tag, &present) ||
      tbs->length > 0)
    return FALSE;
  if ((has_issuer_id || has_subject_id) && self->version == 1)
    self->flaw = &flaw_unique_ids;
  if (!present)
    return TRUE;
  if (!cardea_der_read_only (explicit_tag, CARDEA_DER_SEQUENCE, &extensions))
    return FALSE;
  if (self->version != 3)
    self->flaw = &flaw_version;
  cardea_x509_read_extensions (self, extensions);
  return TRUE;
}

static gboolean
read_fields (CardeaX509 *self, CardeaDer tbs, CardeaDer outer_algorithm)
{
  CardeaDer algorithm, validity;

  if (!read_version (self, &tbs) || !cardea_der_read (&tbs, CARDEA_DER_INTEGER, &self->serial) ||
      !cardea_der_read_whole (&tbs, CARDEA_DER_SEQUENCE, &algorithm) ||
      !cardea_der_read_whole (&tbs, CARDEA_DER_SEQUENCE, &self->issuer) ||
      !cardea_der_read (&tbs, CARDEA_DER_SEQUENCE, &validity) ||
      !cardea_der_read_whole (&tbs, CARDEA_DER_SEQUENCE, &self->subject) || !read_key_info (self, &tbs))
    return FALSE;
  self->n_names = 1;
  read_validity (self, validity);
  if (!is_integer (self->serial))
    self->flaw = &flaw_serial;
  if (!is_name (self->issuer) || !is_name (self->subject))
    self->flaw = &flaw_name;
  if (!cardea_der_equal (algorithm, outer_algorithm))
    self->flaw = &flaw_inner_algorithm;
  return read_tail (self, &tbs);
}

static gboolean
read_certificate (CardeaX509 *self)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (self->bytes, &length);
  CardeaDer all = { data, length };
  CardeaDer outer, tbs, algorithm, signature;
  SECItem item = { siBuffer, (unsigned char *)data, length };

  if (!cardea_der_read_only (all, CARDEA_DER_SEQUENCE, &outer) ||
      !cardea_der_read (&outer, CARDEA_DER_SEQUENCE, &tbs) ||
      !cardea_der_read_whole (&outer, CARDEA_DER_SEQUENCE, &algorithm) ||
      !cardea_der_read_only (outer, CARDEA_DER_BIT_STRING, &signature) || signature.length < 2 ||
      signature.data[0] != 0 || !read_fields (self, tbs, algorithm))
    return FALSE;
  self->signature_flaw = cardea_x509_check_signature_algorithm (algorithm);
  if (self->flaw == NULL)
    self->flaw = cardea_x509_check_key (self);
  return SEC_QuickDERDecodeItem (self->arena, &self->signed_data, SEC_ASN1_GET (CERT_SignedDataTemplate),
                                 &item) == SECSuccess;
}

CardeaX509 *
cardea_x509_new (GBytes *der, GError **error)
{
  g_autoptr (CardeaX509) self = NULL;

  if (g_bytes_get_size (der) > CARDEA_LIMIT_CERTIFICATE_BYTES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "A certificate is larger than %d bytes.",
                 CARDEA_LIMIT_CERTIFICATE_BYTES);
    return NULL;
  }
  self = g_atomic_rc_box_new0 (CardeaX509);
  self->bytes = g_bytes_ref (der);
  self->arena = PORT_NewArena (DER_DEFAULT_CHUNKSIZE);
  self->path_length = self->explicit_policy = self->inhibit_mapping = self->inhibit_any = -1;
  if (self->arena == NULL || !read_certificate (self)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "This is not a certificate that can be read.");
    return NULL;
  }
  return g_steal_pointer (&self);
}

CardeaX509 *
cardea_x509_ref (CardeaX509 *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  CardeaX509 *self = data;

  if (self->arena != NULL)
    PORT_FreeArena (self->arena, PR_FALSE);
  g_bytes_unref (self->bytes);
}

void
cardea_x509_unref (CardeaX509 *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

SECKEYPublicKey *
cardea_x509_dup_key (const CardeaX509 *self)
{
  SECItem item = { siBuffer, (unsigned char *)self->key_info.data, self->key_info.length };
  CERTSubjectPublicKeyInfo *info = SECKEY_DecodeDERSubjectPublicKeyInfo (&item);
  SECKEYPublicKey *key;

  if (info == NULL)
    return NULL;
  key = SECKEY_ExtractPublicKey (info);
  SECKEY_DestroySubjectPublicKeyInfo (info);
  return key;
}

gboolean
cardea_x509_is_self_issued (const CardeaX509 *self)
{
  return cardea_der_equal (self->issuer, self->subject);
}

gboolean
cardea_x509_is_signed_by (const CardeaX509 *self, const CardeaX509 *issuer)
{
  g_autoptr (SECKEYPublicKey) key = cardea_x509_dup_key (issuer);

  return key != NULL && CERT_VerifySignedDataWithPublicKey (&self->signed_data, key, NULL) == SECSuccess;
}

static char *
describe (CardeaDer der, char *(*to_string) (const CERTName *name))
{
  SECItem item = { siBuffer, (unsigned char *)der.data, (unsigned int)der.length };
  CERTName name = { 0 };
  PLArenaPool *arena = PORT_NewArena (DER_DEFAULT_CHUNKSIZE);
  char *text = NULL;

  if (arena != NULL &&
      SEC_QuickDERDecodeItem (arena, &name, SEC_ASN1_GET (CERT_NameTemplate), &item) == SECSuccess)
    text = to_string (&name);
  if (arena != NULL)
    PORT_FreeArena (arena, PR_FALSE);
  return text != NULL ? text : g_strdup ("");
}

char *
cardea_x509_describe (const CardeaX509 *self)
{
  return describe (self->subject, cardea_name_to_string);
}

char *
cardea_x509_call (const CardeaX509 *self)
{
  return describe (self->subject, cardea_name_to_short_string);
}

char *
cardea_x509_describe_name (GBytes *name)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (name, &length);

  return describe ((CardeaDer){ data, length }, cardea_name_to_string);
}
