/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The unlocking of one token, from the first who needs it to what all who wait are told.
 *
 * A source of the configuration or, where there is none, a remembered PIN comes first, once; then a person,
 * as often as the token and they allow. A login that was begun is always waited for, even when everybody has
 * gone: only its outcome tells whether the mark of a source may go, and whether a PIN was refused. Questions
 * are withdrawn when nobody waits for them any more. */

#include "agent/pin/unlock-job.h"

#include "agent/pin/asking.h"
#include "agent/pin/attempt.h"
#include "agent/pin/outcome.h"
#include "agent/pin/source-choice.h"
#include "agent/prompt/withdrawal.h"
#include "socket-api/wire/error.h"
#include "agent/base/source.h"

typedef enum
{
  JOB_CREATED,
  JOB_PREPARING,  /* a source is read and marked, in a worker */
  JOB_RECALLING,  /* a remembered PIN is looked for and marked */
  JOB_ASKING,     /* the prompter has the question */
  JOB_WAITING,    /* for a terminal's own login to end */
  JOB_LOGGING_IN, /* the token has the PIN */
  JOB_FORGETTING, /* a remembered PIN that was refused is deleted */
  JOB_SETTLING,   /* a mark is taken away, in a worker */
  JOB_DONE,
} JobState;

static const char *const state_names[] = { "created",    "preparing",  "recalling", "asking", "waiting",
                                           "logging-in", "forgetting", "settling",  "done" };

/* Where each state may lead, as bits. */
static const guint transitions[] = {
  [JOB_CREATED] = 1 << JOB_PREPARING | 1 << JOB_RECALLING | 1 << JOB_ASKING | 1 << JOB_DONE,
  [JOB_PREPARING] = 1 << JOB_ASKING | 1 << JOB_WAITING | 1 << JOB_DONE,
  [JOB_RECALLING] = 1 << JOB_ASKING | 1 << JOB_WAITING | 1 << JOB_DONE,
  [JOB_ASKING] = 1 << JOB_ASKING | 1 << JOB_WAITING | 1 << JOB_DONE,
  [JOB_WAITING] =
      1 << JOB_ASKING | 1 << JOB_LOGGING_IN | 1 << JOB_FORGETTING | 1 << JOB_SETTLING | 1 << JOB_DONE,
  [JOB_LOGGING_IN] = 1 << JOB_ASKING | 1 << JOB_FORGETTING | 1 << JOB_SETTLING | 1 << JOB_DONE,
  [JOB_FORGETTING] = 1 << JOB_ASKING | 1 << JOB_DONE,
  [JOB_SETTLING] = 1 << JOB_PREPARING | 1 << JOB_RECALLING | 1 << JOB_ASKING | 1 << JOB_DONE,
  [JOB_DONE] = 0,
};

struct _CardeaUnlockJob
{
  GObject *owner;
  const CardeaUnlockWorld *world;
  CardeaPinRecord *record;
  CardeaToken *token;
  CardeaUnlockDone done;
  gpointer done_data;

  JobState state;
  GPtrArray *waiters;        /* of Waiter */
  gpointer asked;            /* the Waiter whose question was answered, or NULL */
  GCancellable *question;    /* of the question that is open */
  GCancellable *token_gone;  /* the same question's */
  CardeaPinSource *source;   /* the one that is tried first, or NULL */
  CardeaPinAttempt *attempt; /* with a source's or a remembered PIN, until its mark is settled */
  CardeaSecret *typed;       /* with a person's PIN */
  GError *obstacle;          /* why the source is not used */
  GError *refusal;           /* the last PIN was refused */
  GError *outcome;           /* while settling: what is to be told, NULL for success */
  guint n_questions;
  gboolean typed_refused;
  gboolean may_keep;  /* no source names the token: what is typed may be remembered */
  gboolean unused;    /* while settling: the PIN was not sent, since nobody waited any more */
  gboolean held_back; /* while settling: nor then, since the token has few tries left */
};

typedef struct
{
  CardeaUnlockJob *job;
  GTask *task;
  guint64 generation;
  gboolean may_ask;
  CardeaPinQuestion *template;
  GSource *cancelled; /* or NULL */
} Waiter;

#define TYPED "cardea-typed-pin" /* with a waiter's task */

