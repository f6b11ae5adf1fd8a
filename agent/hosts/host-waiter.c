/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Somebody who waits for an asynchronous call of a host.
 *
 * A call in a module cannot be taken back, so the request lives on in the table of calls when its asker has
 * left; this is the asker's half, answered once, whoever comes first: the reply or the cancellation. */

#include "agent/hosts/host-waiter.h"

#include "socket-api/wire/error.h"
#include "agent/base/source.h"

struct _CardeaHostWaiter
{
  GTask *task;        /* NULL once returned */
  GSource *cancelled; /* NULL where nothing can cancel */
};

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  CardeaHostWaiter *self = data;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (task != NULL)
    g_task_return_error (task, cardea_error_new (CARDEA_ERROR_CANCELLED, "The call was cancelled."));
  return G_SOURCE_REMOVE;
}

CardeaHostWaiter *
cardea_host_waiter_new (GTask *task)
{
  CardeaHostWaiter *self = g_new0 (CardeaHostWaiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_task_set_check_cancellable (task, FALSE);
  self->task = task;
  if (cancellable != NULL) {
    self->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_waiter_cancelled), self, NULL);
    g_source_attach (self->cancelled, g_task_get_context (task));
  }
  return self;
}

static GTask *
dismiss (CardeaHostWaiter *self)
{
  GTask *task = g_steal_pointer (&self->task);

  cardea_source_clear (&self->cancelled);
  g_free (self);
  return task;
}

void
cardea_host_waiter_fail (CardeaHostWaiter *self, const GError *error)
{
  g_autoptr (GTask) task = dismiss (self);

  if (task != NULL)
    g_task_return_error (task, g_error_copy (error));
}

void
cardea_host_waiter_return_true (CardeaHostWaiter *self)
{
  g_autoptr (GTask) task = dismiss (self);

  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

void
cardea_host_waiter_return_pointer (CardeaHostWaiter *self, gpointer result, GDestroyNotify destroy)
{
  g_autoptr (GTask) task = dismiss (self);

  if (task != NULL)
    g_task_return_pointer (task, result, destroy);
  else
    destroy (result);
}
