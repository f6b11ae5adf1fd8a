/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A new PIN for one token, by who knows the old one or the PUK.
 *
 * Each try is a person's: what they typed is sent once, and what was refused is not sent again, whoever types
 * it. A PUK is treated like a PIN, only that there is nobody to help once its tries are gone. The question is
 * asked without a turn, since people are slow; from the logout that goes before it to what the token says it
 * is this one's turn.
 *
 * Whatever comes of it, once something was sent nobody is logged in to the token, and its process is started
 * afresh: listings say then how its PIN stands, and no login is left on it that was made with the old one. */

#include "agent/pin/pin-change.h"

#include "agent/pin/asking.h"
#include "agent/pin/outcome.h"
#include "agent/pin/source-choice.h"
#include "socket-api/secret/pair.h"
#include "socket-api/wire/error.h"

typedef enum
{
  CHANGE_CREATED,
  CHANGE_ASKING,     /* the prompter has the question */
  CHANGE_WAITING,    /* for its turn */
  CHANGE_SETTING,    /* the token has the PINs */
  CHANGE_FORGETTING, /* what was remembered of the old one is deleted */
  CHANGE_RENEWING,   /* the token's process and its card begin anew */
  CHANGE_DONE,
} ChangeState;

static const char *const state_names[] = { "created",    "asking",   "waiting", "setting",
                                           "forgetting", "renewing", "done" };

/* Where each state may lead, as bits. */
static const guint transitions[] = {
  [CHANGE_CREATED] = 1 << CHANGE_ASKING,
  [CHANGE_ASKING] = 1 << CHANGE_ASKING | 1 << CHANGE_WAITING | 1 << CHANGE_RENEWING | 1 << CHANGE_DONE,
  [CHANGE_WAITING] = 1 << CHANGE_ASKING | 1 << CHANGE_SETTING | 1 << CHANGE_RENEWING | 1 << CHANGE_DONE,
  [CHANGE_SETTING] = 1 << CHANGE_ASKING | 1 << CHANGE_FORGETTING | 1 << CHANGE_RENEWING,
  [CHANGE_FORGETTING] = 1 << CHANGE_RENEWING,
  [CHANGE_RENEWING] = 1 << CHANGE_DONE,
  [CHANGE_DONE] = 0,
};

struct _CardeaPinChange
{
  GObject *owner;
  const CardeaUnlockWorld *world;
  CardeaPinRecord *record;
  CardeaToken *token;
  CardeaPinAction action;
  CardeaPinQuestion *template;
  GCancellable *cancellable; /* or NULL */
  GTask *task;
  void (*done) (CardeaPinChange *change, gpointer data);
  gpointer done_data;

  ChangeState state;
  GCancellable *token_gone; /* of the question that is open */
  CardeaSecret *both;       /* as typed; NULL: on the token's own pad */
  CardeaSecret *known;      /* of it, the old PIN or the PUK */
  GError *outcome;          /* at the end; NULL: it was done */
  guint n_questions;
  gboolean known_refused, new_refused; /* what was typed last */
  gboolean sent;                       /* something was, ever */
};

static void
set_state (CardeaPinChange *self, ChangeState state)
{
  g_assert ((transitions[self->state] & 1u << state) != 0);
  g_debug ("pin change %s: %s -> %s", self->token->uri, state_names[self->state], state_names[state]);
  self->state = state;
}

static void
forget_typed (CardeaPinChange *self)
{
  g_clear_pointer (&self->both, cardea_secret_unref);
  g_clear_pointer (&self->known, cardea_secret_unref);
}

static void
free_change (CardeaPinChange *self)
{
  forget_typed (self);
  g_clear_object (&self->token_gone);
  g_clear_object (&self->cancellable);
  cardea_pin_question_free (self->template);
  cardea_token_unref (self->token);
  g_object_unref (self->owner);
  g_free (self);
}

