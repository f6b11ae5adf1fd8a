/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Whether the public key of one of the certificates is pinned. @pins: SHA-256 of SubjectPublicKeyInfo
 * (GBytes; RFC 7469, 2.4); NULL and empty ask for nothing. */
gboolean cardea_pins_are_met (const GPtrArray *pins, const CardeaX509 *const *certificates, guint n);

G_END_DECLS
