/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/revocation-status.h"
#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* A list of revoked certificates (RFC 5280, 5), taken apart: immutable but for what it remembers of its
 * signature, reference-counted, thread-safe. */
typedef struct _CardeaCrl CardeaCrl;

/* @der: at most @limit bytes, one list and nothing behind it. What it takes in memory is @der, and 8 bytes
 * for each entry. A list that must not be used (a critical extension that is not known here, an indirect one,
 * a delta) is an error like one that cannot be read. Errors: G_IO_ERROR_INVALID_DATA, with words that go on
 * after "it". */
CardeaCrl *cardea_crl_new (GBytes *der, gsize limit, GError **error);
CardeaCrl *cardea_crl_ref (CardeaCrl *self);
void cardea_crl_unref (CardeaCrl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaCrl, cardea_crl_unref)

CardeaDer cardea_crl_get_issuer (const CardeaCrl *self); /* whole Name, borrowed */
guint cardea_crl_count_entries (const CardeaCrl *self);

/* What it says about @certificate, which @issuer issued; the issuer alone speaks for itself, with a key that
 * may sign lists. A revocation holds also where the list is out of date. @until may be NULL; of an answer,
 * when it is out of date, in Unix seconds. Blocks for a signature over the whole list, once per issuer. */
CardeaRevocationStatus cardea_crl_check (CardeaCrl *self, const CardeaX509 *certificate,
                                         const CardeaX509 *issuer, gint64 now, gint64 *until);

G_END_DECLS
