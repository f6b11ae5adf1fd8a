/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login for one connection, from the question to the logout.
 *
 * Who answers on a terminal is whoever holds its other end, which may be the asking program. All that such an
 * answer can prove is that the PIN is known, so the PIN is the point: it is asked for each time, the token
 * checks it afresh although it may be logged in, and nothing is kept of it: no login for others, no
 * remembered PIN, no word that a person was there. A person's own login goes on after it, for it was made
 * again; but a PIN that was wrong leaves a token that is logged in by nobody.
 *
 * A token whose lease says so serves everybody like that, wherever the PIN is typed.
 *
 * A key that wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE) is the same story, told by one call:
 * the PIN goes to the token with what is to be signed, wherever it was typed. Nobody else's login, source or
 * remembered PIN stands in, since the key's owner is to know of each signature.
 *
 * The question is asked without a turn, since people are slow; from the login to the logout it is this
 * connection's turn, so that nobody logs in for others meanwhile. A login that was sent is waited for. */

#include "agent/pin/grant.h"

#include "agent/pin/asking.h"
#include "agent/pin/outcome.h"
#include "socket-api/wire/error.h"

typedef enum
{
  GRANT_CREATED,
  GRANT_ASKING,     /* the prompter has the question */
  GRANT_WAITING,    /* for its turn */
  GRANT_LOGGING_IN, /* the token has the PIN */
  GRANT_HELD,       /* the connection signs */
  GRANT_ENDING,     /* it is taken back */
  GRANT_DONE,
} GrantState;

static const char *const state_names[] = { "created", "asking", "waiting", "logging-in",
                                           "held",    "ending", "done" };

/* Where each state may lead, as bits. */
static const guint transitions[] = {
  [GRANT_CREATED] = 1 << GRANT_ASKING | 1 << GRANT_WAITING,
  [GRANT_ASKING] = 1 << GRANT_ASKING | 1 << GRANT_WAITING | 1 << GRANT_DONE,
  [GRANT_WAITING] = 1 << GRANT_ASKING | 1 << GRANT_LOGGING_IN | 1 << GRANT_DONE,
  [GRANT_LOGGING_IN] = 1 << GRANT_ASKING | 1 << GRANT_HELD | 1 << GRANT_ENDING | 1 << GRANT_DONE,
  [GRANT_HELD] = 1 << GRANT_ENDING | 1 << GRANT_DONE,
  [GRANT_ENDING] = 1 << GRANT_DONE,
  [GRANT_DONE] = 0,
};

struct _CardeaGrant
{
  GObject *owner;
  const CardeaUnlockWorld *world;
  CardeaPinRecord *record;
  CardeaToken *token;
  CardeaPinQuestion *template;
  GCancellable *cancellable; /* or NULL */
  GTask *task;               /* until it has returned */
  CardeaSignCall *call;      /* or NULL: a login is held */
  void (*done) (CardeaGrant *grant, gpointer data);
  gpointer done_data;

  GrantState state;
  GCancellable *token_gone; /* of the question that is open */
  CardeaSecret *typed;      /* NULL: on the token's own pad */
  guint n_questions;
  gboolean typed_refused;
};

static void ask (CardeaGrant *self);

static void
set_state (CardeaGrant *self, GrantState state)
{
  g_assert ((transitions[self->state] & 1u << state) != 0);
  g_debug ("grant %s: %s -> %s", self->token->uri, state_names[self->state], state_names[state]);
  self->state = state;
}

static void
free_grant (CardeaGrant *self)
{
  g_clear_object (&self->task);
  g_clear_object (&self->token_gone);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->call, cardea_sign_call_unref);
  g_clear_pointer (&self->typed, cardea_secret_unref);
  cardea_pin_question_free (self->template);
  cardea_token_unref (self->token);
  g_object_unref (self->owner);
  g_free (self);
}

static void
stop_asking (CardeaGrant *self)
{
  g_clear_pointer (&self->typed, cardea_secret_unref);
  self->done (self, self->done_data);
}

/* Without a turn. Takes @error. */
static void
fail (CardeaGrant *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  set_state (self, GRANT_DONE);
  stop_asking (self);
  free_grant (self);
  g_task_return_error (task, error);
}

