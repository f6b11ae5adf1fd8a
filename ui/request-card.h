/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* Who asks, and which server it is for. What the agent found out is always in sight; what the program's
 * desktop file says is decoration. */
#define CARDEA_TYPE_REQUEST_CARD (cardea_request_card_get_type ())
G_DECLARE_FINAL_TYPE (CardeaRequestCard, cardea_request_card, CARDEA, REQUEST_CARD, GtkBox)

/* The texts are copied into labels. @server NULL: it is for none. */
void cardea_request_card_show (CardeaRequestCard *self, const CardeaPromptProgram *program,
                               const CardeaPromptServer *server);

G_END_DECLS
