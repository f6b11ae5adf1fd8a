/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/front/table.h"

G_BEGIN_DECLS

/* Fills one attribute by the rules of C_GetAttributeValue (PKCS#11 2.40, 5.7): CKR_OK,
 * CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_SENSITIVE or CKR_BUFFER_TOO_SMALL. */
CK_RV front_object_get_attribute (const FrontObject *object, CK_ATTRIBUTE *attribute);

/* The most bytes a signature of this key can have. */
gsize front_object_get_signature_length (const FrontObject *object);

G_END_DECLS
