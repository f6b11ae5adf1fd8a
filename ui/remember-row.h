/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* For how long an answer is remembered. */
#define CARDEA_TYPE_REMEMBER_ROW (cardea_remember_row_get_type ())
G_DECLARE_FINAL_TYPE (CardeaRememberRow, cardea_remember_row, CARDEA, REMEMBER_ROW, AdwComboRow)

/* Offers no more than @most; with CARDEA_PROMPT_REMEMBER_NOT there is nothing to choose. */
void cardea_remember_row_set_most (CardeaRememberRow *self, CardeaPromptRemember most);
CardeaPromptRemember cardea_remember_row_get (CardeaRememberRow *self);

G_END_DECLS
