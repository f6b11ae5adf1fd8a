/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Messages on their way to a peer that reads as slowly as it likes. Bounded. */
typedef struct _CardeaOutbox CardeaOutbox;

typedef enum
{
  CARDEA_OUTBOX_EMPTY,
  CARDEA_OUTBOX_WAITING, /* for the peer to read */
  CARDEA_OUTBOX_BROKEN,  /* the peer is gone */
} CardeaOutboxState;

CardeaOutbox *cardea_outbox_new (gsize max_bytes);
void cardea_outbox_free (CardeaOutbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaOutbox, cardea_outbox_free)

/* @descriptor is taken, also on failure; -1: none. FALSE when too much waits already. */
gboolean cardea_outbox_add (CardeaOutbox *self, GBytes *message, int descriptor);
/* Sends what the socket takes now. */
CardeaOutboxState cardea_outbox_flush (CardeaOutbox *self, int fd);
gboolean cardea_outbox_is_empty (const CardeaOutbox *self);

G_END_DECLS