/* With the task, or alone once that has returned. */
static void
end_turn (CardeaGrant *self)
{
  CardeaTurns *turns = self->record->turns;
  g_autoptr (GObject) owner = g_object_ref (self->owner); /* has the turns */

  set_state (self, GRANT_DONE);
  free_grant (self);
  cardea_turns_end (turns);
}

static void
on_logged_out (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaGrant *self = data;

  self->world->login->logout_finish (self->world->login_data, self->token, result);
  end_turn (self);
}

static void
log_out (CardeaGrant *self)
{
  set_state (self, GRANT_ENDING);
  self->world->login->logout_async (self->world->login_data, self->token, on_logged_out, self);
}

/* Of this insertion: what another one is told counts no more. */
static gboolean
is_current (const CardeaGrant *self)
{
  return self->record->host == self->token->host && self->record->generation == self->token->generation;
}

/* A person's login, if there was one, is over. */
static void
end_lease (CardeaGrant *self)
{
  if (!is_current (self) || !self->record->logged_in)
    return;
  self->record->logged_in = FALSE;
  g_signal_emit_by_name (self->owner, "locked", self->token);
}

CardeaSecret *
cardea_grant_steal_typed (CardeaGrant *self)
{
  return g_steal_pointer (&self->typed);
}

void
cardea_grant_end (CardeaGrant *self)
{
  if (self == NULL)
    return;
  g_return_if_fail (self->state == GRANT_HELD);

  if (is_current (self) && self->record->logged_in)
    end_turn (self);
  else
    log_out (self);
}

static void
note_accepted (CardeaGrant *self)
{
  if (!is_current (self))
    return;
  self->record->granted = TRUE;
  self->record->state_known = FALSE;
}

/* The connection may have been given up meanwhile; then nobody is there to end it. */
static void
on_accepted (CardeaGrant *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  note_accepted (self);
  g_message ("Logged in for one connection, with a PIN of its own: %s", self->token->uri);
  set_state (self, GRANT_HELD);
  self->done (self, self->done_data);
  if (!g_cancellable_is_cancelled (self->cancellable)) {
    g_task_return_pointer (task, self, (GDestroyNotify)cardea_grant_end);
    return;
  }
  cardea_grant_end (self);
  g_task_return_error (task, cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was given up."));
}

static void
on_refused (CardeaGrant *self, const GError *error)
{
  GError *refusal;

  if (is_current (self))
    cardea_pin_note_refusal (self->record, self->typed, error);
  end_lease (self);
  self->typed_refused = TRUE;
  refusal = cardea_pin_error_refused (self->token, self->record->state);
  cardea_turns_end (self->record->turns);
  if (self->n_questions < CARDEA_PIN_MAX_QUESTIONS && self->record->state != CARDEA_PIN_LOCKED &&
      self->record->state != CARDEA_PIN_MUST_CHANGE) {
    g_error_free (refusal);
    ask (self);
  } else {
    fail (self, refusal);
  }
}

/* Whether somebody is logged in is not known; from here on nobody is. Takes @error. */
static void
on_failed (CardeaGrant *self, GError *error)
{
  g_autoptr (GTask) task = NULL;

  if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_BUSY)) { /* it was not even sent */
    cardea_turns_end (self->record->turns);
    fail (self, error);
    return;
  }
  task = g_steal_pointer (&self->task);
  end_lease (self);
  stop_asking (self);
  log_out (self);
  g_task_return_error (task, error);
}

/* What is left of the login is nobody's, unless a person had one before. Nobody waits for its end. */
static void
end_signed (CardeaGrant *self)
{
  set_state (self, GRANT_HELD);
  stop_asking (self);
  cardea_grant_end (self);
}

static void
on_signed (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaGrant *self = data;
  GError *error = NULL;
  GBytes *signature = self->world->login->sign_finish (self->world->login_data, self->token, result, &error);

  if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED)) {
    on_refused (self, error);
    g_error_free (error);
    return;
  }
  if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_BUSY)) {
    on_failed (self, error);
    return;
  }
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (signature != NULL) {
    note_accepted (self);
    g_message ("One signature was made with a PIN of its own: %s", self->token->uri);
  }
  end_signed (self);
  if (signature != NULL)
    g_task_return_pointer (task, signature, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static void
on_logged_in (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaGrant *self = data;
  GError *error = NULL;

  if (self->world->login->login_finish (self->world->login_data, self->token, result, &error)) {
    on_accepted (self);
  } else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED)) {
    on_refused (self, error);
    g_error_free (error);
  } else {
    on_failed (self, error);
  }
}

