/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking the network about one certificate.
 *
 * The places are its authority's, what comes back is anybody's: answers are signed, so that the worst
 * somebody on the way can do is to have none arrive. So a wrong answer is no answer, and the next place is
 * asked. */

#include "agent/tls/revocation-inquiry.h"

#include "agent/base/source.h"
#include "agent/tls/crl.h"
#include "agent/tls/http.h"
#include "agent/tls/ocsp.h"
#include "agent/tls/worker.h"
#include "socket-api/limits.h"

/* For one place. Who waits still learns from the next one what a silent one did not say. */
#define SOFT_PLACE_MS (CARDEA_LIMIT_REVOCATION_SOFT_MS * 4 / 5)
#define HARD_PLACE_MS (CARDEA_LIMIT_REVOCATION_HARD_MS / 2)

typedef struct
{
  CardeaRevocationInquiry about;
  GMainContext *context;
  guint next;                /* place, of responders and then lists */
  GCancellable *cancellable; /* ours: of the place that is being asked */
  GCancellable *callers;     /* or NULL */
  gulong callers_id;
  GSource *place_timeout;
  GSource *timeout;
  gboolean over; /* the time of all */

  GBytes *received; /* the worker's while it reads */
  CardeaRevocationStatus status;
  gint64 until;
} Inquiry;

static void
inquiry_free (gpointer data)
{
  Inquiry *self = data;

  cardea_source_clear (&self->place_timeout);
  cardea_source_clear (&self->timeout);
  g_cancellable_disconnect (self->callers, self->callers_id);
  g_clear_object (&self->callers);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->received, g_bytes_unref);
  g_ptr_array_unref (self->about.responders);
  g_ptr_array_unref (self->about.lists);
  cardea_revocation_question_unref (self->about.question);
  g_main_context_unref (self->context);
  g_free (self);
}

static void ask_next (GTask *task);

static gboolean
is_cancelled (const Inquiry *self)
{
  return self->callers != NULL && g_cancellable_is_cancelled (self->callers);
}

static gboolean
is_list (const Inquiry *self)
{
  return self->next >= self->about.responders->len;
}

static const char *
get_url (const Inquiry *self)
{
  guint n = self->about.responders->len;

  return is_list (self) ? self->about.lists->pdata[self->next - n]
                        : self->about.responders->pdata[self->next];
}

/* Takes @task. */
static void
give_up_place (GTask *task)
{
  Inquiry *self = g_task_get_task_data (task);

  if (!is_cancelled (self) && self->about.failed != NULL)
    self->about.failed (get_url (self), self->about.failed_data);
  self->next++;
  ask_next (task);
}

static CardeaRevocationStatus
read_list (Inquiry *self, gint64 now)
{
  g_autoptr (CardeaCrl) list =
      cardea_crl_new (self->received, CARDEA_LIMIT_REVOCATION_FETCHED_LIST_BYTES, NULL);

  if (list == NULL)
    return CARDEA_REVOCATION_UNKNOWN;
  return cardea_crl_check (list, self->about.question->certificate, self->about.question->issuer, now,
                           &self->until);
}

static void
read_in_thread (gpointer data)
{
  Inquiry *self = data;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  self->status = is_list (self) ? read_list (self, now)
                                : cardea_ocsp_check (self->received, self->about.question->certificate,
                                                     self->about.question->issuer, now, &self->until);
}

static void
on_read (gpointer data)
{
  GTask *task = data;
  Inquiry *self = g_task_get_task_data (task);

  g_clear_pointer (&self->received, g_bytes_unref);
  if (self->status == CARDEA_REVOCATION_UNKNOWN && !is_cancelled (self)) {
    /* The host is there and has nothing to say; it may have about others. */
    self->next++;
    ask_next (task);
    return;
  }
  g_task_return_int (task, (int)self->status);
  g_object_unref (task);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Inquiry *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  cardea_source_clear (&self->place_timeout);
  self->received = cardea_http_fetch_finish (result, &error);
  if (self->received == NULL) {
    g_debug ("No word about revocation from %s: %s", get_url (self), error->message);
    give_up_place (task);
    return;
  }
  cardea_worker_run (self->context, read_in_thread, self, on_read, task);
}

static gboolean
on_place_late (gpointer data)
{
  Inquiry *self = data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_late (gpointer data)
{
  Inquiry *self = data;

  self->over = TRUE;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* Takes @task. */
static void
fetch (GTask *task)
{
  Inquiry *self = g_task_get_task_data (task);
  g_autoptr (GBytes) request = is_list (self) ? NULL
                                              : cardea_ocsp_make_request (self->about.question->certificate,
                                                                          self->about.question->issuer);
  const CardeaHttpRequest about = {
    .url = get_url (self),
    .body = request,
    .content_type = "application/ocsp-request",
    .limit =
        is_list (self) ? CARDEA_LIMIT_REVOCATION_FETCHED_LIST_BYTES : CARDEA_LIMIT_REVOCATION_ANSWER_BYTES,
  };
  guint place_ms = self->about.question->hard ? HARD_PLACE_MS : SOFT_PLACE_MS;

  if (!is_list (self) && request == NULL) {
    self->next++;
    ask_next (task);
    return;
  }
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->place_timeout =
      cardea_source_attach_timer (self->context, place_ms * G_GINT64_CONSTANT (1000), on_place_late, self);
  cardea_http_fetch_async (&about, self->cancellable, on_fetched, task);
}

/* Takes @task. */
static void
ask_next (GTask *task)
{
  Inquiry *self = g_task_get_task_data (task);

  if (self->over || is_cancelled (self) ||
      self->next >= self->about.responders->len + self->about.lists->len) {
    g_task_return_int (task, CARDEA_REVOCATION_UNKNOWN);
    g_object_unref (task);
    return;
  }
  fetch (task);
}

static void
on_callers_cancelled (GCancellable *callers, gpointer data)
{
  Inquiry *self = data;

  g_cancellable_cancel (self->cancellable);
}

static Inquiry *
inquiry_new (const CardeaRevocationInquiry *about, GCancellable *cancellable)
{
  Inquiry *self = g_new0 (Inquiry, 1);

  self->about = *about;
  cardea_revocation_question_ref (about->question);
  g_ptr_array_ref (about->responders);
  g_ptr_array_ref (about->lists);
  self->context = g_main_context_ref_thread_default ();
  self->timeout = cardea_source_attach_timer (
      self->context, CARDEA_LIMIT_REVOCATION_HARD_MS * G_GINT64_CONSTANT (1000), on_late, self);
  self->callers = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  return self;
}

void
cardea_revocation_inquiry_run_async (const CardeaRevocationInquiry *inquiry, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Inquiry *self = inquiry_new (inquiry, cancellable);

  g_task_set_source_tag (task, cardea_revocation_inquiry_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, inquiry_free);
  if (cancellable != NULL)
    self->callers_id = g_cancellable_connect (cancellable, G_CALLBACK (on_callers_cancelled), self, NULL);
  ask_next (task);
}

CardeaRevocationStatus
cardea_revocation_inquiry_run_finish (GAsyncResult *result, gint64 *until)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_revocation_inquiry_run_async),
                        CARDEA_REVOCATION_UNKNOWN);
  const Inquiry *self = g_task_get_task_data (G_TASK (result));

  *until = self->until;
  return (CardeaRevocationStatus)g_task_propagate_int (G_TASK (result), NULL);
}
