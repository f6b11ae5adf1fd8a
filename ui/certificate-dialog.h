/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* Which certificate, if any, a program may use with a server.
 *
 * The signal "answered" (const CardeaPromptAnswer *, borrowed) is emitted once, whatever a person does,
 * closing the window included; its handler closes the window. */
#define CARDEA_TYPE_CERTIFICATE_DIALOG (cardea_certificate_dialog_get_type ())
G_DECLARE_FINAL_TYPE (CardeaCertificateDialog, cardea_certificate_dialog, CARDEA, CERTIFICATE_DIALOG,
                      AdwWindow)

/* @question is of the kind CARDEA_PROMPT_CERTIFICATE. It is not needed any longer afterwards, except for its
 * offers, which are referenced. */
GtkWidget *cardea_certificate_dialog_new (const CardeaPromptQuestion *question);

/* Tokens came or went: @offers (of CardeaPromptOffer, referenced) takes the place of those there were. The
 * selection stays where it can. */
void cardea_certificate_dialog_update (CardeaCertificateDialog *self, GPtrArray *offers);

G_END_DECLS
