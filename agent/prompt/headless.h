/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/prompt/prompter.h"

G_BEGIN_DECLS

/* The prompter of a machine without a person: each question is answered by InteractionRequired at once. */
#define CARDEA_TYPE_HEADLESS_PROMPTER (cardea_headless_prompter_get_type ())
G_DECLARE_FINAL_TYPE (CardeaHeadlessPrompter, cardea_headless_prompter, CARDEA, HEADLESS_PROMPTER, GObject)

CardeaPrompter *cardea_headless_prompter_new (void);

G_END_DECLS
