/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One token host, supervised.
 *
 * Vendor modules crash, hang and lie, so each runs in a process that can be killed at any moment. What this
 * object promises in return: every call is answered once (by the host, by its deadline, by the process's
 * end), no process outlives its use, and a module that keeps dying costs neither time nor the attention of
 * the loop. After an error that concerns the token or the module the process is started afresh: libraries go
 * on showing the card that was there before (a PIN could then reach another card). */

#include "agent/hosts/host-private.h"

#include <unistd.h>

#include "agent/hosts/host-report.h"
#include "socket-api/wire/error.h"
#include "agent/base/source.h"

#define START_ID 0 /* the call that stands for the start of the process */

G_DEFINE_FINAL_TYPE (CardeaHost, cardea_host, G_TYPE_OBJECT)

static guint signal_changed;

static gboolean
on_changed_due (gpointer data)
{
  g_autoptr (CardeaHost) self = g_object_ref (data);

  cardea_source_clear (&self->changed);
  g_signal_emit (self, signal_changed, 0);
  g_ptr_array_set_size (self->old_problems, 0);
  return G_SOURCE_REMOVE;
}

/* From the loop, never from inside a call: whoever hears it may call back. */
static void
schedule_changed (CardeaHost *self)
{
  if (self->changed != NULL)
    return;
  self->changed = g_idle_source_new ();
  g_source_set_priority (self->changed, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->changed, on_changed_due, self, NULL);
  g_source_attach (self->changed, self->context);
}

static void
set_problem (CardeaHost *self, CardeaReason *problem)
{
  if (self->problem != NULL)
    g_ptr_array_add (self->old_problems, self->problem);
  self->problem = problem;
}

static gboolean
on_backoff_over (gpointer data)
{
  CardeaHost *self = data;

  cardea_source_clear (&self->retry);
  schedule_changed (self);
  return G_SOURCE_REMOVE;
}

static void
note_death (CardeaHost *self)
{
  gint64 now = g_get_monotonic_time ();

  cardea_host_backoff_note_death (&self->backoff, now);
  cardea_source_clear (&self->retry);
  if (cardea_host_backoff_wait_ms (&self->backoff, now) == 0)
    return;
  self->retry = g_timeout_source_new (cardea_host_backoff_wait_ms (&self->backoff, now));
  g_source_set_callback (self->retry, on_backoff_over, self, NULL);
  g_source_attach (self->retry, self->context);
}

/* Nothing of the process is left afterwards. Returns how it ended. */
static char *
end_process (CardeaHost *self)
{
  g_clear_pointer (&self->channel, cardea_host_channel_free);
  self->ready = FALSE;
  self->listing = NULL;
  return cardea_process_end (g_steal_pointer (&self->process));
}

/* Everybody who waits is told; takes @message. Those who are told may call again at once, and are then part
 * of the next run of the process. */
static void
fail_everything (CardeaHost *self, char *message)
{
  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "%s", message);
  g_autoptr (GError) late = cardea_host_report_late (self->spec);
  g_autoptr (GPtrArray) listers = g_steal_pointer (&self->listers);

  g_free (message);
  self->listers = g_ptr_array_new ();
  schedule_changed (self);
  g_object_ref (self);
  cardea_host_calls_fail_all (self->calls, error, late);
  for (guint i = 0; i < listers->len; i++)
    cardea_host_waiter_fail (listers->pdata[i], error);
  g_object_unref (self);
}

static void
die (CardeaHost *self, CardeaReason *problem)
{
  note_death (self);
  set_problem (self, problem);
  fail_everything (self, g_strdup (problem->message));
}

static void
die_crashed (CardeaHost *self)
{
  g_autofree char *how = end_process (self);

  die (self, cardea_host_report_crash (self->spec, how));
}

static void
die_of_nonsense (CardeaHost *self, const char *what)
{
  g_free (end_process (self));
  die (self, cardea_host_report_nonsense (self->spec, what));
}

static void
on_calls_overdue (gpointer data)
{
  CardeaHost *self = data;

  g_free (end_process (self));
  die (self, cardea_host_report_hang (self->spec));
}

