/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* The prompt's end of what it shares with the agent. Signals, from the main loop:
 * "question" (const CardeaPromptQuestion *): once, before all others;
 * "update" (const CardeaPromptUpdate *);
 * "closed" (const GError *): once, the last; NULL when the agent ended it. */
#define CARDEA_TYPE_CHANNEL (cardea_channel_get_type ())
G_DECLARE_FINAL_TYPE (CardeaChannel, cardea_channel, CARDEA, CHANNEL, GObject)

/* Takes @fd, a stream socket. */
CardeaChannel *cardea_channel_new (int fd);
/* An answer fits the socket's buffer: an agent that does not take it at once has failed us. Errors:
 * G_IO_ERROR. */
gboolean cardea_channel_send (CardeaChannel *self, CardeaPromptAnswerKind kind, GError **error);
gboolean cardea_channel_send_answer (CardeaChannel *self, const CardeaPromptAnswer *answer, GError **error);

G_END_DECLS
