/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is asked about revocation, when, and how often.
 *
 * Connections come in bursts, to the same few servers, and responders are slow or dead at times. So those who
 * ask the same thing at once wait for one inquiry, what was said is kept, and that nothing was said is kept
 * too, for a minute: where an answer is only wished for it must not cost each connection seconds. An inquiry
 * goes on when nobody waits any more, as its answer serves the next one; its own limits bound it. */

#include "agent/tls/revocation.h"

#include "agent/base/source.h"
#include "agent/tls/crl-store.h"
#include "agent/tls/revocation-answers.h"
#include "agent/tls/revocation-inquiry.h"
#include "agent/tls/revocation-question.h"
#include "agent/tls/worker.h"
#include "socket-api/limits.h"

struct _CardeaRevocation
{
  CardeaCrlStore *lists;
  gboolean fetch;
  CardeaRevocationAnswers *answers;
  GHashTable *under_way; /* key -> Inquiry */
  GCancellable *cancellable;
};

/* One inquiry that is under way. It has no reference to the owner, who takes it back with its end. */
typedef struct
{
  CardeaRevocation *owner; /* NULL: gone */
  char *key;               /* of the certificate */
  char *id;                /* of the certificate and what is asked */
  gint64 began;            /* monotonic */
  GPtrArray *waiting;      /* of Waiter, borrowed: each is its task's */
} Inquiry;

typedef struct
{
  Inquiry *inquiry; /* NULL: it is over */
  GTask *task;      /* whose data this is; owned until it is answered */
  GSource *timeout, *cancelled;
} Waiter;

static gint64
get_now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static void
read_lists_in_thread (gpointer data)
{
  cardea_crl_store_refresh (data);
}

static void
on_lists_read (gpointer data)
{
  cardea_crl_store_unref (data);
}

CardeaRevocation *
cardea_revocation_new (const char *const *lists, gboolean fetch, CardeaRevocation *before)
{
  CardeaRevocation *self = g_rc_box_new0 (CardeaRevocation);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->lists = before != NULL ? cardea_crl_store_ref (before->lists) : cardea_crl_store_new (NULL);
  cardea_crl_store_set_paths (self->lists, lists);
  self->fetch = fetch;
  self->answers = cardea_revocation_answers_new ();
  self->under_way = g_hash_table_new (g_str_hash, g_str_equal);
  self->cancellable = g_cancellable_new ();
  if (before != NULL || (lists != NULL && *lists != NULL))
    cardea_worker_run (context, read_lists_in_thread, self->lists, on_lists_read,
                       cardea_crl_store_ref (self->lists));
  return self;
}

CardeaRevocation *
cardea_revocation_ref (CardeaRevocation *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  CardeaRevocation *self = data;
  GHashTableIter iterator;
  gpointer inquiry;

  g_hash_table_iter_init (&iterator, self->under_way);
  while (g_hash_table_iter_next (&iterator, NULL, &inquiry))
    ((Inquiry *)inquiry)->owner = NULL;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_hash_table_unref (self->under_way);
  cardea_revocation_answers_free (self->answers);
  cardea_crl_store_unref (self->lists);
}

void
cardea_revocation_unref (CardeaRevocation *self)
{
  g_rc_box_release_full (self, clear);
}

CardeaCrlStore *
cardea_revocation_get_lists (CardeaRevocation *self)
{
  return self->lists;
}

GPtrArray *
cardea_revocation_get_problems (CardeaRevocation *self)
{
  return cardea_crl_store_get_problems (self->lists);
}

gboolean
cardea_revocation_fetches (const CardeaRevocation *self)
{
  return self->fetch;
}

static void
waiter_free (gpointer data)
{
  Waiter *self = data;

  cardea_source_clear (&self->timeout);
  cardea_source_clear (&self->cancelled);
  g_free (self);
}

/* The one end of each who waits. */
static void
answer (Waiter *self, CardeaRevocationStatus status)
{
  g_autoptr (GTask) task = self->task;

  if (self->inquiry != NULL)
    g_ptr_array_remove_fast (self->inquiry->waiting, self);
  self->inquiry = NULL;
  cardea_source_clear (&self->timeout);
  cardea_source_clear (&self->cancelled);
  g_task_return_int (task, (int)status);
}

static void
on_place_failed (const char *url, gpointer data)
{
  Inquiry *inquiry = data;

  if (inquiry->owner != NULL)
    cardea_revocation_answers_add_failure (inquiry->owner->answers, url, get_now ());
}

static void
on_inquired (GObject *source, GAsyncResult *result, gpointer data)
{
  Inquiry *inquiry = data;
  gint64 until;
  CardeaRevocationStatus status = cardea_revocation_inquiry_run_finish (result, &until);

  if (inquiry->owner != NULL) {
    g_hash_table_remove (inquiry->owner->under_way, inquiry->id);
    cardea_revocation_answers_add (inquiry->owner->answers, inquiry->key, status, until, get_now ());
  }
  while (inquiry->waiting->len > 0)
    answer (inquiry->waiting->pdata[0], status);
  g_ptr_array_unref (inquiry->waiting);
  g_free (inquiry->key);
  g_free (inquiry->id);
  g_free (inquiry);
}

