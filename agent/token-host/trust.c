/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which certificates of a token vouch for servers, and which must never.
 *
 * NSS keeps trust in objects of their own, tied to a certificate by issuer and serial number. All are read
 * first; where two speak of one certificate, distrust wins, whatever their order. */

#include "agent/token-host/trust.h"

#include "agent/token-host/nss-trust.h"

#define NAME_BYTES (16 * 1024) /* DER of an issuer's name */
#define SERIAL_BYTES 128       /* DER of a serial number; RFC 5280, 4.1.2.2 allows 20 octets */

/* "issuer length, issuer, serial" of an object; NULL when it has not both. */
static GBytes *
read_name (const CardeaObjects *objects, CK_OBJECT_HANDLE object)
{
  g_autoptr (GBytes) issuer = cardea_objects_get_bytes (objects, object, CKA_ISSUER, NAME_BYTES);
  g_autoptr (GBytes) serial = cardea_objects_get_bytes (objects, object, CKA_SERIAL_NUMBER, SERIAL_BYTES);
  g_autoptr (GByteArray) name = g_byte_array_new ();

  if (issuer == NULL || serial == NULL || g_bytes_get_size (issuer) == 0)
    return NULL;

  guint64 length = g_bytes_get_size (issuer);

  g_byte_array_append (name, (const guint8 *)&length, sizeof (length));
  g_byte_array_append (name, g_bytes_get_data (issuer, NULL), length);
  g_byte_array_append (name, g_bytes_get_data (serial, NULL), g_bytes_get_size (serial));
  return g_byte_array_free_to_bytes (g_steal_pointer (&name));
}

static CardeaHostWireTrust
level_of (CK_ULONG trust)
{
  switch (trust) {
  case CARDEA_CKT_NSS_TRUSTED_DELEGATOR:
    return CARDEA_HOST_WIRE_TRUST_ANCHOR;
  case CARDEA_CKT_NSS_NOT_TRUSTED:
    return CARDEA_HOST_WIRE_TRUST_DISTRUSTED;
  default:
    return CARDEA_HOST_WIRE_TRUST_NEUTRAL;
  }
}

static CK_RV
find_class (const CardeaObjects *objects, CK_OBJECT_CLASS class, GArray **handles, gboolean *incomplete)
{
  CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof (class) };
  gboolean more;
  CK_RV rv = cardea_objects_find (objects, &template, 1, CARDEA_LIMIT_AUTHORITIES_PER_HOST, handles, &more);

  *incomplete |= rv == CKR_OK && more;
  return rv;
}

/* Levels by name; the larger number is the stricter one, which stays. */
static void
read_trust (const CardeaObjects *objects, CK_OBJECT_HANDLE object, GHashTable *levels)
{
  g_autoptr (GBytes) name = read_name (objects, object);
  CK_ULONG trust;

  if (name == NULL || !cardea_objects_get_ulong (objects, object, CARDEA_CKA_TRUST_SERVER_AUTH, &trust))
    return;

  gint level = level_of (trust);

  if (GPOINTER_TO_INT (g_hash_table_lookup (levels, name)) <= level)
    g_hash_table_replace (levels, g_steal_pointer (&name), GINT_TO_POINTER (level));
}

static void
send_authority (const CardeaObjects *objects, CK_OBJECT_HANDLE object, GHashTable *levels,
                CardeaListingSend send, gpointer data)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_AUTHORITY };
  g_autoptr (GBytes) name = read_name (objects, object);
  g_autoptr (GBytes) der =
      cardea_objects_get_bytes (objects, object, CKA_VALUE, CARDEA_LIMIT_CERTIFICATE_BYTES);

  if (der == NULL || g_bytes_get_size (der) == 0)
    return;
  message.authority.der.data = g_bytes_get_data (der, &message.authority.der.length);
  if (name != NULL)
    message.authority.level = GPOINTER_TO_INT (g_hash_table_lookup (levels, name));
  send (&message, data);
}

CK_RV
cardea_trust_list (const CardeaObjects *objects, CardeaListingSend send, gpointer data, gboolean *incomplete)
{
  g_autoptr (GHashTable) levels =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
  g_autoptr (GArray) trusts = NULL;
  g_autoptr (GArray) certificates = NULL;
  CK_RV rv = find_class (objects, CARDEA_CKO_NSS_TRUST, &trusts, incomplete);

  if (rv == CKR_OK)
    rv = find_class (objects, CKO_CERTIFICATE, &certificates, incomplete);
  if (rv != CKR_OK)
    return rv;
  for (guint i = 0; i < trusts->len; i++)
    read_trust (objects, g_array_index (trusts, CK_OBJECT_HANDLE, i), levels);
  for (guint i = 0; i < certificates->len; i++)
    send_authority (objects, g_array_index (certificates, CK_OBJECT_HANDLE, i), levels, send, data);
  return CKR_OK;
}
