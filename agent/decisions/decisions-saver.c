/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the file of decisions is written.
 *
 * fsync may take seconds, so it is for a worker; what it writes is made on the main loop and belongs to it
 * alone. Changes are counted: a write brings all changes up to a number to the disk, and those who wait for
 * theirs wait for a number. What changes during a write is written by the next.
 *
 * A write that failed is not the end of what it should have saved: it stays to be written, with the next
 * change, after a while, and when the agent ends. */

#include "agent/decisions/decisions-saver.h"

struct _CardeaDecisionsSaver
{
  GObject parent_instance;
  CardeaDecisionsFile *file; /* the worker has a reference of its own */
  const CardeaDecisionsSaverOwner *functions;
  gpointer owner; /* NULL: gone */

  guint delay_ms;
  guint64 changed; /* the number of the last change */
  guint64 urgent;  /* of the last one that is written at once */
  guint64 written; /* the last one that is on the disk */
  gboolean writing;
  guint timer;
  GQueue waiters;  /* of Waiter */
  GError *error;   /* of the last write, or NULL */
  GError *blocked; /* why nothing is written, or NULL */
};

G_DEFINE_FINAL_TYPE (CardeaDecisionsSaver, cardea_decisions_saver, G_TYPE_OBJECT)

typedef struct
{
  GTask *task;
  guint64 number; /* of the change waited for */
} Waiter;

typedef struct
{
  CardeaDecisionsFile *file;
  GBytes *text;
  guint64 number;
} Write;

static void start (CardeaDecisionsSaver *self);

static void
write_free (gpointer data)
{
  Write *write = data;

  cardea_decisions_file_unref (write->file);
  g_bytes_unref (write->text);
  g_free (write);
}

/* Tells those who wait for a change up to @number. */
static void
tell_waiters (CardeaDecisionsSaver *self, guint64 number, const GError *error)
{
  GQueue told = G_QUEUE_INIT;
  Waiter *waiter;

  while ((waiter = g_queue_peek_head (&self->waiters)) != NULL && waiter->number <= number)
    g_queue_push_tail (&told, g_queue_pop_head (&self->waiters));
  while ((waiter = g_queue_pop_head (&told)) != NULL) {
    if (error != NULL)
      g_task_return_error (waiter->task, g_error_copy (error));
    else
      g_task_return_boolean (waiter->task, TRUE);
    g_object_unref (waiter->task);
    g_free (waiter);
  }
}

static gboolean
on_timer (gpointer data)
{
  CardeaDecisionsSaver *self = data;

  self->timer = 0;
  start (self);
  return G_SOURCE_REMOVE;
}

static void
start_timer (CardeaDecisionsSaver *self)
{
  if (self->timer == 0 && self->owner != NULL && self->blocked == NULL)
    self->timer = g_timeout_add_full (G_PRIORITY_LOW, self->delay_ms, on_timer, self, NULL);
}

static void
go_on (CardeaDecisionsSaver *self)
{
  if (self->writing || self->changed <= self->written)
    return;
  if (!g_queue_is_empty (&self->waiters) || (self->error == NULL && self->urgent > self->written))
    start (self);
  else
    start_timer (self);
}

