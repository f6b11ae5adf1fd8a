/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tls/crl-store.h"
#include "agent/tls/demand.h"
#include "agent/tls/revocation-question.h"

G_BEGIN_DECLS

/* Whether a server is who it should be: chain, name, validity, usage, revocation. It asks no network: what
 * has to be asked there it says when all else was found to be in order. */
typedef struct
{
  GPtrArray *chain;        /* DER (GBytes) as the server sent it, leaf first; may be anything */
  GBytes *stapled_ocsp;    /* or NULL */
  const char *server_name; /* normalised: an A-label name or an address literal */
  gint64 now;              /* Unix seconds */
  GPtrArray *demands;      /* of CardeaDemand: each must be met; NULL: none */
  CardeaCrlStore *lists;   /* of revoked certificates, read where they changed; NULL: none */
  gboolean fetch;          /* the network may be asked about revocation */
} CardeaVerifyRequest;

typedef struct
{
  char *vouched_by;                   /* source of the anchor that the chain ends in */
  char *authority;                    /* what a person calls it */
  char *revocation;                   /* good, unknown, not_checked */
  CardeaRevocationQuestion *question; /* what nothing at hand answers; NULL: nothing is to be asked */
} CardeaVerdict;

void cardea_verdict_clear (CardeaVerdict *self);

/* Blocks (worker threads only), thread-safe, bounded by the limits before any library sees the chain.
 * @trust has to vouch, and so has each demand with authorities of its own; NULL where there is one and only
 * those have to. @verdict is written on success; who vouches is then the first such demand's authority.
 * Errors: CARDEA_ERROR_SERVER_NOT_TRUSTED with "reason" (unknown_authority, self_signed, expired,
 * not_yet_valid, wrong_name, wrong_usage, weak, malformed, too_large, revoked, not_stapled, distrusted,
 * invalid, authority_not_allowed, not_pinned, revocation_unknown), "message" and "peer_chain". Where the
 * verdict has a question the server is not accepted yet: cardea_verify_conclude(). */
gboolean cardea_verify_server (CardeaTrust *trust, const CardeaVerifyRequest *request, CardeaVerdict *verdict,
                               GError **error);
/* The end of a verification that had a question, with what the network answered. The verdict's question is
 * gone then, and all of it where the server is refused. Errors: as above, with the reasons revoked and
 * revocation_unknown. */
gboolean cardea_verify_conclude (const CardeaVerifyRequest *request, CardeaVerdict *verdict,
                                 CardeaRevocationStatus answer, GError **error);

G_END_DECLS