static void
die_failed (CardeaHost *self, const CardeaHostMessage *message)
{
  g_free (end_process (self));
  die (self, cardea_host_report_failure (self->spec, message));
}

static void
pump_listing (CardeaHost *self)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_LIST, self->next_id, .list = { self->spec->roles } };
  g_autoptr (GError) error = NULL;

  if (!self->ready || self->listing != NULL || self->listers->len == 0)
    return;
  self->listing = cardea_host_calls_add (self->calls, self->next_id++, CARDEA_HOST_MESSAGE_LIST,
                                         self->deadlines.call, self->deadlines.list);
  self->listing->collector = cardea_host_collector_new (self->generation, self->spec->roles);
  self->listing->listers = g_steal_pointer (&self->listers);
  self->listers = g_ptr_array_new ();

  GBytes *packet = cardea_host_message_encode (&message, &error);

  g_assert_no_error (error); /* numbers of ours */
  cardea_host_channel_send (self->channel, packet, -1);
}

static void
finish_listing (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  g_autoptr (CardeaHostListing) listing = cardea_host_collector_finish (call->collector);

  listing->pcsc = message->listed.pcsc != 0;
  set_problem (self, message->listed.incomplete != 0 ? cardea_host_report_incomplete (self->spec) : NULL);
  self->listing = NULL;
  cardea_host_calls_take (self->calls, call);
  pump_listing (self);
  for (guint i = 0; i < call->listers->len; i++)
    cardea_host_waiter_return_pointer (call->listers->pdata[i], cardea_host_listing_ref (listing),
                                       (GDestroyNotify)cardea_host_listing_unref);
  cardea_host_call_free (call);
}

/* A token that failed is not to be believed any more, nor is the library that showed it. */
static gboolean
distrusts (const CardeaHostMessage *message)
{
  return message->failed.failure == CARDEA_HOST_FAILURE_TOKEN ||
         message->failed.failure == CARDEA_HOST_FAILURE_MODULE;
}

static void
fail_listing (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  CardeaReason *problem = cardea_host_report_failure (self->spec, message);
  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "%s", problem->message);

  self->listing = NULL;
  cardea_host_calls_take (self->calls, call);
  if (distrusts (message)) {
    g_free (end_process (self));
    die (self, problem);
  } else {
    set_problem (self, problem);
    pump_listing (self);
  }
  cardea_host_call_fail (call, error);
}

/* A reply to the start, which is the only call before it. */
static gboolean
handle_start (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  if (message->type == CARDEA_HOST_MESSAGE_FAILED) {
    die_failed (self, message);
    return TRUE;
  }
  if (message->type != CARDEA_HOST_MESSAGE_READY)
    return FALSE;
  cardea_host_call_free (cardea_host_calls_take (self->calls, call));
  self->ready = TRUE;
  set_problem (self, NULL);
  pump_listing (self);
  return TRUE;
}

static gboolean
handle_list (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  if (message->type == CARDEA_HOST_MESSAGE_LISTED)
    finish_listing (self, call, message);
  else if (message->type == CARDEA_HOST_MESSAGE_FAILED)
    fail_listing (self, call, message);
  else
    return cardea_host_collector_add (call->collector, message);
  return TRUE;
}

static void
fail_call (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  g_autoptr (GError) error = cardea_host_report_refusal (message);

  cardea_host_calls_take (self->calls, call);
  schedule_changed (self);
  if (distrusts (message)) {
    g_free (end_process (self));
    die (self, cardea_host_report_restart (self->spec, error->message));
  }
  cardea_host_call_fail (call, error);
}

/* What a call about a PIN ends with, when it is done. */
static CardeaHostMessageType
get_done (CardeaHostMessageType request)
{
  switch (request) {
  case CARDEA_HOST_MESSAGE_LOGIN:
    return CARDEA_HOST_MESSAGE_LOGGED_IN;
  case CARDEA_HOST_MESSAGE_LOGOUT:
    return CARDEA_HOST_MESSAGE_LOGGED_OUT;
  default:
    return CARDEA_HOST_MESSAGE_PIN_SET;
  }
}

