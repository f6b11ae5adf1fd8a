/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-json.h"

G_BEGIN_DECLS

/* The certificates of a question or an update, as JSON: the first ones of @offers (CardeaPromptOffer) that
 * are within CARDEA_LIMIT_PROMPT_OFFERS and together within @max_bytes. */
json_t *cardea_prompt_offers_to_json (const GPtrArray *offers, gsize max_bytes);
/* Takes the field "offers"; never NULL. */
GPtrArray *cardea_prompt_take_offers (CardeaPromptFields *self);

G_END_DECLS
