/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One X.509 certificate as an immutable, reference-counted value: what a person reads and what decisions
 * need. It knows neither tokens nor trust. */
typedef struct _CardeaCertificate CardeaCertificate;

typedef enum
{
  CARDEA_KEY_OTHER,
  CARDEA_KEY_RSA,
  CARDEA_KEY_EC,
} CardeaKeyType;

typedef enum
{
  CARDEA_PURPOSE_CLIENT_AUTH = 1 << 0, /* extended key usage clientAuth or any, or none at all */
  CARDEA_PURPOSE_SERVER_AUTH = 1 << 1,
  CARDEA_PURPOSE_SIGNATURE = 1 << 2, /* key usage digitalSignature, or no key usage at all */
  CARDEA_PURPOSE_EMAIL = 1 << 3,
  CARDEA_PURPOSE_NON_REPUDIATION = 1 << 4,
  CARDEA_PURPOSE_AUTHORITY = 1 << 5, /* basic constraints: CA */
} CardeaPurposes;

/* Parses DER that may come from anywhere (bounded by CARDEA_LIMIT_CERTIFICATE_BYTES). NSS must be
 * initialised. Errors: G_IO_ERROR_INVALID_DATA. Thread-safe. */
CardeaCertificate *cardea_certificate_new (GBytes *der, GError **error);
CardeaCertificate *cardea_certificate_ref (CardeaCertificate *self);
void cardea_certificate_unref (CardeaCertificate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaCertificate, cardea_certificate_unref)

GBytes *cardea_certificate_get_der (const CardeaCertificate *self);
const char *cardea_certificate_get_sha256 (const CardeaCertificate *self);  /* 64 lower-case hex digits */
const char *cardea_certificate_get_subject (const CardeaCertificate *self); /* RFC 4514, UTF-8 */
const char *cardea_certificate_get_issuer (const CardeaCertificate *self);
/* The names a person knows them by: the common name where there is one (cardea_name_to_short_string()). */
const char *cardea_certificate_get_holder (const CardeaCertificate *self);
const char *cardea_certificate_get_issuer_holder (const CardeaCertificate *self);
const char *cardea_certificate_get_serial (const CardeaCertificate *self); /* lower-case hex */
GBytes *cardea_certificate_get_subject_der (const CardeaCertificate *self);
GBytes *cardea_certificate_get_issuer_der (const CardeaCertificate *self);
gint64 cardea_certificate_get_not_before (const CardeaCertificate *self); /* Unix seconds */
gint64 cardea_certificate_get_not_after (const CardeaCertificate *self);
CardeaKeyType cardea_certificate_get_key_type (const CardeaCertificate *self);
guint cardea_certificate_get_key_bits (const CardeaCertificate *self);
const char *cardea_certificate_get_key_name (const CardeaCertificate *self); /* "rsa2048", "p256", "other" */
CardeaPurposes cardea_certificate_get_purposes (const CardeaCertificate *self);

/* RSA: the modulus without leading zeros. EC: the DER of the curve's parameters. Otherwise NULL.
 * These are CKA_MODULUS and CKA_EC_PARAMS of the private key (PKCS#11 2.40, 2.1 and 2.3). */
GBytes *cardea_certificate_get_key_parameters (const CardeaCertificate *self);

G_END_DECLS
