/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call that resets a card cannot be cancelled, and waits for every program that is at the card. So it has a
 * thread that is left alone however long it takes, and those who wait for it have a limit. One that takes
 * longer, or fails, is not given up: the card would go on signing. It is a problem that is shown until the
 * card was reset or is gone.
 *
 * When the card service was started anew nobody knows what the card remembers; it is then reset once more. */

#include "agent/tokens/card-resets.h"

#include "agent/base/source.h"
#include "agent/tokens/card-reset.h"
#include "agent/tokens/settlers.h"
#include "socket-api/limits.h"

/* Between tries that failed; the last again and again. */
static const guint retry_ms[] = { 50, 100, 200, 400, 800, 1600, 3000, 10000, 30000 };

typedef struct _Reset Reset;

/* One call, on its way through the thread. */
typedef struct
{
  Reset *reset; /* main loop's; NULL: nobody waits for it any more */
  GMainContext *context;
  CardeaInsertion *insertion;
  GError *error;
} Run;

struct _Reset
{
  CardeaCardResets *owner; /* borrowed */
  CardeaInsertion *insertion;
  gint64 since; /* monotonic */
  Run *run;     /* in its thread; or NULL */
  gboolean again;
  guint n_failures;
  GSource *retry;
  GSource *limit; /* NULL: over */
  CardeaSettlers *settlers;
};

struct _CardeaCardResets
{
  GObject parent_instance;
  GPtrArray *resets; /* of Reset */
  CardeaSettlers *settlers;
};

G_DEFINE_FINAL_TYPE (CardeaCardResets, cardea_card_resets, G_TYPE_OBJECT)

static void start (Reset *reset);

static void
reset_free (gpointer data)
{
  Reset *self = data;

  if (self->run != NULL)
    self->run->reset = NULL;
  cardea_source_clear (&self->retry);
  cardea_source_clear (&self->limit);
  cardea_settlers_release (self->settlers);
  cardea_settlers_free (self->settlers);
  cardea_insertion_unref (self->insertion);
  g_free (self);
}

static void
run_free (gpointer data)
{
  Run *self = data;

  g_main_context_unref (self->context);
  cardea_insertion_unref (self->insertion);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
is_under_way (const CardeaCardResets *self)
{
  for (guint i = 0; i < self->resets->len; i++)
    if (((Reset *)self->resets->pdata[i])->limit != NULL)
      return TRUE;
  return FALSE;
}

/* Takes back what keeps @self alive for it. */
static void
end_limit (CardeaCardResets *self, Reset *reset)
{
  if (reset->limit == NULL)
    return;
  cardea_source_clear (&reset->limit);
  cardea_settlers_release (reset->settlers);
  if (!is_under_way (self))
    cardea_settlers_release (self->settlers);
  g_object_unref (self);
}

/* Who is told looks at what is left. */
static void
finish (Reset *reset, const char *how)
{
  g_autoptr (CardeaCardResets) self = g_object_ref (reset->owner);
  guint i;

  g_message ("Card readers: the login at the card in “%s” is over (%s), after %" G_GINT64_FORMAT " ms",
             reset->insertion->reader, how, (g_get_monotonic_time () - reset->since) / 1000);
  if (g_ptr_array_find (self->resets, reset, &i))
    g_ptr_array_steal_index (self->resets, i);
  end_limit (self, reset);
  reset_free (reset);
}

static gboolean
on_limit (gpointer data)
{
  Reset *reset = data;

  g_warning ("Card readers: the login at the card in “%s” is not over after %d ms; it is tried further",
             reset->insertion->reader, CARDEA_LIMIT_CARD_RESET_MS);
  end_limit (reset->owner, reset);
  return G_SOURCE_REMOVE;
}

static gboolean
on_retry (gpointer data)
{
  Reset *reset = data;

  cardea_source_clear (&reset->retry);
  start (reset);
  return G_SOURCE_REMOVE;
}

static GSource *
attach_timer (guint ms, GSourceFunc function, gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  return cardea_source_attach_timer (context, ms * G_TIME_SPAN_MILLISECOND, function, data);
}

static void
try_again (Reset *reset, const GError *error)
{
  guint i = MIN (reset->n_failures, G_N_ELEMENTS (retry_ms) - 1);

  if (reset->n_failures++ == 0)
    g_warning ("Card readers: the card in “%s” was not reset, so that its login goes on; it is tried again: "
               "%s",
               reset->insertion->reader, error->message);
  reset->retry = attach_timer (retry_ms[i], on_retry, reset);
}

static gboolean
on_came_back (gpointer data)
{
  Run *run = data;
  Reset *reset = run->reset;

  if (reset == NULL)
    return G_SOURCE_REMOVE;
  reset->run = NULL;
  if (run->error != NULL)
    try_again (reset, run->error);
  else if (reset->again)
    start (reset);
  else
    finish (reset, "reset");
  return G_SOURCE_REMOVE;
}

static gpointer
reset_in_thread (gpointer data)
{
  Run *run = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  cardea_card_reset (run->insertion, &run->error);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_came_back, run, run_free);
  g_source_attach (source, run->context);
  return NULL;
}

