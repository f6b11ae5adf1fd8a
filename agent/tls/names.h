/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Whether a certificate was issued for this server (RFC 9525, 6): subject alternative names only, an address
 * by iPAddress only, "*" only as the whole leftmost label and never directly under a top-level domain.
 * @server_name: normalised, an A-label name or an address literal. */
gboolean cardea_names_match (const CardeaX509 *certificate, const char *server_name);

/* A host name as DNS has them, without the wildcard: labels of 1 to 63 letters, digits, "-" and "_" (which
 * exists in practice), 253 in all. */
gboolean cardea_names_is_host (const char *name, gsize length);

G_END_DECLS
