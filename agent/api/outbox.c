/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages that wait to be read.
 *
 * A descriptor goes with the first byte of its message and is closed as soon as the kernel has it: the peer
 * then owns the only one. */
#include "agent/api/outbox.h"

#include <errno.h>
#include <unistd.h>

#include "agent/api/receive.h"

typedef struct
{
  GBytes *message;
  gsize sent;
  int descriptor; /* owned; -1 when there is none, or none any more */
} Item;

struct _CardeaOutbox
{
  GQueue items;
  gsize bytes; /* not sent yet */
  gsize max_bytes;
};

static void
item_free (gpointer data)
{
  Item *item = data;

  if (item->descriptor >= 0)
    close (item->descriptor);
  g_bytes_unref (item->message);
  g_free (item);
}

CardeaOutbox *
cardea_outbox_new (gsize max_bytes)
{
  CardeaOutbox *self = g_new0 (CardeaOutbox, 1);

  g_queue_init (&self->items);
  self->max_bytes = max_bytes;
  return self;
}

void
cardea_outbox_free (CardeaOutbox *self)
{
  g_queue_clear_full (&self->items, item_free);
  g_free (self);
}

gboolean
cardea_outbox_add (CardeaOutbox *self, GBytes *message, int descriptor)
{
  gsize size = g_bytes_get_size (message);
  Item *item;

  if (size > self->max_bytes - self->bytes) {
    if (descriptor >= 0)
      close (descriptor);
    return FALSE;
  }

  item = g_new0 (Item, 1);
  item->message = g_bytes_ref (message);
  item->descriptor = descriptor;
  g_queue_push_tail (&self->items, item);
  self->bytes += size;
  return TRUE;
}

/* Sends a part of the first item: what send() returned. */
static gssize
send_some (CardeaOutbox *self, Item *item, int fd)
{
  gsize size;
  const char *bytes = g_bytes_get_data (item->message, &size);
  gssize n = cardea_send (fd, bytes + item->sent, size - item->sent, item->descriptor);

  if (n <= 0)
    return n;

  if (item->descriptor >= 0) {
    close (item->descriptor);
    item->descriptor = -1;
  }
  item->sent += (gsize)n;
  self->bytes -= (gsize)n;
  if (item->sent == size)
    item_free (g_queue_pop_head (&self->items));
  return n;
}

CardeaOutboxState
cardea_outbox_flush (CardeaOutbox *self, int fd)
{
  while (!g_queue_is_empty (&self->items)) {
    gssize n = send_some (self, g_queue_peek_head (&self->items), fd);

    if (n < 0 && errno == EAGAIN)
      return CARDEA_OUTBOX_WAITING;
    if (n <= 0)
      return CARDEA_OUTBOX_BROKEN;
  }

  return CARDEA_OUTBOX_EMPTY;
}

gboolean
cardea_outbox_is_empty (const CardeaOutbox *self)
{
  return self->items.length == 0;
}
