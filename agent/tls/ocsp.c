/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* An OCSP response, stapled or fetched.
 *
 * NSS's own reading goes through a cache of the whole process and its own clock, and asks its trust database,
 * which is empty here, about delegated responders. This reads what one response says about one certificate:
 * signed by the issuer's key, or by one that the issuer itself certified for this (RFC 6960, 4.2.2.2). */

#include "agent/tls/ocsp.h"

#include "agent/tls/signed.h"
#include "agent/tls/x509-parts.h"
#include "socket-api/limits.h"

/* How long a response without an end is believed. */
#define DEFAULT_AGE_S (24 * 60 * 60)

#define DELEGATES_MAX 4

typedef struct
{
  CardeaDer signed_bytes; /* whole ResponseData */
  CardeaDer algorithm;    /* whole */
  CardeaDer certificates; /* a run, may be empty */
  CardeaDer responses;    /* a run of SingleResponse */
} Basic;

/* Whether an extension of the response is critical; none is known here. */
static gboolean
has_critical (CardeaDer explicit_tag)
{
  CardeaDer list, fields, oid;

  if (!cardea_der_read_only (explicit_tag, CARDEA_DER_SEQUENCE, &list))
    return TRUE;
  while (list.length > 0) {
    if (!cardea_der_read (&list, CARDEA_DER_SEQUENCE, &fields) ||
        !cardea_der_read (&fields, CARDEA_DER_OID, &oid) || cardea_der_has_tag (&fields, CARDEA_DER_BOOLEAN))
      return TRUE;
  }
  return FALSE;
}

static gboolean
read_response_data (Basic *basic)
{
  CardeaDer fields, ignored, extensions;
  gboolean present;
  guint8 tag;

  if (!cardea_der_read_only (basic->signed_bytes, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &ignored, &present) ||
      !cardea_der_read_any (&fields, &tag, &ignored, NULL) ||
      (tag != CARDEA_DER_CONTEXT_CONSTRUCTED (1) && tag != CARDEA_DER_CONTEXT_CONSTRUCTED (2)) ||
      !cardea_der_read (&fields, 0x18, &ignored) ||
      !cardea_der_read (&fields, CARDEA_DER_SEQUENCE, &basic->responses))
    return FALSE;
  return cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (1), &extensions, &present) &&
         fields.length == 0 && !(present && has_critical (extensions));
}

static gboolean
read_basic (CardeaDer contents, Basic *basic)
{
  CardeaDer fields, signature, explicit_tag;
  gboolean present;

  if (!cardea_der_read_only (contents, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &basic->signed_bytes) ||
      !cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &basic->algorithm) ||
      !cardea_der_read (&fields, CARDEA_DER_BIT_STRING, &signature) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &explicit_tag, &present) ||
      fields.length > 0)
    return FALSE;
  if (present && !cardea_der_read_only (explicit_tag, CARDEA_DER_SEQUENCE, &basic->certificates))
    return FALSE;
  return read_response_data (basic);
}

/* OCSPResponse: successful, and of the basic type. */
static gboolean
read_response (GBytes *response, CardeaDer *basic)
{
  static const guint8 basic_type[] = { 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1 };
  gsize length;
  const guint8 *data = g_bytes_get_data (response, &length);
  CardeaDer fields, status, explicit_tag, bytes, type;

  return cardea_der_read_only ((CardeaDer){ data, length }, CARDEA_DER_SEQUENCE, &fields) &&
         cardea_der_read (&fields, CARDEA_DER_ENUMERATED, &status) &&
         cardea_der_equal_bytes (status, (const guint8[]){ 0 }, 1) &&
         cardea_der_read_only (fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &explicit_tag) &&
         cardea_der_read_only (explicit_tag, CARDEA_DER_SEQUENCE, &bytes) &&
         cardea_der_read (&bytes, CARDEA_DER_OID, &type) &&
         cardea_der_equal_bytes (type, basic_type, sizeof basic_type) &&
         cardea_der_read_only (bytes, CARDEA_DER_OCTET_STRING, basic);
}

/* A responder that this issuer itself certified (RFC 6960, 4.2.2.2). */
static gboolean
is_delegate (const CardeaX509 *delegate, const CardeaX509 *issuer, gint64 now)
{
  return delegate->flaw == NULL && delegate->signature_flaw == NULL && delegate->for_ocsp &&
         now >= delegate->not_before && now <= delegate->not_after &&
         (!delegate->has_key_usage || (delegate->key_usage & CARDEA_USAGE_DIGITAL_SIGNATURE) != 0) &&
         cardea_der_equal (delegate->issuer, issuer->subject) && cardea_x509_is_signed_by (delegate, issuer);
}

static gboolean
is_signed_by_delegate (CardeaDer basic, CardeaDer certificates, const CardeaX509 *issuer, gint64 now)
{
  CardeaDer whole;

  for (guint i = 0; i < DELEGATES_MAX && cardea_der_read_whole (&certificates, CARDEA_DER_SEQUENCE, &whole);
       i++) {
    g_autoptr (GBytes) der = g_bytes_new (whole.data, whole.length);
    g_autoptr (CardeaX509) delegate = cardea_x509_new (der, NULL);

    if (delegate != NULL && is_delegate (delegate, issuer, now) && cardea_signed_is_by (basic, delegate))
      return TRUE;
  }
  return FALSE;
}

