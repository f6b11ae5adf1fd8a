/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <p11-kit/pkcs11.h>

#include "agent/front/front.h"

G_BEGIN_DECLS

typedef enum
{
  OBJECT_CERTIFICATE,
  OBJECT_KEY,
} FrontObjectKind;

/* Immutable once it is in the table, but for the two counts, which the table's lock protects. */
typedef struct
{
  FrontObjectKind kind;
  CK_OBJECT_HANDLE handle;
  GBytes *name;       /* certificate: its DER; key: CKA_ID */
  GBytes *parameters; /* key only: modulus or DER of the curve's parameters */
  CardeaFrontKeyType type;
  CardeaFrontSign sign;
  gpointer user_data;
  GDestroyNotify destroy;
  guint additions; /* certificate: removals still to come */
  guint references;
} FrontObject;

/* A reference or NULL. Search names are compared whole. */
FrontObject *front_table_find (FrontObjectKind kind, const void *name, gsize length);
FrontObject *front_table_get (CK_OBJECT_HANDLE handle);
void front_object_unref (FrontObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FrontObject, front_object_unref)

G_END_DECLS