static void
start (Reset *reset)
{
  Run *run = g_new0 (Run, 1);

  reset->again = FALSE;
  reset->run = run;
  run->reset = reset;
  run->context = g_main_context_ref_thread_default ();
  run->insertion = cardea_insertion_ref (reset->insertion);
  g_thread_unref (g_thread_new ("card-reset", reset_in_thread, run));
}

static Reset *
find (CardeaCardResets *self, const CardeaInsertion *insertion)
{
  for (guint i = 0; i < self->resets->len; i++)
    if (cardea_insertion_equal (((Reset *)self->resets->pdata[i])->insertion, insertion))
      return self->resets->pdata[i];
  return NULL;
}

/* The call that is under way may have reset the card before the login that is meant now. */
static void
start_again (Reset *reset)
{
  if (reset->run != NULL) {
    reset->again = TRUE;
    return;
  }
  cardea_source_clear (&reset->retry);
  start (reset);
}

void
cardea_card_resets_begin (CardeaCardResets *self, CardeaInsertion *insertion)
{
  Reset *reset;

  g_return_if_fail (CARDEA_IS_CARD_RESETS (self));

  if (insertion == NULL)
    return;
  reset = find (self, insertion);
  if (reset == NULL) {
    reset = g_new0 (Reset, 1);
    reset->owner = self;
    reset->insertion = cardea_insertion_ref (insertion);
    reset->since = g_get_monotonic_time ();
    reset->settlers = cardea_settlers_new ();
    g_ptr_array_add (self->resets, reset);
  }
  if (reset->limit == NULL) {
    reset->limit = attach_timer (CARDEA_LIMIT_CARD_RESET_MS, on_limit, reset);
    g_object_ref (self);
  }
  start_again (reset);
}

static void
look_at (Reset *reset, const CardeaReaders *readers)
{
  const CardeaReader *reader = cardea_readers_find (readers, reset->insertion->reader);

  if (reader == NULL || reader->state == CARDEA_READER_EMPTY) {
    finish (reset, "the card is gone");
  } else if (reader->insertion->generation != reset->insertion->generation) {
    cardea_insertion_unref (reset->insertion);
    reset->insertion = cardea_insertion_ref (reader->insertion);
    start_again (reset);
  } else if (!cardea_insertion_equal (reader->insertion, reset->insertion)) {
    finish (reset, "another card is there");
  }
}

void
cardea_card_resets_set_readers (CardeaCardResets *self, CardeaReaders *readers)
{
  g_autoptr (CardeaCardResets) kept = g_object_ref (self);

  if (readers->service != CARDEA_READER_SERVICE_READY)
    return;
  for (guint i = self->resets->len; i > 0; i--)
    look_at (self->resets->pdata[i - 1], readers);
}

void
cardea_card_resets_settle_async (CardeaCardResets *self, const CardeaInsertion *insertion,
                                 GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Reset *reset = insertion != NULL ? find (self, insertion) : NULL;
  gboolean waits = insertion != NULL ? reset != NULL && reset->limit != NULL : is_under_way (self);

  g_task_set_source_tag (task, cardea_card_resets_settle_async);
  if (waits) {
    cardea_settlers_add (reset != NULL ? reset->settlers : self->settlers, task, CARDEA_LIMIT_CARD_RESET_MS);
    return;
  }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
cardea_card_resets_settle_finish (CardeaCardResets *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

void
cardea_card_resets_explain (CardeaCardResets *self, GPtrArray *problems)
{
  for (guint i = 0; i < self->resets->len; i++) {
    const Reset *reset = self->resets->pdata[i];
    g_autofree char *name = cardea_reader_get_display_name (reset->insertion->reader);

    if (reset->limit == NULL)
      g_ptr_array_add (problems,
                       cardea_reason_new (CARDEA_REASON_LOGIN_NOT_ENDED,
                                          "Pull the card, or end the program that keeps it.",
                                          "The card in the reader “%s” may still sign for any program: its "
                                          "login could not be ended, because another program keeps the card "
                                          "or it does not answer.",
                                          name));
  }
}

static void
cardea_card_resets_finalize (GObject *object)
{
  CardeaCardResets *self = CARDEA_CARD_RESETS (object);

  for (guint i = 0; i < self->resets->len; i++)
    g_warning ("Card readers: the login at the card in “%s” is not over, and nobody is left to end it",
               ((Reset *)self->resets->pdata[i])->insertion->reader);
  g_ptr_array_unref (self->resets);
  cardea_settlers_free (self->settlers);
  G_OBJECT_CLASS (cardea_card_resets_parent_class)->finalize (object);
}

static void
cardea_card_resets_class_init (CardeaCardResetsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = cardea_card_resets_finalize;
}

static void
cardea_card_resets_init (CardeaCardResets *self)
{
  self->resets = g_ptr_array_new_with_free_func (reset_free);
  self->settlers = cardea_settlers_new ();
}

CardeaCardResets *
cardea_card_resets_new (void)
{
  return g_object_new (CARDEA_TYPE_CARD_RESETS, NULL);
}
