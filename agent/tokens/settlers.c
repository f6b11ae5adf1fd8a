/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A caller waits for all hosts, but never longer than they may take, and not once it went away itself. */

#include "agent/tokens/settlers.h"

typedef struct
{
  CardeaSettlers *owner;
  GTask *task;
  GSource *timeout;
  GSource *cancelled; /* or NULL */
} Settler;

struct _CardeaSettlers
{
  GPtrArray *waiting; /* of Settler */
};

static void
drop_source (GSource *source)
{
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

static void
settler_free (gpointer data)
{
  Settler *self = data;

  drop_source (self->timeout);
  drop_source (self->cancelled);
  g_object_unref (self->task);
  g_free (self);
}

/* Removes @settler and answers. GTask answers a cancelled task with its error by itself. */
static void
answer (Settler *settler)
{
  g_autoptr (GTask) task = g_object_ref (settler->task);

  g_ptr_array_remove_fast (settler->owner->waiting, settler);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_timeout (gpointer data)
{
  answer (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  answer (data);
  return G_SOURCE_REMOVE;
}

CardeaSettlers *
cardea_settlers_new (void)
{
  CardeaSettlers *self = g_new0 (CardeaSettlers, 1);

  self->waiting = g_ptr_array_new_with_free_func (settler_free);
  return self;
}

void
cardea_settlers_free (CardeaSettlers *self)
{
  for (guint i = 0; i < self->waiting->len; i++)
    g_task_return_new_error (((Settler *)self->waiting->pdata[i])->task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                             "The catalogue of tokens was closed.");
  g_ptr_array_unref (self->waiting);
  g_free (self);
}

void
cardea_settlers_add (CardeaSettlers *self, GTask *task, guint timeout_ms)
{
  GMainContext *context = g_task_get_context (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  Settler *settler = g_new0 (Settler, 1);

  settler->owner = self;
  settler->task = task;
  settler->timeout = g_timeout_source_new (timeout_ms);
  g_source_set_callback (settler->timeout, on_timeout, settler, NULL);
  g_source_attach (settler->timeout, context);
  if (cancellable != NULL) {
    settler->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (settler->cancelled, G_SOURCE_FUNC (on_cancelled), settler, NULL);
    g_source_attach (settler->cancelled, context);
  }
  g_ptr_array_add (self->waiting, settler);
}

/* Who is told may wait again at once, and is then part of the next round. */
void
cardea_settlers_release (CardeaSettlers *self)
{
  g_autoptr (GPtrArray) round = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (settler_free);
  while (round->len > 0) {
    Settler *settler = g_ptr_array_steal_index (round, round->len - 1);
    g_autoptr (GTask) task = g_object_ref (settler->task);

    settler_free (settler);
    g_task_return_boolean (task, TRUE);
  }
}