static void ask_or_fail (CardeaUnlockJob *self);

static void
set_state (CardeaUnlockJob *self, JobState state)
{
  g_assert ((transitions[self->state] & 1u << state) != 0);
  g_debug ("unlock %s: %s -> %s", self->token->uri, state_names[self->state], state_names[state]);
  self->state = state;
}

static void
free_waiter (gpointer data)
{
  Waiter *waiter = data;

  cardea_source_clear (&waiter->cancelled);
  g_object_unref (waiter->task);
  cardea_pin_question_free (waiter->template);
  g_free (waiter);
}

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

CardeaSecret *
cardea_unlock_job_dup_typed (GTask *task)
{
  CardeaSecret *typed = g_object_get_data (G_OBJECT (task), TYPED);

  return typed != NULL ? cardea_secret_ref (typed) : NULL;
}

/* Tells one who waits; @error NULL: unlocked. A later insertion is not what was unlocked. */
static void
tell (CardeaUnlockJob *self, Waiter *waiter, const GError *error)
{
  if (error != NULL)
    g_task_return_error (waiter->task, g_error_copy (error));
  else if (waiter->generation != self->token->generation)
    g_task_return_error (waiter->task,
                         cardea_pin_error_unavailable (self->token, CARDEA_REASON_MODULE_FAILED, "Try again.",
                                                       "The token was read anew in the meantime."));
  else {
    if (waiter == self->asked && self->typed != NULL)
      g_object_set_data_full (G_OBJECT (waiter->task), TYPED, cardea_secret_ref (self->typed), unref_secret);
    g_task_return_boolean (waiter->task, TRUE);
  }
}

static void
free_job (CardeaUnlockJob *self)
{
  g_ptr_array_unref (self->waiters);
  g_clear_object (&self->question);
  g_clear_object (&self->token_gone);
  g_clear_pointer (&self->attempt, cardea_pin_attempt_free);
  g_clear_pointer (&self->source, cardea_pin_source_unref);
  g_clear_pointer (&self->typed, cardea_secret_unref);
  g_clear_error (&self->obstacle);
  g_clear_error (&self->refusal);
  g_clear_error (&self->outcome);
  cardea_token_unref (self->token);
  g_object_unref (self->owner);
  g_free (self);
}

static void
finish (CardeaUnlockJob *self, const GError *error)
{
  set_state (self, JOB_DONE);
  self->done (self, self->done_data);
  for (guint i = 0; i < self->waiters->len; i++)
    tell (self, g_ptr_array_index (self->waiters, i), error);
  free_job (self);
}

static void
on_withdrawn (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaUnlockJob *self = data;
  g_autoptr (GError) error = NULL;

  /* Nothing was lost: the source rests until it is changed, which is the safe side. */
  if (!cardea_pin_attempt_withdraw_finish (result, &error))
    g_warning ("%s The PIN source of \"%s\" will not be used again before it changes.", error->message,
               self->token->uri);
  if (self->unused && self->waiters->len > 0)
    cardea_unlock_job_start (self); /* meanwhile somebody came */
  else if (self->held_back)
    ask_or_fail (self);
  else
    finish (self, self->outcome);
}

/* Takes the mark away where there is one, then ends with @error (taken; NULL: unlocked). */
static void
settle (CardeaUnlockJob *self, GError *error)
{
  self->outcome = error;
  if (self->attempt == NULL) {
    finish (self, self->outcome);
    return;
  }
  set_state (self, JOB_SETTLING);
  cardea_pin_attempt_withdraw_async (g_steal_pointer (&self->attempt), self->record->logged_in, on_withdrawn,
                                     self);
}

static gboolean
is_remembered (CardeaUnlockJob *self)
{
  return self->attempt != NULL && self->attempt->source == NULL;
}

/* NULL: by the token's own pinpad. */
static CardeaSecret *
get_pin (CardeaUnlockJob *self)
{
  return self->attempt != NULL ? self->attempt->secret : self->typed;
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  ask_or_fail (data);
}

/* It is waited for, within its limit: what a person types next must come into the store after this. */
static void
forget (CardeaUnlockJob *self)
{
  set_state (self, JOB_FORGETTING);
  cardea_remembered_pin_forget_async (self->world->remembered, self->token, on_forgotten, self);
}

