/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Cuts a byte stream into NUL-terminated messages (varlink.org, "Protocol"), holding at most one message's
 * limit. Knows no sockets and no JSON. */
typedef struct _CardeaFrame CardeaFrame;

/* @max_bytes: the largest message, its NUL not counted. */
CardeaFrame *cardea_frame_new (gsize max_bytes);
void cardea_frame_free (CardeaFrame *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaFrame, cardea_frame_free)

/* Adds bytes as read from the socket. FALSE and CARDEA_ERROR_PROTOCOL once an unfinished message exceeds the
 * limit; the frame is then dead. */
gboolean cardea_frame_push (CardeaFrame *self, const void *bytes, gsize length, GError **error);
/* The next whole message without its NUL, or NULL when there is none yet. */
GBytes *cardea_frame_pop (CardeaFrame *self);
/* TRUE while bytes of a message that is not whole are held. */
gboolean cardea_frame_is_partial (const CardeaFrame *self);
/* Everything not popped, raw: what followed an upgrade call is the stream's. Empties the frame. */
GBytes *cardea_frame_steal_rest (CardeaFrame *self);

G_END_DECLS
