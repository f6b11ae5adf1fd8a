/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cuts a byte stream into NUL-terminated messages.
 *
 * The peer decides how much it sends and in how many pieces: a message that does not end is refused as soon
 * as it is too long, and no byte is searched for the terminator twice while it arrives, so a peer that sends
 * single bytes costs no more than one that sends them all at once. */

#include "socket-api/wire/frame.h"

#include <string.h>

#include "socket-api/wire/error.h"

struct _CardeaFrame
{
  gsize max_bytes;
  GByteArray *held; /* whole messages, then perhaps the beginning of one */
  gsize start;      /* of the first message not popped, in `held` */
  gsize tail;       /* of the unfinished message: nothing before it lacks its terminator */
  gboolean dead;
};

CardeaFrame *
cardea_frame_new (gsize max_bytes)
{
  CardeaFrame *self = g_new0 (CardeaFrame, 1);
  self->max_bytes = max_bytes;
  self->held = g_byte_array_new ();
  return self;
}

void
cardea_frame_free (CardeaFrame *self)
{
  g_byte_array_unref (self->held);
  g_free (self);
}

static void
empty (CardeaFrame *self)
{
  g_byte_array_unref (self->held);
  self->held = g_byte_array_new ();
  self->start = 0;
  self->tail = 0;
}

static void
forget_popped (CardeaFrame *self)
{
  if (self->start == 0)
    return;
  g_byte_array_remove_range (self->held, 0, (guint)self->start);
  self->tail -= self->start;
  self->start = 0;
}

static gboolean
fail_too_long (CardeaFrame *self, GError **error)
{
  self->dead = TRUE;
  empty (self);
  cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message is longer than %" G_GSIZE_FORMAT " bytes",
                    self->max_bytes);
  return FALSE;
}

/* The limit holds for each message by itself, whether its end has come or not. */
static gboolean
check_new_bytes (CardeaFrame *self, const guint8 *bytes, gsize length)
{
  gsize unfinished = self->held->len - self->tail;
  gsize offset = 0;
  while (offset < length) {
    const guint8 *end = memchr (bytes + offset, 0, length - offset);
    gsize piece = (end ? (gsize)(end - bytes) : length) - offset;
    if (piece > self->max_bytes || unfinished > self->max_bytes - piece)
      return FALSE;
    if (!end)
      return TRUE;
    offset += piece + 1;
    unfinished = 0;
    self->tail = self->held->len + offset;
  }
  return TRUE;
}

gboolean
cardea_frame_push (CardeaFrame *self, const void *bytes, gsize length, GError **error)
{
  if (self->dead || length > G_MAXINT32)
    return fail_too_long (self, error);
  forget_popped (self);
  if (!check_new_bytes (self, bytes, length) || self->held->len > G_MAXINT32)
    return fail_too_long (self, error);
  if (length > 0)
    g_byte_array_append (self->held, bytes, (guint)length);
  return TRUE;
}

GBytes *
cardea_frame_pop (CardeaFrame *self)
{
  if (self->start >= self->tail)
    return NULL;
  const guint8 *message = self->held->data + self->start;
  gsize length = (gsize)((const guint8 *)memchr (message, 0, self->tail - self->start) - message);
  GBytes *popped = g_bytes_new (message, length);
  self->start += length + 1;
  if (self->start == self->held->len)
    empty (self);
  return popped;
}

gboolean
cardea_frame_is_partial (const CardeaFrame *self)
{
  return self->held->len > self->tail;
}

GBytes *
cardea_frame_steal_rest (CardeaFrame *self)
{
  forget_popped (self);
  GBytes *rest = g_byte_array_free_to_bytes (self->held);
  self->held = g_byte_array_new ();
  self->tail = 0;
  return rest;
}