static void
on_refused (CardeaUnlockJob *self)
{
  gboolean remembered = is_remembered (self);

  self->typed_refused = self->attempt == NULL;
  if (self->attempt != NULL && !remembered)
    cardea_pin_source_refuse (self->source);
  g_clear_error (&self->refusal);
  self->refusal = cardea_pin_error_refused (self->token, self->record->state);
  /* The mark stays. */
  g_clear_pointer (&self->attempt, cardea_pin_attempt_free);
  if (remembered)
    forget (self);
  else
    ask_or_fail (self);
}

/* The token had fewer tries left than when it was listed: a person may help, the source must not. */
static void
on_held_back (CardeaUnlockJob *self, const GError *error)
{
  const char *obstacle = cardea_pin_find_state_obstacle (self->token, cardea_pin_read_state (error));

  if (!is_remembered (self))
    self->obstacle = cardea_pin_error_source (self->token, cardea_pin_source_get_name (self->source),
                                              obstacle != NULL ? obstacle : error->message);
  self->held_back = TRUE;
  settle (self, NULL);
}

/* Only where nothing was sent does an error that is no refusal tell of the PIN. */
static gboolean
was_held_back (CardeaUnlockJob *self, const GError *error)
{
  json_t *parameters = cardea_error_get_parameters (error);

  return self->attempt != NULL && g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE) &&
         parameters != NULL && json_object_get (parameters, "pin") != NULL;
}

static void
on_accepted (CardeaUnlockJob *self)
{
  g_autoptr (GPtrArray) tokens = self->world->login->get_tokens (self->world->login_data);

  if (self->attempt == NULL)
    cardea_remembered_pin_accept (self->world->remembered, self->owner, tokens, self->token, self->typed,
                                  self->may_keep);
  else if (is_remembered (self))
    g_message ("Logged in with the remembered PIN: %s", self->token->uri);
  settle (self, NULL);
}

static void
on_logged_in (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaUnlockJob *self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = self->world->login->login_finish (self->world->login_data, self->token, result, &error);

  /* What the token said is noted before the next one's turn begins. */
  if (done)
    cardea_pin_record_accept (self->record);
  else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED))
    cardea_pin_note_refusal (self->record, get_pin (self), error);
  cardea_turns_end (self->record->turns);
  if (done) {
    on_accepted (self);
  } else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED)) {
    on_refused (self);
  } else if (was_held_back (self, error)) {
    on_held_back (self, error);
  } else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_BUSY)) {
    /* The host was not even started: the PIN was not sent. */
    settle (self, g_steal_pointer (&error));
  } else {
    /* The PIN may have been sent: the mark of a source stays. */
    finish (self, error);
  }
}

/* Not sent: it is known to be wrong. A source rests, a remembered PIN goes. */
static void
hold_back_refused (CardeaUnlockJob *self)
{
  gboolean remembered = is_remembered (self);

  if (self->attempt == NULL) {
    self->typed_refused = TRUE;
    if (self->refusal == NULL)
      self->refusal = cardea_pin_error_refused (self->token, self->record->state);
  } else if (!remembered) {
    g_clear_error (&self->obstacle);
    self->obstacle = cardea_pin_error_source (self->token, cardea_pin_source_get_name (self->source),
                                              "The token has refused this PIN before.");
  }
  /* The mark stays. */
  g_clear_pointer (&self->attempt, cardea_pin_attempt_free);
  if (remembered)
    forget (self);
  else
    ask_or_fail (self);
}

/* Not any more, if leases were ended meanwhile. */
static gboolean
may_remembered_serve (CardeaUnlockJob *self)
{
  g_autoptr (GPtrArray) tokens = self->world->login->get_tokens (self->world->login_data);

  return cardea_remembered_pin_may_serve (self->world->remembered, tokens, self->token,
                                          cardea_pin_record_get_state (self->record, self->token));
}

static gboolean
is_known_wrong (CardeaUnlockJob *self)
{
  CardeaSecret *pin = get_pin (self);

  return pin != NULL && cardea_pin_record_is_refused (self->record, pin);
}

