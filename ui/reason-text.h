/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* Why @offer cannot be used, as one short sentence in the person's language; the agent's own words, isolated,
 * where the code is unknown. */
char *cardea_reason_text (const CardeaPromptReason *reason, const CardeaPromptOffer *offer);

G_END_DECLS
