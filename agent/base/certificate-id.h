/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate.h"

G_BEGIN_DECLS

/* Which certificate, and whose, without the certificate: a plain value, to be copied. Hashes are SHA-256 as
 * 64 lower-case hex digits. */
typedef struct
{
  char sha256[65];  /* of the certificate's DER */
  char issuer[65];  /* of the issuer's name as it is encoded */
  char subject[65]; /* of the subject's */
  guint purposes;   /* CardeaPurposes */
  gint64 not_after; /* Unix seconds */
} CardeaCertificateId;

CardeaCertificateId cardea_certificate_id_of (const CardeaCertificate *certificate);
gboolean cardea_certificate_id_equal (const CardeaCertificateId *a, const CardeaCertificateId *b);
/* Whether each hash is 64 lower-case hex digits. */
gboolean cardea_certificate_id_is_valid (const CardeaCertificateId *self);

/* Whether @other takes the place of this one: another certificate of the same issuer to the same subject for
 * the same purposes, which ends later. It is a hint for a person and no consent: an authority may issue a
 * second certificate of one name. */
gboolean cardea_certificate_id_is_renewed_by (const CardeaCertificateId *self,
                                              const CardeaCertificateId *other);

G_END_DECLS
