/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <keythi.h>

#include "agent/base/certificate.h"

G_BEGIN_DECLS

/* The certificate's public key where NSS verifies with it: taken into NSS's own slot at the first call and
 * kept with the certificate, since taking it there costs as much as verifying a signature (on P-256,
 * NSS 3.87). Borrowed; any thread, and several at once. NULL when NSS does not know the kind of key. For the
 * .c files that verify, since it is a type of NSS. */
const SECKEYPublicKey *cardea_certificate_get_public_key (CardeaCertificate *self);

G_END_DECLS
