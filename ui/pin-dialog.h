/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>

#include "socket-api/private/prompt-protocol.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Asks for a token's PIN, and for a new one where that is wanted, or sends the person to the reader's own
 * keys. The signal "answered" carries a const CardeaPromptAnswer *, is emitted at most once, and leaves the
 * window to who made it. */
#define CARDEA_TYPE_PIN_DIALOG (cardea_pin_dialog_get_type ())
G_DECLARE_FINAL_TYPE (CardeaPinDialog, cardea_pin_dialog, CARDEA, PIN_DIALOG, AdwWindow)

/* @question, of CARDEA_PROMPT_PIN or CARDEA_PROMPT_NEW_PIN, is not kept. Fails with G_IO_ERROR_NO_SPACE when
 * memory for a PIN cannot be locked. */
GtkWidget *cardea_pin_dialog_new (const CardeaPromptQuestion *question, GError **error);
/* What was typed (with a new PIN: both, see socket-api/secret/pair.h), after the answer
 * CARDEA_PROMPT_PIN_TYPED; the dialog does not have it any more. */
CardeaSecret *cardea_pin_dialog_steal_pin (CardeaPinDialog *self, GError **error);
/* Erases what was typed; the dialog is over. */
void cardea_pin_dialog_erase (CardeaPinDialog *self);

G_END_DECLS
