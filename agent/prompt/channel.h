/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The agent's end of a prompt's socket: messages that end with NUL, in both directions, without waiting. */
typedef struct _CardeaPromptChannel CardeaPromptChannel;

/* @message without its NUL (borrowed). NULL: the last call; the prompt ended its side, or (@error) sent what
 * is no message. May free the channel. */
typedef void (*CardeaPromptChannelReceived) (GBytes *message, const GError *error, gpointer data);

/* Takes the socket, which does not block. */
CardeaPromptChannel *cardea_prompt_channel_new (int socket, CardeaPromptChannelReceived received,
                                                gpointer data);
void cardea_prompt_channel_free (CardeaPromptChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPromptChannel, cardea_prompt_channel_free)

/* Takes @message, with its NUL; what there is room for is sent before it returns. A prompt that does not read
 * holds at most two: what is under way, and the newest. */
void cardea_prompt_channel_send (CardeaPromptChannel *self, GBytes *message);

G_END_DECLS
