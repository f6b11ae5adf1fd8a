/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fixed pool of I/O threads: a stream goes to the one with the fewest and stays there, so no stream is
 * ever touched by two threads. */

#include "agent/relay/relay-private.h"
#include "socket-api/limits.h"

#define MAX_AUTOMATIC_THREADS 4

struct _CardeaRelayPool
{
  GPtrArray *workers; /* of CardeaRelayWorker */
  guint drain_ms;
};

CardeaRelayPool *
cardea_relay_pool_new (guint threads)
{
  CardeaRelayPool *self = g_new0 (CardeaRelayPool, 1);
  self->drain_ms = CARDEA_LIMIT_STREAM_DRAIN_MS;
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_relay_worker_unref);
  if (threads == 0)
    threads = MIN (g_get_num_processors (), MAX_AUTOMATIC_THREADS);
  for (guint i = 0; i < threads; i++) {
    g_autoptr (GError) error = NULL;
    CardeaRelayWorker *worker = cardea_relay_worker_new (CARDEA_LIMIT_STREAM_BUFFER, &error);
    /* At start, with nothing else open: like the want of memory, nothing to carry on from. */
    if (!worker)
      g_error ("%s", error->message);
    g_ptr_array_add (self->workers, worker);
  }
  return self;
}

void
cardea_relay_pool_free (CardeaRelayPool *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    cardea_relay_worker_close (self->workers->pdata[i]);
  g_ptr_array_unref (self->workers);
  g_free (self);
}

void
cardea_relay_pool_set_drain_ms (CardeaRelayPool *self, guint drain_ms)
{
  self->drain_ms = drain_ms;
}

guint
cardea_relay_pool_get_drain_ms (CardeaRelayPool *self)
{
  return self->drain_ms;
}

CardeaRelayWorker *
cardea_relay_pool_pick (CardeaRelayPool *self)
{
  CardeaRelayWorker *best = self->workers->pdata[0];
  for (guint i = 1; i < self->workers->len; i++) {
    CardeaRelayWorker *worker = self->workers->pdata[i];
    if (cardea_relay_worker_get_load (worker) < cardea_relay_worker_get_load (best))
      best = worker;
  }
  return best;
}
