/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Signatures on certificates that were found good before, as many as @limit. Thread-safe. */
typedef struct _CardeaProven CardeaProven;

CardeaProven *cardea_proven_new (guint limit);
void cardea_proven_free (CardeaProven *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaProven, cardea_proven_free)

/* cardea_x509_is_signed_by(), remembered. */
gboolean cardea_proven_is_signed_by (CardeaProven *self, const CardeaX509 *child, const CardeaX509 *issuer);
guint cardea_proven_count (CardeaProven *self);

G_END_DECLS