static void
hold_back (CardeaUnlockJob *self)
{
  self->unused = self->waiters->len == 0;
  if (self->unused) {
    settle (self, NULL);
  } else if (!cardea_unlock_world_has (self->world, self->token)) {
    settle (self, cardea_pin_error_gone (self->token));
  } else if (is_known_wrong (self)) {
    hold_back_refused (self);
  } else {
    self->held_back = TRUE;
    settle (self, NULL);
  }
}

/* A terminal may have kept the token for as long as a signature takes, so all is looked at only now. */
static void
on_turn (gpointer data)
{
  CardeaUnlockJob *self = data;

  if (self->waiters->len > 0 && cardea_unlock_world_has (self->world, self->token) &&
      !is_known_wrong (self) && (!is_remembered (self) || may_remembered_serve (self))) {
    set_state (self, JOB_LOGGING_IN);
    self->world->login->login_async (self->world->login_data, self->token, get_pin (self),
                                     self->attempt != NULL ? CARDEA_LOGIN_CAREFUL : CARDEA_LOGIN_PLAIN,
                                     on_logged_in, self);
    return;
  }
  cardea_turns_end (self->record->turns);
  hold_back (self);
}

static void
log_in (CardeaUnlockJob *self)
{
  set_state (self, JOB_WAITING);
  cardea_turns_wait (self->record->turns, on_turn, self);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaUnlockJob *self = data;
  g_autoptr (GError) error = NULL;

  self->attempt = cardea_pin_attempt_prepare_finish (result, &error);
  if (self->attempt != NULL) {
    log_in (self);
    return;
  }
  self->obstacle =
      cardea_pin_error_source (self->token, cardea_pin_source_get_name (self->source), error->message);
  ask_or_fail (self);
}

static void
on_recalled (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaUnlockJob *self = data;
  g_autoptr (GError) error = NULL;

  self->attempt = cardea_remembered_pin_recall_finish (result, &error);
  if (error != NULL)
    g_message ("The remembered PIN of %s is not used. %s", self->token->uri, error->message);
  if (self->attempt != NULL)
    log_in (self);
  else
    ask_or_fail (self);
}

static gboolean
is_cancelled (CardeaUnlockJob *self, const GError *error)
{
  return self->waiters->len > 0 && self->question != NULL && g_cancellable_is_cancelled (self->question) &&
         (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
          g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED));
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaUnlockJob *self = data;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->typed, cardea_secret_unref);
  self->typed = cardea_prompter_ask_pin_finish (self->world->prompter, result, &error);
  if (error != NULL && is_cancelled (self, error)) {
    /* It was withdrawn when nobody waited; meanwhile somebody came. */
    ask_or_fail (self);
  } else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED)) {
    finish (self, self->refusal != NULL ? self->refusal : self->obstacle != NULL ? self->obstacle : error);
  } else if (g_cancellable_is_cancelled (self->token_gone)) {
    g_autoptr (GError) gone = cardea_pin_error_gone (self->token);

    finish (self, gone);
  } else if (error != NULL) {
    finish (self, error);
  } else if (self->waiters->len == 0) {
    finish (self, NULL);
  } else if (self->typed == NULL && !self->token->info->pinpad) {
    /* No PIN would be a try, too. */
    g_autoptr (GError) nothing = cardea_error_new (CARDEA_ERROR_CANCELLED, "No PIN was given.");

    finish (self, nothing);
  } else {
    log_in (self);
  }
}

/* Those who allow no question are told why there was no other way. */
static void
dismiss_silent_waiters (CardeaUnlockJob *self)
{
  g_autoptr (GError) error = self->refusal != NULL    ? g_error_copy (self->refusal)
                             : self->obstacle != NULL ? g_error_copy (self->obstacle)
                                                      : cardea_pin_error_interaction (self->token);

  for (guint i = self->waiters->len; i > 0; i--) {
    Waiter *waiter = g_ptr_array_index (self->waiters, i - 1);

    if (waiter->may_ask)
      continue;
    tell (self, waiter, error);
    g_ptr_array_remove_index (self->waiters, i - 1);
  }
}

