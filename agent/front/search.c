/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finding objects.
 *
 * The slot lists nothing: it answers who already knows what to ask for. A private key is found by its CKA_ID,
 * which is random and known to one connection; a certificate by its whole value. NSS also looks for trust
 * objects, CRLs and issuers here, on every chain it builds: those find nothing, at once. */

#include "agent/front/object.h"
#include "agent/front/session.h"
#include "agent/front/table.h"

#include <string.h>

static const CK_ATTRIBUTE *
find_attribute (const CK_ATTRIBUTE *attributes, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
  for (CK_ULONG i = 0; i < count; i++)
    if (attributes[i].type == type && attributes[i].pValue != NULL)
      return &attributes[i];
  return NULL;
}

/* What a template asks for besides the name must hold too. */
static gboolean
matches (const FrontObject *object, const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
  for (CK_ULONG i = 0; i < count; i++) {
    if (attributes[i].ulValueLen > 0 && attributes[i].pValue == NULL)
      return FALSE;
    g_autofree guint8 *buffer = NULL;
    CK_ATTRIBUTE own = { attributes[i].type, NULL, 0 };
    if (front_object_get_attribute (object, &own) != CKR_OK || own.ulValueLen != attributes[i].ulValueLen)
      return FALSE;
    own.pValue = buffer = g_malloc (own.ulValueLen + 1);
    if (front_object_get_attribute (object, &own) != CKR_OK)
      return FALSE;
    if (own.ulValueLen > 0 && memcmp (buffer, attributes[i].pValue, own.ulValueLen) != 0)
      return FALSE;
  }
  return TRUE;
}

static CK_OBJECT_HANDLE
search (const CK_ATTRIBUTE *attributes, CK_ULONG count)
{
  const CK_ATTRIBUTE *class = find_attribute (attributes, count, CKA_CLASS);
  CK_OBJECT_CLASS kind;

  if (class == NULL || class->ulValueLen != sizeof kind)
    return 0;
  memcpy (&kind, class->pValue, sizeof kind);
  if (kind != CKO_PRIVATE_KEY && kind != CKO_CERTIFICATE)
    return 0;

  const CK_ATTRIBUTE *name = find_attribute (attributes, count, kind == CKO_PRIVATE_KEY ? CKA_ID : CKA_VALUE);
  if (name == NULL)
    return 0;
  g_autoptr (FrontObject) object = front_table_find (
      kind == CKO_PRIVATE_KEY ? OBJECT_KEY : OBJECT_CERTIFICATE, name->pValue, name->ulValueLen);
  return object != NULL && matches (object, attributes, count) ? object->handle : 0;
}

CK_RV
C_FindObjectsInit (CK_SESSION_HANDLE handle, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
  FrontSession session;

  if (attributes == NULL && count > 0)
    return CKR_ARGUMENTS_BAD;
  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  if (session.searching)
    return CKR_OPERATION_ACTIVE;
  session.searching = TRUE;
  session.found = search (attributes, count);
  return front_session_write (&session) ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV
C_FindObjects (CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
  FrontSession session;

  if (objects == NULL || count == NULL)
    return CKR_ARGUMENTS_BAD;
  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  if (!session.searching)
    return CKR_OPERATION_NOT_INITIALIZED;
  *count = 0;
  if (session.found == 0 || max == 0)
    return CKR_OK;
  objects[(*count)++] = session.found;
  session.found = 0;
  return front_session_write (&session) ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV
C_FindObjectsFinal (CK_SESSION_HANDLE handle)
{
  FrontSession session;

  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  if (!session.searching)
    return CKR_OPERATION_NOT_INITIALIZED;
  session.searching = FALSE;
  session.found = 0;
  return front_session_write (&session) ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV
C_GetAttributeValue (CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object_handle, CK_ATTRIBUTE *attributes,
                     CK_ULONG count)
{
  FrontSession session;
  CK_RV result = CKR_OK;

  if (attributes == NULL && count > 0)
    return CKR_ARGUMENTS_BAD;
  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  g_autoptr (FrontObject) object = front_table_get (object_handle);
  if (object == NULL)
    return CKR_OBJECT_HANDLE_INVALID;
  /* Every attribute is answered, whatever becomes of the others (PKCS#11 2.40, 5.7). */
  for (CK_ULONG i = 0; i < count; i++) {
    CK_RV one = front_object_get_attribute (object, &attributes[i]);
    if (result == CKR_OK)
      result = one;
  }
  return result;
}
