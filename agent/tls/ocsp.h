/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

typedef enum
{
  CARDEA_OCSP_UNKNOWN, /* not about this certificate, not signed by who may, stale, or it says "unknown" */
  CARDEA_OCSP_GOOD,
  CARDEA_OCSP_REVOKED,
} CardeaOcspStatus;

/* Reads a stapled response (RFC 6960; RFC 6066, 8) about @certificate, which @issuer issued. A revocation
 * holds even when the response is out of date: a server must not get rid of it by keeping it for a while. */
CardeaOcspStatus cardea_ocsp_check (GBytes *response, const CardeaX509 *certificate, const CardeaX509 *issuer,
                                    gint64 now);

G_END_DECLS