/* The hash that names the issuer; any that a CertID may use, since it only names. */
static gboolean
hash_equals (CardeaDer algorithm, CardeaDer bytes, CardeaDer expected)
{
  static const guint8 sha1[] = { 0x2b, 0x0e, 3, 2, 0x1a };
  static const guint8 sha256[] = { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1 };
  g_autoptr (GChecksum) sum = NULL;
  CardeaDer oid;
  guint8 digest[32];
  gsize length = sizeof digest;

  if (!cardea_der_read (&algorithm, CARDEA_DER_OID, &oid))
    return FALSE;
  if (cardea_der_equal_bytes (oid, sha1, sizeof sha1))
    sum = g_checksum_new (G_CHECKSUM_SHA1);
  else if (cardea_der_equal_bytes (oid, sha256, sizeof sha256))
    sum = g_checksum_new (G_CHECKSUM_SHA256);
  else
    return FALSE;
  g_checksum_update (sum, bytes.data, (gssize)bytes.length);
  g_checksum_get_digest (sum, digest, &length);
  return cardea_der_equal_bytes (expected, digest, length);
}

static gboolean
is_about (CardeaDer id, const CardeaX509 *certificate, const CardeaX509 *issuer)
{
  CardeaDer fields, algorithm, name_hash, key_hash, serial;

  return cardea_der_read_only (id, CARDEA_DER_SEQUENCE, &fields) &&
         cardea_der_read (&fields, CARDEA_DER_SEQUENCE, &algorithm) &&
         cardea_der_read (&fields, CARDEA_DER_OCTET_STRING, &name_hash) &&
         cardea_der_read (&fields, CARDEA_DER_OCTET_STRING, &key_hash) &&
         cardea_der_read_only (fields, CARDEA_DER_INTEGER, &serial) &&
         cardea_der_equal (serial, certificate->serial) &&
         hash_equals (algorithm, issuer->subject, name_hash) &&
         hash_equals (algorithm, issuer->key_bits, key_hash);
}

/* @fields: a SingleResponse after its CertID. */
static CardeaRevocationStatus
read_status (CardeaDer fields, gint64 now, gint64 *until)
{
  CardeaDer ignored, next, extensions;
  gboolean has_next, has_extensions;
  gint64 this_update, next_update;
  guint8 status;

  if (!cardea_der_read_any (&fields, &status, &ignored, NULL) ||
      !cardea_signed_read_time (&fields, &this_update) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &next, &has_next) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (1), &extensions, &has_extensions) ||
      fields.length > 0 || (has_extensions && has_critical (extensions)) ||
      this_update > now + CARDEA_SIGNED_CLOCK_SKEW_S)
    return CARDEA_REVOCATION_UNKNOWN;
  next_update = this_update + DEFAULT_AGE_S;
  if (has_next && !cardea_signed_read_time (&next, &next_update))
    return CARDEA_REVOCATION_UNKNOWN;
  *until = next_update;
  if (status == CARDEA_DER_CONTEXT_CONSTRUCTED (1))
    return CARDEA_REVOCATION_REVOKED;
  return status == CARDEA_DER_CONTEXT (0) && now <= next_update ? CARDEA_REVOCATION_GOOD
                                                                : CARDEA_REVOCATION_UNKNOWN;
}

/* The worst that the response says about the certificate. */
static CardeaRevocationStatus
find_status (CardeaDer responses, const CardeaX509 *certificate, const CardeaX509 *issuer, gint64 now,
             gint64 *until)
{
  CardeaRevocationStatus found = CARDEA_REVOCATION_UNKNOWN;
  CardeaDer fields, id;

  while (found != CARDEA_REVOCATION_REVOKED && cardea_der_read (&responses, CARDEA_DER_SEQUENCE, &fields) &&
         cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &id)) {
    if (is_about (id, certificate, issuer)) {
      gint64 end = 0;
      CardeaRevocationStatus status = read_status (fields, now, &end);

      if (status > found)
        *until = end;
      found = MAX (found, status);
    }
  }
  return found;
}

CardeaRevocationStatus
cardea_ocsp_check (GBytes *response, const CardeaX509 *certificate, const CardeaX509 *issuer, gint64 now,
                   gint64 *until)
{
  CardeaDer contents;
  Basic basic = { 0 };
  CardeaRevocationStatus status;
  gint64 end = 0;

  if (g_bytes_get_size (response) > CARDEA_LIMIT_CERTIFICATE_BYTES || !read_response (response, &contents) ||
      !read_basic (contents, &basic) || cardea_x509_check_signature_algorithm (basic.algorithm) != NULL)
    return CARDEA_REVOCATION_UNKNOWN;
  status = find_status (basic.responses, certificate, issuer, now, &end);
  if (status == CARDEA_REVOCATION_UNKNOWN)
    return status;
  if (!cardea_signed_is_by (contents, issuer) &&
      !is_signed_by_delegate (contents, basic.certificates, issuer, now))
    return CARDEA_REVOCATION_UNKNOWN;
  if (until != NULL)
    *until = end;
  return status;
}
