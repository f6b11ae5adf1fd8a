/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading objects of a module that may say anything.
 *
 * A length comes back three times wrong in practice: CK_UNAVAILABLE_INFORMATION with CKR_OK, more in the
 * second call than in the first, and more than was ever written. So the buffer is ours, of the largest size
 * we want, and what is said about it is compared with that. */

#include "agent/token-host/objects.h"

#include <string.h>

#define HANDLES_AT_ONCE 64

static void
tick (const CardeaObjects *self)
{
  if (self->tick != NULL)
    self->tick (self->tick_data);
}

/* Reads until the module has no more or @max are there. */
static CK_RV
collect (const CardeaObjects *self, GArray *handles, guint max, gboolean *more)
{
  CK_OBJECT_HANDLE batch[HANDLES_AT_ONCE] = { 0 };

  while (TRUE) {
    CK_ULONG got = 0;
    CK_RV rv = CARDEA_PKCS11_CALL (self->module, C_FindObjects, self->session, batch, HANDLES_AT_ONCE, &got);

    tick (self);
    if (rv != CKR_OK)
      return rv;
    if (got > HANDLES_AT_ONCE)
      return CKR_GENERAL_ERROR;
    if (got == 0)
      return CKR_OK;
    *more = handles->len + got > max;
    g_array_append_vals (handles, batch, *more ? max - handles->len : got);
    if (*more)
      return CKR_OK;
  }
}

CK_RV
cardea_objects_find (const CardeaObjects *self, CK_ATTRIBUTE *template, CK_ULONG count, guint max,
                     GArray **handles, gboolean *more)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (CK_OBJECT_HANDLE));
  gboolean left_out = FALSE;
  CK_RV rv = CARDEA_PKCS11_CALL (self->module, C_FindObjectsInit, self->session, template, count);

  tick (self);
  if (rv != CKR_OK)
    return rv;
  rv = collect (self, found, max, &left_out);
  CARDEA_PKCS11_CALL (self->module, C_FindObjectsFinal, self->session);
  tick (self);
  if (rv != CKR_OK)
    return rv;
  *handles = g_steal_pointer (&found);
  *more = left_out;
  return CKR_OK;
}

GBytes *
cardea_objects_get_bytes (const CardeaObjects *self, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                          gsize max)
{
  g_autofree guint8 *buffer = g_malloc0 (max); /* what the module claims but does not write is nobody's */
  CK_ATTRIBUTE attribute = { type, buffer, max };
  CK_RV rv = CARDEA_PKCS11_CALL (self->module, C_GetAttributeValue, self->session, object, &attribute, 1);

  tick (self);
  if (rv != CKR_OK ||
      attribute.ulValueLen > max) /* CK_UNAVAILABLE_INFORMATION is the largest number there is */
    return NULL;
  return g_bytes_new (buffer, attribute.ulValueLen);
}

gboolean
cardea_objects_get_ulong (const CardeaObjects *self, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                          CK_ULONG *value)
{
  g_autoptr (GBytes) bytes = cardea_objects_get_bytes (self, object, type, sizeof (CK_ULONG));

  if (bytes == NULL || g_bytes_get_size (bytes) != sizeof (CK_ULONG))
    return FALSE;
  memcpy (value, g_bytes_get_data (bytes, NULL), sizeof (CK_ULONG));
  return TRUE;
}

gboolean
cardea_objects_get_bool (const CardeaObjects *self, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                         gboolean fallback)
{
  g_autoptr (GBytes) bytes = cardea_objects_get_bytes (self, object, type, sizeof (CK_BBOOL));

  if (bytes == NULL || g_bytes_get_size (bytes) != sizeof (CK_BBOOL))
    return fallback;
  return *(const CK_BBOOL *)g_bytes_get_data (bytes, NULL) != CK_FALSE;
}
