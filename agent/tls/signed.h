/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* What an authority says besides certificates: OCSP responses, lists of revoked certificates. */

/* How far the clock of who signed may be ahead, in seconds. */
#define CARDEA_SIGNED_CLOCK_SKEW_S 300

/* @signed_data: whole, a SEQUENCE that begins like a certificate: what is signed, the algorithm, the
 * signature. Whether the key of @signer made it; says nothing of whether it may, and of the algorithm's
 * strength only what NSS's policy says. */
gboolean cardea_signed_is_by (CardeaDer signed_data, const CardeaX509 *signer);
/* A GeneralizedTime as NSS reads it, in Unix seconds. */
gboolean cardea_signed_read_time (CardeaDer *fields, gint64 *seconds);

G_END_DECLS
