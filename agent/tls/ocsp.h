/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/revocation-status.h"
#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Reads a response (RFC 6960; stapled: RFC 6066, 8) about @certificate, which @issuer issued. "Unknown": not
 * about this certificate, not signed by who may, stale, or the response says so. A revocation holds even when
 * the response is out of date: a server must not get rid of it by keeping it for a while. @until may be NULL;
 * of an answer, when it is out of date, in Unix seconds. */
CardeaRevocationStatus cardea_ocsp_check (GBytes *response, const CardeaX509 *certificate,
                                          const CardeaX509 *issuer, gint64 now, gint64 *until);

/* A request about it, without a nonce (RFC 5019, 2.1), which names the issuer by SHA-1, as every responder
 * expects. NULL for a serial number that no responder would know. Caller frees. */
GBytes *cardea_ocsp_make_request (const CardeaX509 *certificate, const CardeaX509 *issuer);

G_END_DECLS