static gboolean
handle_login (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  if (message->type == CARDEA_HOST_MESSAGE_FAILED) {
    fail_call (self, call, message);
    return TRUE;
  }
  if (message->type != get_done (call->type))
    return FALSE;
  cardea_host_calls_take (self->calls, call);
  schedule_changed (self); /* its keys can be seen now, or no more */
  cardea_host_waiter_return_true (call->waiter);
  cardea_host_call_free (call);
  return TRUE;
}

static gboolean
handle_sign (CardeaHost *self, CardeaHostCall *call, const CardeaHostMessage *message)
{
  if (message->type == CARDEA_HOST_MESSAGE_FAILED) {
    fail_call (self, call, message);
    return TRUE;
  }
  if (message->type != CARDEA_HOST_MESSAGE_SIGNATURE)
    return FALSE;

  g_autoptr (GBytes) signature = g_bytes_new (message->signature.bytes.data, message->signature.bytes.length);

  cardea_host_calls_take (self->calls, call);
  if (call->waiter != NULL)
    cardea_host_waiter_return_pointer (call->waiter, g_steal_pointer (&signature),
                                       (GDestroyNotify)g_bytes_unref);
  else
    cardea_sign_call_answer (call->sign, signature, NULL);
  cardea_host_call_free (call);
  return TRUE;
}

static gboolean
handle_message (CardeaHost *self, const CardeaHostMessage *message)
{
  CardeaHostCall *call = cardea_host_calls_heard (self->calls, message->id);

  switch (call != NULL ? call->type : 0) {
  case CARDEA_HOST_MESSAGE_READY:
    return handle_start (self, call, message);
  case CARDEA_HOST_MESSAGE_LIST:
    return handle_list (self, call, message);
  case CARDEA_HOST_MESSAGE_LOGIN:
  case CARDEA_HOST_MESSAGE_LOGOUT:
  case CARDEA_HOST_MESSAGE_SET_PIN:
    return handle_login (self, call, message);
  case CARDEA_HOST_MESSAGE_SIGN:
    return handle_sign (self, call, message);
  default:
    return FALSE; /* every call gets one last reply: nobody asked for this */
  }
}

static void
on_channel_received (const CardeaHostMessage *message, const GError *error, gpointer data)
{
  g_autoptr (CardeaHost) self = g_object_ref (data);

  if (message == NULL && error == NULL)
    die_crashed (self);
  else if (message == NULL)
    die_of_nonsense (self, error->message);
  else if (!handle_message (self, message))
    die_of_nonsense (self, cardea_host_message_type_to_string (message->type));
}

static void
on_process_ended (gpointer data)
{
  g_autoptr (CardeaHost) self = g_object_ref (data);

  die_crashed (self);
}

/* What they point to stays the host's. */
static GPtrArray *
make_arguments (CardeaHost *self)
{
  const struct
  {
    const char *option, *value;
  } pairs[] = {
    { "--module", self->spec->module },
    { "--init-arguments", self->spec->init_arguments },
    { "--reader", self->spec->reader },
  };
  GPtrArray *arguments = g_ptr_array_new ();

  g_ptr_array_add (arguments, self->program);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    if (pairs[i].value == NULL)
      continue;
    g_ptr_array_add (arguments, (gpointer)pairs[i].option);
    g_ptr_array_add (arguments, (gpointer)pairs[i].value);
  }
  g_ptr_array_add (arguments, NULL);
  return arguments;
}

static void
start (CardeaHost *self)
{
  g_autoptr (GPtrArray) arguments = make_arguments (self);
  g_autoptr (GError) error = NULL;
  int socket;

  self->process =
      cardea_host_process_new ((const char *const *)arguments->pdata, (const char *const *)self->environment,
                               self->context, on_process_ended, self, &socket, &error);
  if (self->process == NULL) {
    die (self, cardea_host_report_no_program (self->spec, error));
    return;
  }
  self->generation++;
  self->next_id = START_ID + 1;
  self->channel = cardea_host_channel_new (socket, self->context, on_channel_received, self);
  cardea_host_calls_add (self->calls, START_ID, CARDEA_HOST_MESSAGE_READY, self->deadlines.start,
                         self->deadlines.start);
}

