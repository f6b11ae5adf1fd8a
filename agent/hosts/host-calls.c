/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls one process has not answered yet, and their deadlines.
 *
 * A call is late when the host has said nothing at all for the time one PKCS#11 call may take: with a lock
 * around a whole module the tenth signature waits for nine others, and killing a host that works would lose
 * every login of it. A second, longer limit ends what one token blocks while another goes on. For the same
 * reason a listing behind a signature is not late before that is. */

#include "agent/hosts/host-calls.h"

struct _CardeaHostCalls
{
  GHashTable *calls; /* id (guint64, inside the call) -> CardeaHostCall */
  GSource *timer;
  gint64 heard;
  CardeaHostCallsOverdue overdue;
  gpointer data;
};

static gint64
own_due (const CardeaHostCalls *self, const CardeaHostCall *call)
{
  return MIN (call->sent + call->total, MAX (call->sent, self->heard) + call->quiet);
}

/* Behind a signature that waits for a person's finger others wait as long as that may. The module may take
 * one first that was sent a little later; those that go on coming do not count. */
static gint64
due_at (const CardeaHostCalls *self, const CardeaHostCall *call)
{
  gint64 due = own_due (self, call);
  GHashTableIter iter;
  gpointer other;

  if (call->type == CARDEA_HOST_MESSAGE_SIGN)
    return due;
  g_hash_table_iter_init (&iter, self->calls);
  while (g_hash_table_iter_next (&iter, NULL, &other)) {
    const CardeaHostCall *sign = other;

    if (sign->type == CARDEA_HOST_MESSAGE_SIGN && sign->sent <= call->sent + call->quiet)
      due = MAX (due, own_due (self, sign));
  }
  return due;
}

/* The time of the earliest deadline, -1 where there is none. */
static gint64
next_due (CardeaHostCalls *self)
{
  GHashTableIter iter;
  gpointer call;
  gint64 due = -1;

  g_hash_table_iter_init (&iter, self->calls);
  while (g_hash_table_iter_next (&iter, NULL, &call))
    due = due < 0 ? due_at (self, call) : MIN (due, due_at (self, call));
  return due;
}

static gboolean
on_timer_ready (gpointer data)
{
  CardeaHostCalls *self = data;
  gint64 due = next_due (self);

  g_source_set_ready_time (self->timer, due);
  if (due >= 0 && due <= g_get_monotonic_time ()) {
    g_source_set_ready_time (self->timer, -1);
    self->overdue (self->data);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_timer (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

CardeaHostCalls *
cardea_host_calls_new (GMainContext *context, CardeaHostCallsOverdue overdue, gpointer data)
{
  static GSourceFuncs functions = { .dispatch = dispatch_timer };
  CardeaHostCalls *self = g_new0 (CardeaHostCalls, 1);

  self->calls = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->overdue = overdue;
  self->data = data;
  self->timer = g_source_new (&functions, sizeof (GSource));
  g_source_set_callback (self->timer, on_timer_ready, self, NULL);
  g_source_attach (self->timer, context);
  return self;
}

void
cardea_host_calls_free (CardeaHostCalls *self)
{
  g_assert (g_hash_table_size (self->calls) == 0);
  g_hash_table_unref (self->calls);
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_free (self);
}

CardeaHostCall *
cardea_host_calls_add (CardeaHostCalls *self, guint64 id, CardeaHostMessageType type, guint quiet_ms,
                       guint total_ms)
{
  CardeaHostCall *call = g_new0 (CardeaHostCall, 1);
  gint64 ready = g_source_get_ready_time (self->timer);

  call->id = id;
  call->type = type;
  call->sent = g_get_monotonic_time ();
  call->quiet = quiet_ms * G_GINT64_CONSTANT (1000);
  call->total = total_ms * G_GINT64_CONSTANT (1000);
  g_hash_table_insert (self->calls, &call->id, call);
  if (ready < 0 || ready > due_at (self, call))
    g_source_set_ready_time (self->timer, due_at (self, call));
  return call;
}

guint
cardea_host_calls_count (CardeaHostCalls *self)
{
  return g_hash_table_size (self->calls);
}

CardeaHostCall *
cardea_host_calls_heard (CardeaHostCalls *self, guint64 id)
{
  self->heard = g_get_monotonic_time (); /* the timer finds out when it fires */
  return g_hash_table_lookup (self->calls, &id);
}

CardeaHostCall *
cardea_host_calls_take (CardeaHostCalls *self, CardeaHostCall *call)
{
  g_hash_table_remove (self->calls, &call->id);
  return call;
}

void
cardea_host_calls_fail_all (CardeaHostCalls *self, const GError *error, const GError *late)
{
  g_autoptr (GHashTable) calls = g_steal_pointer (&self->calls);
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer call;

  self->calls = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_hash_table_iter_init (&iter, calls);
  while (g_hash_table_iter_next (&iter, NULL, &call)) {
    g_hash_table_iter_steal (&iter);
    cardea_host_call_fail (call, due_at (self, call) <= now ? late : error);
  }
}

void
cardea_host_call_free (CardeaHostCall *call)
{
  g_clear_pointer (&call->collector, cardea_host_collector_free);
  g_clear_pointer (&call->listers, g_ptr_array_unref);
  g_clear_pointer (&call->sign, cardea_sign_call_unref);
  g_free (call);
}

void
cardea_host_call_fail (CardeaHostCall *call, const GError *error)
{
  for (guint i = 0; call->listers != NULL && i < call->listers->len; i++)
    cardea_host_waiter_fail (call->listers->pdata[i], error);
  if (call->waiter != NULL)
    cardea_host_waiter_fail (call->waiter, error);
  if (call->sign != NULL)
    cardea_sign_call_answer (call->sign, NULL, error);
  cardea_host_call_free (call);
}
