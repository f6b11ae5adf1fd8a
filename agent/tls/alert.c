/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The alerts of TLS, by the names that callers see.
 *
 * In TLS 1.3 an alert after the handshake is the only way in which a server says no to a certificate, so each
 * is also put into words that a person can act on. */

#include "agent/tls/alert.h"

typedef struct
{
  guint number;
  gboolean about_certificate;
  const char *name;
  const char *explanation;
} Alert;

static const Alert alerts[] = {
  { 0, FALSE, "close_notify", "closed the connection" },
  { 10, FALSE, "unexpected_message", "received a message that it did not expect" },
  { 20, FALSE, "bad_record_mac", "could not decrypt what it received" },
  { 21, FALSE, "decryption_failed", "could not decrypt what it received" },
  { 22, FALSE, "record_overflow", "received a record that is too long" },
  { 30, FALSE, "decompression_failure", "could not decompress what it received" },
  { 40, FALSE, "handshake_failure", "found no parameters that both sides accept" },
  { 41, TRUE, "no_certificate", "wants a certificate" },
  { 42, TRUE, "bad_certificate", "says that the certificate is damaged or its signature does not verify" },
  { 43, TRUE, "unsupported_certificate", "does not support this type of certificate" },
  { 44, TRUE, "certificate_revoked", "says that the certificate was revoked" },
  { 45, TRUE, "certificate_expired", "says that the certificate expired or is not valid yet" },
  { 46, TRUE, "certificate_unknown", "does not accept the certificate" },
  { 47, FALSE, "illegal_parameter", "received a value that is not allowed" },
  { 48, TRUE, "unknown_ca", "does not know the authority that issued the certificate" },
  { 49, TRUE, "access_denied", "accepts the certificate, but not this user" },
  { 50, FALSE, "decode_error", "could not read a message" },
  { 51, FALSE, "decrypt_error", "could not verify a signature or the end of the handshake" },
  { 60, FALSE, "export_restriction", "may not use these parameters" },
  { 70, FALSE, "protocol_version", "does not speak TLS 1.3" },
  { 71, FALSE, "insufficient_security", "wants stronger parameters" },
  { 80, FALSE, "internal_error", "had an error of its own" },
  { 86, FALSE, "inappropriate_fallback", "saw an older version than it should have" },
  { 90, FALSE, "user_canceled", "cancelled the handshake" },
  { 100, FALSE, "no_renegotiation", "does not negotiate again" },
  { 109, FALSE, "missing_extension", "misses an extension" },
  { 110, FALSE, "unsupported_extension", "received an extension that it did not ask for" },
  { 111, FALSE, "certificate_unobtainable", "could not fetch the certificate" },
  { 112, FALSE, "unrecognized_name", "does not serve this name" },
  { 113, FALSE, "bad_certificate_status_response", "did not accept a revocation status" },
  { 114, FALSE, "bad_certificate_hash_value", "fetched a certificate that is not the one announced" },
  { 115, FALSE, "unknown_psk_identity", "does not know the shared key" },
  { 116, TRUE, "certificate_required", "demands a certificate, and none was sent" },
  { 120, FALSE, "no_application_protocol", "speaks none of the application protocols offered" },
};

static const Alert *
find (guint number)
{
  for (gsize i = 0; i < G_N_ELEMENTS (alerts); i++)
    if (alerts[i].number == number)
      return &alerts[i];
  return NULL;
}

const char *
cardea_alert_to_name (guint number)
{
  const Alert *alert = find (number);

  if (alert != NULL)
    return alert->name;
  /* A byte on the wire: at most 256 names are ever interned. */
  g_autofree char *name = g_strdup_printf ("alert_%u", number & 0xff);
  return g_intern_string (name);
}

const char *
cardea_alert_explain (guint number)
{
  const Alert *alert = find (number);

  return alert != NULL ? alert->explanation : "gave a reason that is not known here";
}

gboolean
cardea_alert_is_about_certificate (guint number)
{
  const Alert *alert = find (number);

  return alert != NULL && alert->about_certificate;
}

gboolean
cardea_alert_may_be_about_certificate (guint number)
{
  return cardea_alert_is_about_certificate (number) || number == CARDEA_ALERT_HANDSHAKE_FAILURE ||
         number == CARDEA_ALERT_DECRYPT_ERROR;
}
