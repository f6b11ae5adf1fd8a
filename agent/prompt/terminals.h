/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/prompt/dialogs.h"

G_BEGIN_DECLS

/* The prompter that asks where a question wants it: on its terminal, one question at a time on each, or on
 * the display, which is another prompter's. At most CARDEA_LIMIT_TERMINAL_QUESTIONS are open or wait on
 * terminals.
 */
#define CARDEA_TYPE_TERMINAL_PROMPTER (cardea_terminal_prompter_get_type ())
G_DECLARE_FINAL_TYPE (CardeaTerminalPrompter, cardea_terminal_prompter, CARDEA, TERMINAL_PROMPTER, GObject)

/* @program: the path of cardea-prompt. @display: asks what has no terminal. */
CardeaPrompter *cardea_terminal_prompter_new (const char *program, CardeaPrompter *display);

G_END_DECLS