static Inquiry *
begin (CardeaRevocation *self, CardeaRevocationQuestion *question, const char *key, const char *id,
       GPtrArray *responders, GPtrArray *lists)
{
  Inquiry *inquiry = g_new0 (Inquiry, 1);
  const CardeaRevocationInquiry about = { question, responders, lists, on_place_failed, inquiry };

  inquiry->owner = self;
  inquiry->key = g_strdup (key);
  inquiry->id = g_strdup (id);
  inquiry->began = g_get_monotonic_time ();
  inquiry->waiting = g_ptr_array_new ();
  g_hash_table_insert (self->under_way, inquiry->id, inquiry);
  cardea_revocation_inquiry_run_async (&about, self->cancellable, on_inquired, inquiry);
  return inquiry;
}

/* Those of the places that did not just say nothing, all of them where it matters more. */
static GPtrArray *
choose (CardeaRevocation *self, GPtrArray *places, gboolean hard)
{
  GPtrArray *chosen = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < places->len; i++)
    if (hard || !cardea_revocation_answers_has_failed (self->answers, places->pdata[i], get_now ()))
      g_ptr_array_add (chosen, g_strdup (places->pdata[i]));
  return chosen;
}

/* NULL: there is nobody to ask, or too much is being asked. */
static Inquiry *
find_inquiry (CardeaRevocation *self, CardeaRevocationQuestion *question, const char *key)
{
  g_autoptr (GPtrArray) responders = choose (self, question->responders, question->hard);
  g_autoptr (GPtrArray) lists = choose (self, question->lists, question->hard);
  g_autofree char *id = g_strdup_printf ("%s %u %u", key, responders->len, lists->len);
  Inquiry *inquiry = g_hash_table_lookup (self->under_way, id);

  if (inquiry != NULL || responders->len + lists->len == 0 ||
      g_hash_table_size (self->under_way) >= CARDEA_LIMIT_REVOCATION_FETCHES)
    return inquiry;
  return begin (self, question, key, id, responders, lists);
}

static gboolean
on_waited (gpointer data)
{
  answer (data, CARDEA_REVOCATION_UNKNOWN);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  return on_waited (data);
}

/* The time counts from the beginning of the inquiry, so that a stream of connections, each waiting from its
 * own, is not held up by one that gets nowhere. */
static void
wait_for (Waiter *self, Inquiry *inquiry, gboolean hard)
{
  GMainContext *context = g_task_get_context (self->task);
  gint64 limit_ms = hard ? CARDEA_LIMIT_REVOCATION_HARD_MS : CARDEA_LIMIT_REVOCATION_SOFT_MS;
  gint64 left = inquiry->began + limit_ms * 1000 - g_get_monotonic_time ();

  self->inquiry = inquiry;
  g_ptr_array_add (inquiry->waiting, self);
  self->timeout = cardea_source_attach_timer (context, left, on_waited, self);
  if (g_task_get_cancellable (self->task) == NULL)
    return;
  self->cancelled = g_cancellable_source_new (g_task_get_cancellable (self->task));
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->cancelled, context);
}

/* Whether what is kept answers it: that nothing was said a moment ago is no answer to a hard question. */
static gboolean
is_known (CardeaRevocation *self, const CardeaRevocationQuestion *question, const char *key,
          CardeaRevocationStatus *status)
{
  return cardea_revocation_answers_find (self->answers, key, get_now (), status) &&
         (*status != CARDEA_REVOCATION_UNKNOWN || !question->hard);
}

void
cardea_revocation_ask_async (CardeaRevocation *self, CardeaRevocationQuestion *question,
                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  g_autofree char *key = cardea_revocation_question_make_key (question);
  CardeaRevocationStatus status = CARDEA_REVOCATION_UNKNOWN;
  Inquiry *inquiry = NULL;

  waiter->task = g_task_new (NULL, cancellable, callback, data);
  g_task_set_source_tag (waiter->task, cardea_revocation_ask_async);
  g_task_set_check_cancellable (waiter->task, FALSE);
  g_task_set_task_data (waiter->task, waiter, waiter_free);
  if (self->fetch && !is_known (self, question, key, &status))
    inquiry = find_inquiry (self, question, key);
  if (inquiry != NULL)
    wait_for (waiter, inquiry, question->hard);
  else
    answer (waiter, status);
}

CardeaRevocationStatus
cardea_revocation_ask_finish (GAsyncResult *result)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_revocation_ask_async),
                        CARDEA_REVOCATION_UNKNOWN);

  return (CardeaRevocationStatus)g_task_propagate_int (G_TASK (result), NULL);
}
