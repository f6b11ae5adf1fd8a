/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/choice.h"
#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* The choice as a person is shown it: of CardeaPromptOffer, in its order, each name once. @renewed: the index
 * of the offer that takes the place of one that was remembered, or -1. */
GPtrArray *cardea_offers_to_prompt (const CardeaChoice *choice, int renewed);

/* What an offer is called in a question and in its answer: the same as long as the same certificate is on the
 * same token. */
char *cardea_offer_dup_id (const CardeaOffer *offer);
/* The offer of that name, if it fits; borrowed, NULL where there is none (any more). */
const CardeaOffer *cardea_offers_find_fitting (const CardeaChoice *choice, const char *id);

G_END_DECLS
