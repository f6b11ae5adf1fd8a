/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* Whether @answer is one that a person could have given to @question, as it stands now: NULL, or what is
 * wrong with it. CARDEA_PROMPT_SHOWN is no answer. */
const char *cardea_prompt_find_fault (const CardeaPromptQuestion *question, const CardeaPromptAnswer *answer);

G_END_DECLS
