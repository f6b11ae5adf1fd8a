/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Reads the extensions into @self; the first thing wrong with them becomes its flaw. @list: a run of
 * Extension. */
void cardea_x509_read_extensions (CardeaX509 *self, CardeaDer list);
/* Algorithm of a signature and the key: SHA-2 with RSA (PKCS #1 1.5, PSS) or ECDSA; RSA of 2048 to 8192 bits;
 * P-256, P-384, P-521. NULL when they are fine. */
const CardeaFlaw *cardea_x509_check_signature_algorithm (CardeaDer algorithm);
const CardeaFlaw *cardea_x509_check_key (const CardeaX509 *self);
/* Takes one Extension (RFC 5280, 4.1) off a run of them; @value: what its OCTET STRING holds. */
gboolean cardea_x509_next_extension (CardeaDer *list, CardeaDer *oid, gboolean *critical, CardeaDer *value);
/* Time (RFC 5280, 4.1), in Unix seconds. */
gboolean cardea_x509_read_time (CardeaDer *fields, gint64 *seconds);

G_END_DECLS
