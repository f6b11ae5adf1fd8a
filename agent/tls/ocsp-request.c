/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The question to an OCSP responder (RFC 6960, 4.1.1). NSS's own takes certificates of its table. */

#include "agent/tls/ocsp.h"

#include <string.h>

#define SHA1_BYTES 20
/* RFC 5280, 4.1.2.2, allows 20. Up to this all lengths of a request are of one byte. */
#define SERIAL_BYTES_MAX 40

static void
append_element (GByteArray *to, guint8 tag, const guint8 *contents, gsize length)
{
  const guint8 header[] = { tag, (guint8)length };

  g_assert (length < 0x80);
  g_byte_array_append (to, header, sizeof header);
  g_byte_array_append (to, contents, (guint)length);
}

static void
append_hash (GByteArray *to, CardeaDer bytes)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[SHA1_BYTES];
  gsize length = sizeof digest;

  g_checksum_update (sum, bytes.data, (gssize)bytes.length);
  g_checksum_get_digest (sum, digest, &length);
  append_element (to, CARDEA_DER_OCTET_STRING, digest, length);
}

/* Takes @contents. */
static GByteArray *
wrap (GByteArray *contents)
{
  GByteArray *whole = g_byte_array_new ();

  append_element (whole, CARDEA_DER_SEQUENCE, contents->data, contents->len);
  g_byte_array_unref (contents);
  return whole;
}

GBytes *
cardea_ocsp_make_request (const CardeaX509 *certificate, const CardeaX509 *issuer)
{
  static const guint8 sha1[] = { 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0 };
  GByteArray *request;

  if (certificate->serial.length > SERIAL_BYTES_MAX)
    return NULL;
  request = g_byte_array_new ();
  g_byte_array_append (request, sha1, sizeof sha1);
  append_hash (request, issuer->subject);
  append_hash (request, issuer->key_bits);
  append_element (request, CARDEA_DER_INTEGER, certificate->serial.data, certificate->serial.length);
  /* CertID, Request, requestList, TBSRequest, OCSPRequest: each holds nothing but the one before it. */
  for (guint i = 0; i < 5; i++)
    request = wrap (request);
  return g_byte_array_free_to_bytes (request);
}