/* NULL when what was typed may be sent. */
static GError *
find_obstacle (CardeaGrant *self)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was given up.");
  if (is_current (self) && cardea_unlock_world_has (self->world, self->token))
    return NULL;
  return cardea_pin_error_gone (self->token);
}

/* What was refused before is not sent again, whoever typed it then. */
static void
ask_again (CardeaGrant *self)
{
  self->typed_refused = TRUE;
  if (self->n_questions < CARDEA_PIN_MAX_QUESTIONS)
    ask (self);
  else
    fail (self, cardea_pin_error_refused (self->token, self->record->state));
}

static void
send (CardeaGrant *self)
{
  const CardeaPinLogin *login = self->world->login;

  set_state (self, GRANT_LOGGING_IN);
  if (self->call != NULL)
    login->sign_async (self->world->login_data, self->token, self->call, self->typed, on_signed, self);
  else
    login->login_async (self->world->login_data, self->token, self->typed, CARDEA_LOGIN_FRESH, on_logged_in,
                        self);
}

static void
on_turn (gpointer data)
{
  CardeaGrant *self = data;
  GError *obstacle = find_obstacle (self);
  gboolean refused = self->typed != NULL && cardea_pin_record_is_refused (self->record, self->typed);

  if (obstacle == NULL && !refused) {
    send (self);
    return;
  }
  cardea_turns_end (self->record->turns);
  if (obstacle != NULL)
    fail (self, obstacle);
  else
    ask_again (self);
}

static void
wait_for_turn (CardeaGrant *self)
{
  set_state (self, GRANT_WAITING);
  cardea_turns_wait (self->record->turns, on_turn, self);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaGrant *self = data;
  GError *error = NULL;

  g_clear_pointer (&self->typed, cardea_secret_unref);
  self->typed = cardea_prompter_ask_pin_finish (self->world->prompter, result, &error);
  if (error == NULL && self->typed == NULL && !self->token->info->pinpad)
    error = cardea_error_new (CARDEA_ERROR_CANCELLED, "No PIN was given."); /* it would be a try, too */
  if (error != NULL) {
    fail (self, error);
    return;
  }
  wait_for_turn (self);
}

static void
ask (CardeaGrant *self)
{
  g_autoptr (CardeaPinQuestion) question = NULL;

  g_clear_object (&self->token_gone);
  self->token_gone = g_cancellable_new ();
  question = cardea_pin_make_question (self->record, self->token, self->template, self->typed_refused,
                                       self->token_gone);
  self->n_questions++;
  set_state (self, GRANT_ASKING);
  cardea_prompter_ask_pin_async (self->world->prompter, question, self->cancellable, on_answered, self);
}

void
cardea_grant_look (CardeaGrant *self)
{
  if (self->state == GRANT_ASKING && !cardea_unlock_world_has (self->world, self->token))
    g_cancellable_cancel (self->token_gone);
}

CardeaGrant *
cardea_grant_new (GObject *owner, const CardeaUnlockWorld *world, CardeaPinRecord *record, CardeaToken *token,
                  const CardeaPinQuestion *template, GCancellable *cancellable, GTask *task)
{
  CardeaGrant *self = g_new0 (CardeaGrant, 1);

  self->owner = g_object_ref (owner);
  self->world = world;
  self->record = record;
  self->token = cardea_token_ref (token);
  self->template = cardea_pin_question_new_for (template);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->task = task;
  return self;
}

void
cardea_grant_set_call (CardeaGrant *self, CardeaSignCall *call, CardeaSecret *typed)
{
  self->typed = typed != NULL ? cardea_secret_ref (typed) : NULL;
  self->call = cardea_sign_call_ref (call);
}

void
cardea_grant_start (CardeaGrant *self, void (*done) (CardeaGrant *grant, gpointer data), gpointer data)
{
  self->done = done;
  self->done_data = data;
  if (self->typed != NULL)
    wait_for_turn (self);
  else
    ask (self);
}