static void
conclude (CardeaPinChange *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  GError *error = g_steal_pointer (&self->outcome);

  set_state (self, CHANGE_DONE);
  self->done (self, self->done_data);
  free_change (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  conclude (data);
}

/* Without a turn. Takes @error; NULL: the token has its new PIN. */
static void
finish (CardeaPinChange *self, GError *error)
{
  self->outcome = error;
  if (!self->sent) {
    conclude (self);
    return;
  }
  forget_typed (self);
  set_state (self, CHANGE_RENEWING);
  self->world->login->renew_async (self->world->login_data, self->token, on_renewed, self);
}

/* Of this insertion: what another one is told counts no more. */
static gboolean
is_current (const CardeaPinChange *self)
{
  return self->record->host == self->token->host && self->record->generation == self->token->generation;
}

/* The PIN's, or the PUK's. */
static CardeaPinState
get_state (const CardeaPinChange *self)
{
  if (self->action == CARDEA_PIN_CHANGE)
    return cardea_pin_record_get_state (self->record, self->token);
  return cardea_pin_record_get_puk_state (self->record, self->token);
}

static int
get_tries (const CardeaPinChange *self)
{
  if (self->action == CARDEA_PIN_CHANGE)
    return cardea_pin_record_get_tries (self->record, self->token);
  return self->record->puk_state_known ? self->record->puk_tries : -1;
}

static GError *
make_refused (const CardeaPinChange *self)
{
  if (self->new_refused)
    return cardea_pin_error_new_refused (self->token);
  return self->action == CARDEA_PIN_CHANGE ? cardea_pin_error_refused (self->token, get_state (self))
                                           : cardea_pin_error_puk_refused (self->token, get_state (self));
}

static void on_answered (GObject *source, GAsyncResult *result, gpointer data);

static void
ask (CardeaPinChange *self)
{
  g_autoptr (CardeaPinQuestion) question = NULL;

  forget_typed (self);
  g_clear_object (&self->token_gone);
  self->token_gone = g_cancellable_new ();
  question = cardea_pin_make_new_question (self->token, self->action, get_state (self), self->template,
                                           self->token_gone);
  question->rejected = self->known_refused;
  question->tries = get_tries (self);
  question->new_pin_rejected = self->new_refused;
  self->n_questions++;
  set_state (self, CHANGE_ASKING);
  cardea_prompter_ask_pin_async (self->world->prompter, question, self->cancellable, on_answered, self);
}

/* A person decides whether there is another try, as often as the token and they allow. */
static void
ask_again_or_fail (CardeaPinChange *self)
{
  if (self->n_questions < CARDEA_PIN_MAX_QUESTIONS && get_state (self) != CARDEA_PIN_LOCKED)
    ask (self);
  else
    finish (self, make_refused (self));
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  finish (data, NULL);
}

static void
on_set (CardeaPinChange *self)
{
  g_message ("The PIN of a token was %s: %s",
             self->action == CARDEA_PIN_CHANGE ? "changed" : "set by its PUK", self->token->uri);
  if (is_current (self))
    cardea_pin_record_renew (self->record);
  cardea_turns_end (self->record->turns);
  set_state (self, CHANGE_FORGETTING);
  cardea_remembered_pin_outdate_async (self->world->remembered, self->token, on_forgotten, self);
}

static void
note_refusal (CardeaPinChange *self, const GError *error)
{
  if (self->action == CARDEA_PIN_CHANGE) {
    cardea_pin_note_refusal (self->record, self->known, error);
    return;
  }
  cardea_pin_record_refuse_puk (self->record, self->known, cardea_pin_read_state (error));
  self->record->puk_tries = cardea_pin_read_tries (error);
}

static void
on_refused (CardeaPinChange *self, const GError *error)
{
  self->new_refused = cardea_pin_is_about_new (error);
  self->known_refused = !self->new_refused;
  if (self->known_refused && is_current (self))
    note_refusal (self, error);
  cardea_turns_end (self->record->turns);
  ask_again_or_fail (self);
}

static void
on_answer_of_token (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaPinChange *self = data;
  g_autoptr (GError) error = NULL;

  if (self->world->login->set_pin_finish (self->world->login_data, self->token, result, &error)) {
    on_set (self);
  } else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED)) {
    on_refused (self, error);
  } else {
    cardea_turns_end (self->record->turns);
    finish (self, g_steal_pointer (&error));
  }
}

