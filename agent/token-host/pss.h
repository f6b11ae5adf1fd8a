/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* EMSA-PSS encoding (RFC 8017, 9.1.1) of a digest, with MGF1 by the same hash and a salt as long as the
 * digest (RFC 8446, 4.2.3), for tokens that know RSA only as the bare operation.
 *
 * @hash_bits: 256, 384 or 512 (SHA-2), of which @digest and @salt have that many. @modulus_bits: of the key.
 * The block, as long as the modulus, which the key's operation makes a signature of; or NULL where the key is
 * too short for the hash, or there is no such hash. */
GBytes *cardea_pss_encode (const guint8 *digest, const guint8 *salt, guint hash_bits, gsize modulus_bits);

G_END_DECLS
