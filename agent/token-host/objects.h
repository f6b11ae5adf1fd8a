/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/pkcs11.h"

G_BEGIN_DECLS

/* Called after each call of the module: it still answers. */
typedef void (*CardeaObjectsTick) (gpointer data);

/* Reading objects in one session. What a module says about sizes and numbers is checked before it is used. */
typedef struct
{
  CardeaPkcs11 *module;
  CK_SESSION_HANDLE session;
  CardeaObjectsTick tick; /* or NULL */
  gpointer tick_data;
} CardeaObjects;

/* Handles (CK_OBJECT_HANDLE) of at most @max objects that match; @more says whether there were others. */
CK_RV cardea_objects_find (const CardeaObjects *self, CK_ATTRIBUTE *template, CK_ULONG count, guint max,
                           GArray **handles, gboolean *more);

/* NULL when the object has no such attribute, does not show it, or has more than @max bytes in it. */
GBytes *cardea_objects_get_bytes (const CardeaObjects *self, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                  gsize max);
/* FALSE when it is not there or no CK_ULONG. */
gboolean cardea_objects_get_ulong (const CardeaObjects *self, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                   CK_ULONG *value);
/* @fallback when it is not there or no CK_BBOOL. */
gboolean cardea_objects_get_bool (const CardeaObjects *self, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                                  gboolean fallback);

G_END_DECLS
