/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/prompt/dialog.h"
#include "agent/prompt/prompter.h"

G_BEGIN_DECLS

/* The prompter that shows dialogs: it runs cardea-prompt, once for each question, one at a time. Others wait,
 * in turns among the programs that ask (agent/prompt/waiting.h); one for which there is no place ends with
 * BUSY, which may also come later, when its place goes to another program. */
#define CARDEA_TYPE_DIALOG_PROMPTER (cardea_dialog_prompter_get_type ())
G_DECLARE_FINAL_TYPE (CardeaDialogPrompter, cardea_dialog_prompter, CARDEA, DIALOG_PROMPTER, GObject)

/* @program: the path of cardea-prompt. */
CardeaPrompter *cardea_dialog_prompter_new (const char *program);

/* Other times than those of socket-api/limits.h; for tests, before the first question. */
void cardea_dialog_prompter_set_times (CardeaDialogPrompter *self, const CardeaDialogTimes *times);

G_END_DECLS
