/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/trust.h"
#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* What verification asks of a snapshot. Everything is borrowed from it. */
typedef struct
{
  CardeaX509 *certificate;
  const char *source; /* interned */
} CardeaAnchor;

/* By subject, compared byte by byte: an array of CardeaAnchor, or NULL for none. */
const GPtrArray *cardea_trust_find_anchors (const CardeaTrust *self, CardeaDer subject);
/* The same of CardeaX509. */
const GPtrArray *cardea_trust_find_intermediates (const CardeaTrust *self, CardeaDer subject);
/* Whether exactly this certificate is an anchor; NULL if not. */
const CardeaAnchor *cardea_trust_find_anchor (const CardeaTrust *self, GBytes *der);
/* This certificate, or another one of an authority whose certificate is distrusted: same subject, same key.
 */
gboolean cardea_trust_is_distrusted (const CardeaTrust *self, const CardeaX509 *certificate);
/* cardea_x509_is_signed_by(), with a memory that lives as long as the snapshot. */
gboolean cardea_trust_is_signed_by (const CardeaTrust *self, const CardeaX509 *child,
                                    const CardeaX509 *issuer);

G_END_DECLS
