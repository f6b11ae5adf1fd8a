/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/record.h"
#include "agent/prompt/pin-question.h"

G_BEGIN_DECLS

/* How often a person is asked for one unlocking. */
#define CARDEA_PIN_MAX_QUESTIONS 5

/* The question for @token's PIN as things stand, with the purpose of @template. @rejected: the PIN typed
 * last. */
CardeaPinQuestion *cardea_pin_make_question (const CardeaPinRecord *record, CardeaToken *token,
                                             const CardeaPinQuestion *template, gboolean rejected,
                                             GCancellable *token_gone);

/* The question for a new PIN. @state: of what proves that the person may, the old PIN or the PUK. */
CardeaPinQuestion *cardea_pin_make_new_question (CardeaToken *token, CardeaPinAction action,
                                                 CardeaPinState state, const CardeaPinQuestion *template,
                                                 GCancellable *token_gone);

/* Whether a refusal is of the new PIN only. */
gboolean cardea_pin_is_about_new (const GError *error);
/* The token refused @secret (NULL: what its own pad gave), and says how its PIN stands. */
void cardea_pin_note_refusal (CardeaPinRecord *record, CardeaSecret *secret, const GError *error);
/* How many tries a refusal says that are left, or -1. */
int cardea_pin_read_tries (const GError *error);
/* The PIN's state that a refusal tells. */
CardeaPinState cardea_pin_read_state (const GError *error);

G_END_DECLS
