/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a decision keeps of a certificate: enough to know it again, and to know its successor when it is
 * renewed.
 *
 * Names are kept as hashes of their encodings, so that nothing a certificate says stands in the file of
 * decisions, and a name of ten kilobytes takes the room of any other. */

#include "agent/base/certificate-id.h"

#include <string.h>

static void
hash_name (GBytes *der, char *hash)
{
  g_autofree char *text = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);

  g_strlcpy (hash, text, 65);
}

CardeaCertificateId
cardea_certificate_id_of (const CardeaCertificate *certificate)
{
  CardeaCertificateId id = { .purposes = (guint)cardea_certificate_get_purposes (certificate),
                             .not_after = cardea_certificate_get_not_after (certificate) };

  g_strlcpy (id.sha256, cardea_certificate_get_sha256 (certificate), sizeof id.sha256);
  hash_name (cardea_certificate_get_issuer_der (certificate), id.issuer);
  hash_name (cardea_certificate_get_subject_der (certificate), id.subject);
  return id;
}

gboolean
cardea_certificate_id_equal (const CardeaCertificateId *a, const CardeaCertificateId *b)
{
  return strcmp (a->sha256, b->sha256) == 0;
}

static gboolean
is_hash (const char *text)
{
  return strnlen (text, 65) == 64 && strspn (text, "0123456789abcdef") == 64;
}

gboolean
cardea_certificate_id_is_valid (const CardeaCertificateId *self)
{
  return is_hash (self->sha256) && is_hash (self->issuer) && is_hash (self->subject);
}

gboolean
cardea_certificate_id_is_renewed_by (const CardeaCertificateId *self, const CardeaCertificateId *other)
{
  return !cardea_certificate_id_equal (self, other) && strcmp (self->issuer, other->issuer) == 0 &&
         strcmp (self->subject, other->subject) == 0 && self->purposes == other->purposes &&
         other->not_after > self->not_after;
}
