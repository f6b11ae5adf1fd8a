/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tls/demand.h"

G_BEGIN_DECLS

/* Whether a server is who it should be: chain, name, validity, usage, revocation. Pure but for NSS's
 * in-memory state: it asks no network and opens no file. */
typedef struct
{
  GPtrArray *chain;        /* DER (GBytes) as the server sent it, leaf first; may be anything */
  GBytes *stapled_ocsp;    /* or NULL */
  const char *server_name; /* normalised: an A-label name or an address literal */
  gint64 now;              /* Unix seconds */
  GPtrArray *demands;      /* of CardeaDemand: each must be met; NULL: none */
} CardeaVerifyRequest;

typedef struct
{
  char *vouched_by; /* source of the anchor that the chain ends in */
  char *authority;  /* what a person calls it */
  char *revocation; /* good, unknown, not_checked */
} CardeaVerdict;

void cardea_verdict_clear (CardeaVerdict *self);

/* Blocks (worker threads only), thread-safe, bounded by the limits before any library sees the chain.
 * @trust has to vouch, and so has each demand with authorities of its own; NULL where there is one and only
 * those have to. @verdict is written on success; who vouches is then the first such demand's authority.
 * Errors: CARDEA_ERROR_SERVER_NOT_TRUSTED with "reason" (unknown_authority, self_signed, expired,
 * not_yet_valid, wrong_name, wrong_usage, weak, malformed, too_large, revoked, distrusted, invalid,
 * authority_not_allowed, not_pinned, revocation_unknown), "message" and "peer_chain". */
gboolean cardea_verify_server (CardeaTrust *trust, const CardeaVerifyRequest *request, CardeaVerdict *verdict,
                               GError **error);

G_END_DECLS
