/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Authorities a user trusts for TLS servers: "C,," of NSS.
 *
 * Only authorities: a server's own certificate would be another kind of trust ("P,,"), and to call it an
 * authority would let whoever holds its key vouch for every server. There is no way to force it. */

#include "nss-config/trust.h"

#include <cert.h>
#include <certdb.h>
#include <gio/gio.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <secitem.h>
#include <string.h>

#include "socket-api/limits.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CERTCertificate, CERT_DestroyCertificate)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PK11SlotInfo, PK11_FreeSlot)

void
cardea_trust_result_clear (CardeaTrustResult *self)
{
  g_clear_pointer (&self->subject, g_free);
  g_clear_pointer (&self->sha256, g_free);
}

static CERTCertificate *
decode (GBytes *der, CardeaTrustResult *result, GError **error)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (der, &length);
  SECItem item = { .type = siDERCertBuffer, .data = (guint8 *)bytes, .len = (guint)length };
  CERTCertificate *certificate = NULL;

  if (length <= CARDEA_LIMIT_CERTIFICATE_BYTES)
    certificate = CERT_NewTempCertificate (CERT_GetDefaultCertDB (), &item, NULL, PR_FALSE, PR_TRUE);
  if (certificate == NULL) {
    cardea_database_set_nss_error (error, "A certificate cannot be read");
    return NULL;
  }
  cardea_trust_result_clear (result);
  result->subject = g_strdup (certificate->subjectName);
  result->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  return certificate;
}

static gboolean
is_authority (CERTCertificate *certificate)
{
  CERTBasicConstraints constraints = { 0 };
  SECItem basic = { 0 };
  SECItem usage = { 0 };
  gboolean may_sign;

  if (CERT_FindCertExtension (certificate, SEC_OID_X509_BASIC_CONSTRAINTS, &basic) != SECSuccess)
    return FALSE;
  may_sign = CERT_DecodeBasicConstraintValue (&constraints, &basic) == SECSuccess && constraints.isCA;
  SECITEM_FreeItem (&basic, PR_FALSE);
  if (!may_sign)
    return FALSE;
  if (CERT_FindKeyUsageExtension (certificate, &usage) == SECSuccess) {
    may_sign = usage.len > 0 && (usage.data[0] & KU_KEY_CERT_SIGN) != 0;
    SECITEM_FreeItem (&usage, PR_FALSE);
  }
  return may_sign;
}

/* All zero where there is none. */
static CERTCertTrust
read_trust (CERTCertificate *certificate)
{
  CERTCertTrust trust = { 0 };

  if (CERT_GetCertTrust (certificate, &trust) != SECSuccess)
    trust = (CERTCertTrust){ 0 };
  return trust;
}

static gboolean
is_trusted (const CERTCertTrust *trust)
{
  return (trust->sslFlags & CERTDB_TRUSTED_CA) != 0;
}

gboolean
cardea_trust_check (CardeaDatabase *database, GBytes *der, CardeaTrustResult *result, GError **error)
{
  g_return_val_if_fail (database != NULL && der != NULL && result != NULL, FALSE);

  g_autoptr (CERTCertificate) certificate = decode (der, result, error);
  CERTCertTrust trust;

  if (certificate == NULL)
    return FALSE;
  if (!is_authority (certificate)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s is not the certificate of an authority: ask for the one of the authority that issued it",
                 result->subject);
    return FALSE;
  }
  trust = read_trust (certificate);
  if (!is_trusted (&trust) && (trust.sslFlags & CERTDB_TERMINAL_RECORD) != 0) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "%s is marked in this database as never to be trusted: if that is to change, remove it first with "
        "\"certutil -D -d sql:%s -n '%s'\"",
        result->subject, cardea_database_get_folder (database),
        certificate->nickname != NULL ? certificate->nickname : "NAME");
    return FALSE;
  }
  return TRUE;
}

gboolean
cardea_trust_needs_password (CardeaDatabase *database)
{
  g_return_val_if_fail (database != NULL, FALSE);

  g_autoptr (PK11SlotInfo) slot = PK11_GetInternalKeySlot ();

  return slot != NULL && PK11_NeedLogin (slot) && !PK11_NeedUserInit (slot) && !PK11_IsLoggedIn (slot, NULL);
}