void
cardea_host_list_async (CardeaHost *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  guint64 wait = cardea_host_backoff_wait_asked_ms (&self->backoff, g_get_monotonic_time ());

  g_task_set_source_tag (task, cardea_host_list_async);
  if (self->process == NULL && wait > 0) {
    g_task_return_error (task, cardea_host_report_busy (self->spec, self->problem, wait));
    g_object_unref (task);
    return;
  }
  g_ptr_array_add (self->listers, cardea_host_waiter_new (task));
  if (self->process == NULL)
    start (self);
  else
    pump_listing (self);
}

CardeaHostListing *
cardea_host_list_finish (CardeaHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
cardea_host_kill (CardeaHost *self)
{
  if (self->process == NULL)
    return;
  g_free (end_process (self));
  set_problem (self, NULL);
  fail_everything (self, g_strdup_printf ("The process of the module %s was ended.", self->spec->name));
}

void
cardea_host_end (CardeaHost *self, guint64 generation)
{
  if (self->generation == generation)
    cardea_host_kill (self);
}

gboolean
cardea_host_runs (CardeaHost *self, guint64 generation)
{
  return self->process != NULL && self->generation == generation;
}

GPid
cardea_host_get_pid (CardeaHost *self)
{
  return self->process != NULL ? cardea_process_get_pid (self->process) : 0;
}

const CardeaHostSpec *
cardea_host_get_spec (CardeaHost *self)
{
  return self->spec;
}

const char *const *
cardea_host_get_environment (CardeaHost *self)
{
  return (const char *const *)self->environment;
}

const CardeaReason *
cardea_host_get_problem (CardeaHost *self)
{
  return self->problem;
}

void
cardea_host_set_deadlines (CardeaHost *self, const CardeaHostDeadlines *deadlines)
{
  self->deadlines = *deadlines;
}

/* Calls under way hold a reference, so there are none. */
static void
cardea_host_finalize (GObject *object)
{
  CardeaHost *self = CARDEA_HOST (object);

  if (self->process != NULL)
    g_free (end_process (self));
  cardea_source_clear (&self->retry);
  cardea_source_clear (&self->changed);
  cardea_host_calls_fail_all (self->calls, NULL,
                              NULL); /* at most the start of the process, for which nobody waits */
  cardea_host_calls_free (self->calls);
  g_ptr_array_unref (self->listers);
  g_ptr_array_unref (self->old_problems);
  g_clear_pointer (&self->problem, cardea_reason_free);
  cardea_host_spec_free (self->spec);
  g_free (self->program);
  g_strfreev (self->environment);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (cardea_host_parent_class)->finalize (object);
}

static void
cardea_host_class_init (CardeaHostClass *class)
{
  G_OBJECT_CLASS (class)->finalize = cardea_host_finalize;
  signal_changed =
      g_signal_new ("changed", CARDEA_TYPE_HOST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_host_init (CardeaHost *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->calls = cardea_host_calls_new (self->context, on_calls_overdue, self);
  self->listers = g_ptr_array_new ();
  self->old_problems = cardea_reasons_new ();
  self->deadlines = (CardeaHostDeadlines){ CARDEA_LIMIT_HOST_START_MS, CARDEA_LIMIT_HOST_CALL_MS,
                                           CARDEA_LIMIT_HOST_LIST_MS, CARDEA_LIMIT_SIGN_MS };
}

CardeaHost *
cardea_host_new (const CardeaHostSpec *spec, const char *program, const char *const *environment)
{
  CardeaHost *self = g_object_new (CARDEA_TYPE_HOST, NULL);

  self->spec = cardea_host_spec_copy (spec);
  self->program = g_strdup (program);
  self->environment = g_strdupv ((char **)environment);
  return self;
}

CardeaHost *
cardea_host_new_for_reader (CardeaHost *self, const char *reader)
{
  CardeaHost *host = cardea_host_new (self->spec, self->program, (const char *const *)self->environment);

  g_free (host->spec->reader);
  host->spec->reader = g_strdup (reader);
  host->deadlines = self->deadlines;
  return host;
}
