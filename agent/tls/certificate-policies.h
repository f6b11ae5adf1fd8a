/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Certificate policies along a path (RFC 5280, 6.1), any policy being acceptable to us: they matter only
 * where a certificate demands an explicit one. @path: CardeaX509, leaf first, the anchor last. NULL when they
 * allow the path. */
const CardeaFlaw *cardea_certificate_policies_check (CardeaX509 *const *path, guint length);

G_END_DECLS
