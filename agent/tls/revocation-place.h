/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Where a certificate says that its revocation is told of. Only "http:" counts: what is told is signed, TLS
 * would need a revocation check of its own, and other schemes reach files and more of this computer. Each is
 * a new array of URLs (char *), at most CARDEA_LIMIT_REVOCATION_PLACES, empty where none can be used. */

GPtrArray *cardea_revocation_place_get_responders (const CardeaX509 *certificate);
GPtrArray *cardea_revocation_place_get_lists (const CardeaX509 *certificate);

/* Whether a distribution point of the certificate has the name of the list's (both as GeneralNames, a run;
 * RFC 5280, 6.3.3 (b)(2)(i)). Compares byte by byte, URLs alone. */
gboolean cardea_revocation_place_names_list (const CardeaX509 *certificate, CardeaDer names);

/* Whether it can be fetched: "http", a host, no user, no more than CARDEA_LIMIT_REVOCATION_URL_BYTES of
 * printable ASCII. */
gboolean cardea_revocation_place_is_url (const char *text, gsize length);

G_END_DECLS