gboolean
cardea_trust_unlock (CardeaDatabase *database, CardeaSecret *password, GError **error)
{
  g_return_val_if_fail (database != NULL && password != NULL, FALSE);

  g_autoptr (PK11SlotInfo) slot = PK11_GetInternalKeySlot ();
  char text[CARDEA_LIMIT_PIN_BYTES + 1] = { 0 }; /* NSS wants an end; erased below */
  gsize length;
  const guint8 *bytes = cardea_secret_peek (password, &length);
  SECStatus status = SECFailure;

  if (slot != NULL && length < sizeof text) {
    memcpy (text, bytes, length);
    status = PK11_CheckUserPassword (slot, text);
    explicit_bzero (text, sizeof text);
  }
  if (status == SECSuccess)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                       "That is not the database's password. Nothing was changed");
  return FALSE;
}

/* NSS takes what stands before a colon for the name of a token. */
static char *
make_nickname (CERTCertificate *certificate)
{
  char *made = CERT_MakeCANickname (certificate);
  g_autofree char *name = g_utf8_make_valid (made != NULL ? made : "", -1);
  GString *clean = g_string_new (NULL);

  PORT_Free (made);
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    g_string_append_unichar (clean, c == ':' || !g_unichar_isprint (c) ? ' ' : c);
  }
  if (clean->len == 0)
    g_string_assign (clean, "Authority");
  return g_string_free (clean, FALSE);
}

static gboolean
import (PK11SlotInfo *slot, CERTCertificate *certificate, const char *nickname, GError **error)
{
  g_autofree char *name = nickname != NULL ? g_strdup (nickname) : make_nickname (certificate);

  if (PK11_ImportCert (slot, certificate, CK_INVALID_HANDLE, name, PR_FALSE) == SECSuccess)
    return TRUE;
  cardea_database_set_nss_error (error, "The certificate cannot be stored in the database");
  return FALSE;
}

static gboolean
set_trust (CERTCertificate *certificate, CERTCertTrust trust, GError **error)
{
  trust.sslFlags |= CERTDB_TRUSTED_CA | CERTDB_VALID_CA;
  if (CERT_ChangeCertTrust (CERT_GetDefaultCertDB (), certificate, &trust) == SECSuccess) {
    trust = read_trust (certificate);
    if (is_trusted (&trust))
      return TRUE;
  }
  cardea_database_set_nss_error (error, "The trust cannot be stored in the database");
  return FALSE;
}

/* A nickname belongs to one subject; NSS would mix up two. */
static gboolean
check_nickname (CERTCertificate *certificate, const char *nickname, GError **error)
{
  g_autoptr (CERTCertificate) other = CERT_FindCertByNickname (CERT_GetDefaultCertDB (), nickname);

  if (strchr (nickname, ':') != NULL || *nickname == '\0') {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" cannot be the name: it must not be empty or have a colon", nickname);
    return FALSE;
  }
  if (other == NULL || SECITEM_ItemsAreEqual (&other->derSubject, &certificate->derSubject))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
               "Another certificate has the name \"%s\" already: give another with --name", nickname);
  return FALSE;
}

gboolean
cardea_trust_add (CardeaDatabase *database, GBytes *der, const char *nickname, CardeaTrustResult *result,
                  GError **error)
{
  g_return_val_if_fail (database != NULL && der != NULL && result != NULL, FALSE);

  g_autoptr (CERTCertificate) certificate = decode (der, result, error);
  g_autoptr (PK11SlotInfo) slot = PK11_GetInternalKeySlot ();
  CERTCertTrust trust;
  gboolean is_stored;

  if (certificate == NULL || slot == NULL)
    return FALSE;
  is_stored = PK11_FindCertInSlot (slot, certificate, NULL) != CK_INVALID_HANDLE;
  trust = read_trust (certificate);
  if (is_stored && is_trusted (&trust)) {
    result->outcome = CARDEA_TRUST_ALREADY;
    return TRUE;
  }
  if (!is_stored && nickname != NULL && !check_nickname (certificate, nickname, error))
    return FALSE;
  if (!is_stored && !import (slot, certificate, nickname, error))
    return FALSE;
  if (!set_trust (certificate, trust, error))
    return FALSE;
  result->outcome = is_stored ? CARDEA_TRUST_CHANGED : CARDEA_TRUST_ADDED;
  return TRUE;
}
