/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Distinguished names for people.
 *
 * A name comes from a card or a server that may want to be mistaken for another, so nothing in it may move
 * the cursor, hide or turn around what stands next to it in a dialog, a log or a terminal. RFC 4514 lets any
 * byte be written as \HH, which keeps the string exact and harmless at once. NSS's own CERT_NameToAscii()
 * quotes in the older way of RFC 1485 and lets such characters through. */

#include "agent/base/name.h"

#include <prprf.h>
#include <secder.h>
#include <secoid.h>
#include <string.h>

#include "agent/base/nss-cleanup.h"
#include "agent/base/printable.h"
#include "socket-api/limits.h"

static const struct
{
  SECOidTag tag;
  const char *keyword;
} keywords[] = {
  { SEC_OID_AVA_COMMON_NAME, "CN" },
  { SEC_OID_AVA_COUNTRY_NAME, "C" },
  { SEC_OID_AVA_LOCALITY, "L" },
  { SEC_OID_AVA_STATE_OR_PROVINCE, "ST" },
  { SEC_OID_AVA_STREET_ADDRESS, "STREET" },
  { SEC_OID_AVA_ORGANIZATION_NAME, "O" },
  { SEC_OID_AVA_ORGANIZATIONAL_UNIT_NAME, "OU" },
  { SEC_OID_AVA_DC, "DC" },
  { SEC_OID_RFC1274_UID, "UID" },
  { SEC_OID_AVA_SERIAL_NUMBER, "serialNumber" },
  { SEC_OID_AVA_SURNAME, "SN" },
  { SEC_OID_AVA_GIVEN_NAME, "givenName" },
  { SEC_OID_AVA_INITIALS, "initials" },
  { SEC_OID_AVA_GENERATION_QUALIFIER, "generationQualifier" },
  { SEC_OID_AVA_TITLE, "title" },
  { SEC_OID_AVA_DN_QUALIFIER, "dnQualifier" },
  { SEC_OID_AVA_PSEUDONYM, "pseudonym" },
  { SEC_OID_AVA_POSTAL_CODE, "postalCode" },
  { SEC_OID_AVA_HOUSE_IDENTIFIER, "houseIdentifier" },
  { SEC_OID_PKCS9_EMAIL_ADDRESS, "emailAddress" },
  { SEC_OID_RFC1274_MAIL, "mail" },
  { SEC_OID_BUSINESS_CATEGORY, "businessCategory" },
};

static void
append_hex (GString *out, const char *separator, const guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length && out->len < 2 * CARDEA_LIMIT_LABEL_BYTES; i++)
    g_string_append_printf (out, "%s%02X", separator, bytes[i]);
}

/* Characters that are not seen, or that change how others are seen: Unicode's controls, formats (all marks of
 * direction, joiners, tags), line and paragraph separators, private use, what is not assigned. */
static gboolean
is_harmless (gunichar character)
{
  switch (g_unichar_type (character)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_UNASSIGNED:
    return FALSE;
  default:
    return TRUE;
  }
}

/* RFC 4514, 2.4. */
static void
append_value (GString *out, const char *value)
{
  const char *next;

  for (const char *p = value; *p != '\0' && out->len < 2 * CARDEA_LIMIT_LABEL_BYTES; p = next) {
    gunichar character = g_utf8_get_char (p);

    next = g_utf8_next_char (p);
    if (strchr ("\"+,;<>\\", *p) != NULL || (*p == '#' && p == value) ||
        (*p == ' ' && (p == value || *next == '\0')))
      g_string_append_c (out, '\\');
    if (is_harmless (character))
      g_string_append_len (out, p, next - p);
    else
      append_hex (out, "\\", (const guint8 *)p, next - p);
  }
}

/* The value as text, or NULL for a type or encoding that has none. A NUL inside shows as U+FFFD. */
static char *
decode_value (const CERTAVA *ava)
{
  g_autoptr (SECItem) decoded = CERT_DecodeAVAValue (&ava->value);

  if (decoded == NULL || decoded->data == NULL)
    return NULL;
  return g_utf8_make_valid ((const char *)decoded->data, decoded->len);
}

static const char *
find_keyword (SECOidTag tag)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keywords); i++)
    if (keywords[i].tag == tag)
      return keywords[i].keyword;
  return NULL;
}

static void
append_ava (GString *out, CERTAVA *ava)
{
  const char *keyword = find_keyword (CERT_GetAVATag (ava));
  g_autofree char *value = keyword != NULL ? decode_value (ava) : NULL;
  char *oid = NULL;

  if (keyword == NULL) {
    oid = CERT_GetOidString (&ava->type);
    keyword = oid == NULL ? "?" : g_str_has_prefix (oid, "OID.") ? oid + strlen ("OID.") : oid;
  }
  g_string_append_printf (out, "%.128s=", keyword);
  if (value != NULL) {
    append_value (out, value);
  } else {
    g_string_append_c (out, '#');
    append_hex (out, "", ava->value.data, ava->value.len);
  }
  if (oid != NULL)
    PR_smprintf_free (oid);
}

static void
cut (GString *out)
{
  gsize length = CARDEA_LIMIT_LABEL_BYTES - strlen ("…");

  if (out->len <= CARDEA_LIMIT_LABEL_BYTES)
    return;
  while (length > 0 && ((guint8)out->str[length] & 0xc0) == 0x80)
    length--;
  g_string_truncate (out, length);
  g_string_append (out, "…");
}

char *
cardea_name_to_string (const CERTName *name)
{
  GString *out = g_string_new (NULL);
  gsize n_rdns = 0;

  while (name->rdns != NULL && name->rdns[n_rdns] != NULL)
    n_rdns++;
  /* The last relative name comes first (RFC 4514, 2.1). */
  for (gsize i = n_rdns; i > 0 && out->len <= CARDEA_LIMIT_LABEL_BYTES; i--) {
    CERTAVA **avas = name->rdns[i - 1]->avas;

    for (gsize j = 0; avas != NULL && avas[j] != NULL && out->len <= CARDEA_LIMIT_LABEL_BYTES; j++) {
      if (out->len > 0)
        g_string_append_c (out, j > 0 ? '+' : ',');
      append_ava (out, avas[j]);
    }
  }
  cut (out);
  return g_string_free (out, FALSE);
}

/* The most specific value of one kind, or NULL. */
static char *
find_value (const CERTName *name, SECOidTag tag)
{
  char *found = NULL;

  for (gsize i = 0; name->rdns != NULL && name->rdns[i] != NULL; i++)
    for (CERTAVA **ava = name->rdns[i]->avas; ava != NULL && *ava != NULL; ava++) {
      g_autofree char *value = CERT_GetAVATag (*ava) == tag ? decode_value (*ava) : NULL;

      if (value == NULL || g_strstrip (value)[0] == '\0')
        continue;
      g_free (found);
      found = g_steal_pointer (&value);
    }
  return found;
}

char *
cardea_name_to_short_string (const CERTName *name)
{
  static const SECOidTag tags[] = { SEC_OID_AVA_COMMON_NAME, SEC_OID_AVA_ORGANIZATION_NAME,
                                    SEC_OID_AVA_ORGANIZATIONAL_UNIT_NAME };

  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++) {
    g_autofree char *value = find_value (name, tags[i]);

    if (value != NULL) {
      g_autofree char *shown = cardea_printable (value, -1);
      GString *out = g_string_new (shown);

      cut (out);
      return g_string_free (out, FALSE);
    }
  }
  return cardea_name_to_string (name);
}
