/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cert.h>
#include <keyhi.h>

#include "agent/tls/handshake.h"

G_BEGIN_DECLS

/* A certificate that was decided for one request of a server's, with its key behind the front module:
 * CardeaDecision. */

typedef enum
{
  CARDEA_SIGN_NOT_YET,
  CARDEA_SIGN_DONE,
  CARDEA_SIGN_REFUSED, /* the signer had no signature */
  CARDEA_SIGN_WRONG,   /* it does not verify: never sent */
} CardeaSignOutcome;

/* Copies the struct and takes its user_data, also on failure. From now on NSS can find the key. Errors:
 * HANDSHAKE_FAILED. */
CardeaDecision *cardea_decision_new (const CardeaSigner *signer, GError **error);
/* The key is gone from the front module; a signature that has begun goes on. Any number of times, main loop
 * only. */
void cardea_decision_revoke (CardeaDecision *self);
void cardea_decision_free (CardeaDecision *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaDecision, cardea_decision_free)

/* What SSL_ClientCertCallbackComplete() takes. NULL when the key was not found. */
SECKEYPrivateKey *cardea_decision_find_key (CardeaDecision *self);
CERTCertificate *cardea_decision_get_certificate (CardeaDecision *self); /* borrowed */

/* Any thread. */
CardeaSignOutcome cardea_decision_get_outcome (CardeaDecision *self);
guint cardea_decision_count_signatures (CardeaDecision *self);

/* A temporary certificate of NSS that the front module knows too, without which NSS takes it for one without
 * a key. Released by cardea_decision_forget_certificate(). NULL when NSS cannot read it. */
CERTCertificate *cardea_decision_publish_certificate (GBytes *der);
void cardea_decision_forget_certificate (CERTCertificate *certificate, GBytes *der);

G_END_DECLS
