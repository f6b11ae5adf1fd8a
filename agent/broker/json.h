/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <jansson.h>

#include "agent/base/end.h"
#include "agent/base/reason.h"
#include "agent/broker/session.h"
#include "agent/decisions/remembered.h"
#include "agent/pin/leases.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Values as the types of org.cardea.agent. Each returns a new reference, never NULL. */
json_t *cardea_json_from_reason (const CardeaReason *reason); /* Problem */
json_t *cardea_json_from_reasons (GPtrArray *reasons);        /* []Problem; NULL: none */
json_t *cardea_json_from_token (const CardeaToken *token, const CardeaLease *lease,
                                gboolean single_use); /* Token; @lease NULL: none */
json_t *cardea_json_from_certificate (const CardeaTokenCertificate *certificate); /* Certificate */
json_t *cardea_json_from_session (CardeaSession *session);                        /* Session */
/* The same for the program that it belongs to: with its channel binding, by which it can show to the server
 * that it speaks on this connection; so nobody else is told. */
json_t *cardea_json_from_own_session (CardeaSession *session);
json_t *cardea_json_from_end (const CardeaEnd *end);                      /* End */
json_t *cardea_json_from_remembered (const CardeaRemembered *remembered); /* Decision */

/* []string of base64; @ders holds GBytes, NULL: none. */
json_t *cardea_json_from_ders (GPtrArray *ders);

G_END_DECLS