/* A person's login ends with the logout that goes before. */
static void
send_pins (CardeaPinChange *self)
{
  gboolean logged_in = self->record->logged_in;

  set_state (self, CHANGE_SETTING);
  self->sent = TRUE;
  self->record->logged_in = FALSE;
  if (logged_in)
    g_signal_emit_by_name (self->owner, "locked", self->token);
  self->world->login->set_pin_async (self->world->login_data, self->token, self->action, self->both,
                                     on_answer_of_token, self);
}

static gboolean
is_there (const CardeaPinChange *self)
{
  g_autoptr (GPtrArray) tokens = self->world->login->get_tokens (self->world->login_data);

  return cardea_pin_is_inserted (tokens, self->token);
}

/* NULL when what was typed may be sent. */
static GError *
find_obstacle (CardeaPinChange *self)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return cardea_error_new (CARDEA_ERROR_CANCELLED, "The new PIN was given up.");
  if (is_current (self) && is_there (self))
    return NULL;
  return cardea_pin_error_gone (self->token);
}

static gboolean
is_known_wrong (CardeaPinChange *self)
{
  if (self->known == NULL)
    return FALSE;
  return self->action == CARDEA_PIN_CHANGE ? cardea_pin_record_is_refused (self->record, self->known)
                                           : cardea_pin_record_is_puk_refused (self->record, self->known);
}

static void
on_turn (gpointer data)
{
  CardeaPinChange *self = data;
  GError *obstacle = find_obstacle (self);

  if (obstacle == NULL && !is_known_wrong (self)) {
    send_pins (self);
    return;
  }
  cardea_turns_end (self->record->turns);
  if (obstacle != NULL) {
    finish (self, obstacle);
    return;
  }
  self->known_refused = TRUE;
  self->new_refused = FALSE;
  ask_again_or_fail (self);
}

/* The prompt knows the rules, and is not believed. */
static gboolean
is_new_fine (CardeaPinChange *self, CardeaSecret *fresh)
{
  gsize length = cardea_secret_get_length (fresh);

  return length >= self->token->info->pin_min && length <= self->token->info->pin_max &&
         (self->action != CARDEA_PIN_CHANGE || !cardea_secret_equal (self->known, fresh));
}

static void
take_typed (CardeaPinChange *self)
{
  g_autoptr (CardeaSecret) fresh = NULL;
  GError *error = NULL;

  if (self->both != NULL && !cardea_secret_split (self->both, &self->known, &fresh, &error)) {
    finish (self, error);
    return;
  }
  set_state (self, CHANGE_WAITING);
  if (fresh == NULL || is_new_fine (self, fresh)) {
    cardea_turns_wait (self->record->turns, on_turn, self);
    return;
  }
  self->known_refused = FALSE;
  self->new_refused = TRUE;
  ask_again_or_fail (self);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaPinChange *self = data;
  GError *error = NULL;

  self->both = cardea_prompter_ask_pin_finish (self->world->prompter, result, &error);
  if (g_cancellable_is_cancelled (self->token_gone)) {
    g_clear_error (&error);
    error = cardea_pin_error_gone (self->token);
  } else if (error == NULL && self->both == NULL && !self->token->info->pinpad) {
    error = cardea_error_new (CARDEA_ERROR_CANCELLED, "No PIN was given."); /* it would be a try, too */
  }
  if (error != NULL)
    finish (self, error);
  else
    take_typed (self);
}

void
cardea_pin_change_look (CardeaPinChange *self)
{
  if (self->state == CHANGE_ASKING && !is_there (self))
    g_cancellable_cancel (self->token_gone);
}

CardeaPinChange *
cardea_pin_change_new (GObject *owner, const CardeaUnlockWorld *world, CardeaPinRecord *record,
                       CardeaToken *token, CardeaPinAction action, const CardeaPinQuestion *template,
                       GCancellable *cancellable, GTask *task)
{
  CardeaPinChange *self = g_new0 (CardeaPinChange, 1);

  self->owner = g_object_ref (owner);
  self->world = world;
  self->record = record;
  self->token = cardea_token_ref (token);
  self->action = action;
  self->template = cardea_pin_question_new_for (template);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->task = task;
  return self;
}

void
cardea_pin_change_start (CardeaPinChange *self, void (*done) (CardeaPinChange *change, gpointer data),
                         gpointer data)
{
  self->done = done;
  self->done_data = data;
  ask (self);
}