/* A write that failed after a later one succeeded was not needed. Whoever is told may do anything with us. */
static void
settle (CardeaDecisionsSaver *self, guint64 number, GError *error)
{
  g_autoptr (CardeaDecisionsSaver) kept = g_object_ref (self);
  g_autoptr (GError) told = NULL;

  if (error != NULL && number <= self->written)
    g_clear_error (&error);
  else if (error == NULL)
    self->written = MAX (self->written, number);
  g_clear_error (&self->error);
  self->error = error;
  told = error != NULL ? g_error_copy (error) : NULL;
  if (self->owner != NULL)
    self->functions->on_settled (self->owner);
  tell_waiters (self, number, told);
  go_on (self);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Write *write = data;
  GError *error = NULL;

  if (cardea_decisions_file_write (write->file, write->text, write->number, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (CardeaDecisionsSaver) self = data;
  const Write *write = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  self->writing = FALSE;
  (void)g_task_propagate_boolean (G_TASK (result), &error);
  settle (self, write->number, error);
}

static void
start (CardeaDecisionsSaver *self)
{
  g_autoptr (GTask) task = NULL;
  Write *write;

  if (self->writing || self->owner == NULL || self->blocked != NULL)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->writing = TRUE;
  write = g_new0 (Write, 1);
  *write = (Write){ cardea_decisions_file_ref (self->file), self->functions->make_text (self->owner),
                    self->changed };
  /* The worker may be the last to let go of the task, and must not be of us. */
  task = g_task_new (NULL, NULL, on_written, g_object_ref (self));
  g_task_set_task_data (task, write, write_free);
  g_task_run_in_thread (task, write_in_thread);
}

void
cardea_decisions_saver_block (CardeaDecisionsSaver *self, GError *error)
{
  g_clear_error (&self->blocked);
  self->blocked = error;
  g_clear_handle_id (&self->timer, g_source_remove);
}

void
cardea_decisions_saver_change (CardeaDecisionsSaver *self)
{
  self->urgent = ++self->changed;
  start (self);
}

void
cardea_decisions_saver_change_later (CardeaDecisionsSaver *self)
{
  self->changed++;
  start_timer (self);
}

void
cardea_decisions_saver_flush_async (CardeaDecisionsSaver *self, GTask *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  *waiter = (Waiter){ task, self->changed };
  g_queue_push_tail (&self->waiters, waiter);
  if (self->changed <= self->written || self->blocked != NULL)
    tell_waiters (self, self->changed, self->changed <= self->written ? NULL : self->blocked);
  else
    start (self);
}

gboolean
cardea_decisions_saver_flush (CardeaDecisionsSaver *self, GError **error)
{
  g_autoptr (GBytes) text = NULL;
  GError *problem = NULL;
  gboolean done;

  if (self->changed <= self->written)
    return TRUE;
  if (self->blocked != NULL) {
    g_propagate_error (error, g_error_copy (self->blocked));
    return FALSE;
  }
  g_clear_handle_id (&self->timer, g_source_remove);
  text = self->functions->make_text (self->owner);
  done = cardea_decisions_file_write (self->file, text, self->changed, &problem);
  if (!done)
    g_propagate_error (error, g_error_copy (problem));
  settle (self, self->changed, problem);
  return done;
}

const GError *
cardea_decisions_saver_get_error (CardeaDecisionsSaver *self)
{
  return self->error;
}

CardeaDecisionsSaver *
cardea_decisions_saver_new (CardeaDecisionsFile *file, const CardeaDecisionsSaverOwner *functions,
                            gpointer owner, guint delay_ms)
{
  CardeaDecisionsSaver *self = g_object_new (CARDEA_TYPE_DECISIONS_SAVER, NULL);

  self->file = file;
  self->functions = functions;
  self->owner = owner;
  self->delay_ms = delay_ms;
  return self;
}

void
cardea_decisions_saver_close (CardeaDecisionsSaver *self)
{
  self->owner = NULL;
  g_clear_handle_id (&self->timer, g_source_remove);
}

static void
cardea_decisions_saver_finalize (GObject *object)
{
  CardeaDecisionsSaver *self = CARDEA_DECISIONS_SAVER (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  cardea_decisions_file_unref (self->file);
  g_clear_error (&self->error);
  g_clear_error (&self->blocked);
  G_OBJECT_CLASS (cardea_decisions_saver_parent_class)->finalize (object);
}

static void
cardea_decisions_saver_class_init (CardeaDecisionsSaverClass *class)
{
  G_OBJECT_CLASS (class)->finalize = cardea_decisions_saver_finalize;
}

static void
cardea_decisions_saver_init (CardeaDecisionsSaver *self)
{
  g_queue_init (&self->waiters);
}
