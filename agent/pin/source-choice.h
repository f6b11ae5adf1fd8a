/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/pin/sources.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* The source (borrowed) whose PIN may be tried on @token, of CardeaPinSource elements. NULL without
 * @obstacle: none names it. NULL with @obstacle: one does, and why it is not used. @tokens: all that are
 * present; @state: the PIN's now. */
CardeaPinSource *cardea_pin_choose_source (GPtrArray *sources, GPtrArray *tokens, CardeaToken *token,
                                           CardeaPinState state, GError **obstacle);
/* Why a source's PIN is not tried on a token in @state, as a sentence, or NULL. */
const char *cardea_pin_find_state_obstacle (CardeaToken *token, CardeaPinState state);
/* What is said about logins to the token (an element of @leases, of CardeaLeaseConfig), or NULL. */
const CardeaLeaseConfig *cardea_pin_find_lease_rule (GPtrArray *leases, CardeaToken *token);
/* How many of @tokens, those present, @pattern matches. */
guint cardea_pin_count_matches (GPtrArray *tokens, const char *pattern);
/* Whether this very token, of this very reading, is among those present. */
gboolean cardea_pin_is_present (GPtrArray *tokens, CardeaToken *token);

/* Whether a PIN can be set on a token like this: also on one that is of no use because its PIN is locked. */
gboolean cardea_pin_can_be_set (CardeaToken *token);
/* Whether it is the same insertion that is there now, and so. */
gboolean cardea_pin_is_inserted (GPtrArray *tokens, CardeaToken *token);

G_END_DECLS