static void
ask_or_fail (CardeaUnlockJob *self)
{
  g_autoptr (CardeaPinQuestion) question = NULL;
  Waiter *first;

  dismiss_silent_waiters (self);
  if (self->waiters->len == 0 || (self->refusal != NULL && (self->n_questions >= CARDEA_PIN_MAX_QUESTIONS ||
                                                            self->record->state == CARDEA_PIN_LOCKED ||
                                                            self->record->state == CARDEA_PIN_MUST_CHANGE))) {
    finish (self, self->refusal);
    return;
  }
  g_clear_object (&self->question);
  self->question = cardea_withdrawal_new ();
  g_clear_object (&self->token_gone);
  self->token_gone = g_cancellable_new ();
  first = g_ptr_array_index (self->waiters, 0);
  self->asked = first;
  question = cardea_pin_make_question (self->record, self->token, first->template, self->typed_refused,
                                       self->token_gone);
  self->n_questions++;
  set_state (self, JOB_ASKING);
  cardea_prompter_ask_pin_async (self->world->prompter, question, self->question, on_answered, self);
}

static gboolean
may_anybody_be_asked (CardeaUnlockJob *self)
{
  for (guint i = 0; i < self->waiters->len; i++)
    if (((Waiter *)g_ptr_array_index (self->waiters, i))->may_ask)
      return TRUE;
  return FALSE;
}

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  Waiter *waiter = data;
  CardeaUnlockJob *self = waiter->job;

  g_task_return_error (
      waiter->task,
      cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was given up while the token was unlocked."));
  if (waiter == self->asked)
    self->asked = NULL;
  g_ptr_array_remove (self->waiters, waiter);
  if (self->state == JOB_ASKING && !may_anybody_be_asked (self))
    cardea_withdrawal_cancel (self->question, cardea_withdrawal_get_reason (cancellable));
  return G_SOURCE_REMOVE;
}

void
cardea_unlock_job_join (CardeaUnlockJob *self, GTask *task, guint64 generation,
                        const CardeaPinQuestion *template, gboolean may_ask, GCancellable *cancellable)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->job = self;
  waiter->task = task;
  waiter->generation = generation;
  waiter->may_ask = may_ask;
  waiter->template = cardea_pin_question_new_for (template);
  if (cancellable != NULL) {
    waiter->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_waiter_cancelled), waiter, NULL);
    g_source_attach (waiter->cancelled, g_main_context_get_thread_default ());
  }
  g_ptr_array_add (self->waiters, waiter);
}

gboolean
cardea_unlock_job_is_asking (const CardeaUnlockJob *self)
{
  return self->state == JOB_ASKING;
}

void
cardea_unlock_job_look (CardeaUnlockJob *self)
{
  if (self->state == JOB_ASKING && !cardea_unlock_world_has (self->world, self->token))
    g_cancellable_cancel (self->token_gone);
}

CardeaUnlockJob *
cardea_unlock_job_new (GObject *owner, const CardeaUnlockWorld *world, CardeaPinRecord *record,
                       CardeaToken *token, CardeaUnlockDone done, gpointer data)
{
  CardeaUnlockJob *self = g_new0 (CardeaUnlockJob, 1);

  self->owner = g_object_ref (owner);
  self->world = world;
  self->record = record;
  self->token = cardea_token_ref (token);
  self->done = done;
  self->done_data = data;
  self->waiters = g_ptr_array_new_with_free_func (free_waiter);
  return self;
}

static void
recall_or_ask (CardeaUnlockJob *self)
{
  if (!self->may_keep || !may_remembered_serve (self)) {
    ask_or_fail (self);
    return;
  }
  set_state (self, JOB_RECALLING);
  cardea_remembered_pin_recall_async (self->world->remembered, self->token, on_recalled, self);
}

void
cardea_unlock_job_start (CardeaUnlockJob *self)
{
  g_autoptr (GPtrArray) tokens = self->world->login->get_tokens (self->world->login_data);
  CardeaPinSource *source =
      cardea_pin_choose_source (self->world->sources, tokens, self->token,
                                cardea_pin_record_get_state (self->record, self->token), &self->obstacle);

  self->may_keep = source == NULL && self->obstacle == NULL;
  if (source == NULL) {
    recall_or_ask (self);
    return;
  }
  g_clear_pointer (&self->source, cardea_pin_source_unref);
  self->source = cardea_pin_source_ref (source);
  set_state (self, JOB_PREPARING);
  cardea_pin_attempt_prepare_async (source, self->world->folder, self->token->uri, on_prepared, self);
}
