/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* What a question says on a terminal of @width columns, in the person's language: whole lines, foreign text
 * in them made plain. */
char *cardea_tty_text_certificate (const CardeaPromptQuestion *question, GPtrArray *offers, guint width,
                                   gint64 now);
char *cardea_tty_text_pin (const CardeaPromptQuestion *question, guint width);
/* One sentence of ours, or several, as lines. */
char *cardea_tty_text_sentence (const char *sentence, guint width);

/* The number @n (from 1 on) of those that fit; NULL: there is none of that number. */
const CardeaPromptOffer *cardea_tty_text_find_offer (GPtrArray *offers, guint n);

G_END_DECLS
