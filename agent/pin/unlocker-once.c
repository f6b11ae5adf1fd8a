/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The half of the unlocker that is about one connection, one signature, one new PIN: each has a question of
 * its own, and nobody else profits from the answer. */

#include "agent/pin/unlocker-private.h"

#include "agent/pin/grant.h"
#include "agent/pin/outcome.h"
#include "agent/pin/pin-change.h"
#include "agent/pin/source-choice.h"
#include "agent/pin/unlock-job.h"
#include "socket-api/wire/error.h"

typedef struct
{
  CardeaToken *token;
  CardeaPinQuestion *template;
  gboolean may_ask;
  GCancellable *cancellable; /* or NULL */
} Once;

static void
once_free (gpointer data)
{
  Once *self = data;

  cardea_token_unref (self->token);
  cardea_pin_question_free (self->template);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static void
on_grant_done (CardeaGrant *grant, gpointer data)
{
  CardeaUnlocker *self = data;

  g_hash_table_remove (self->grants, grant);
}

static GError *
find_obstacle_to_grant (CardeaPinRecord *record, CardeaToken *token)
{
  if (!cardea_pin_record_update (record, token))
    return cardea_unlocker_error_outdated (token);
  if (!cardea_unlocker_has_login (token))
    return cardea_pin_error_unavailable (
        token, CARDEA_REASON_NO_PIN, "Connect from a session with a display, or give the token a PIN.",
        "It has no PIN, so that an answer on a terminal, which any program can give, would be no consent.");
  return cardea_unlocker_find_obstacle_to_pin (record, token);
}

static void
start_grant (CardeaUnlocker *self, CardeaGrant *grant)
{
  g_hash_table_add (self->grants, grant);
  cardea_grant_start (grant, on_grant_done, self);
}

/* Takes @task. */
static void
grant (CardeaUnlocker *self, GTask *task)
{
  Once *asked = g_task_get_task_data (task);
  CardeaPinRecord *record = cardea_unlocker_obtain_record (self, asked->token);
  GError *error = find_obstacle_to_grant (record, asked->token);

  if (error == NULL && !asked->may_ask)
    error = cardea_pin_error_interaction (asked->token);
  if (error != NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  start_grant (self, cardea_grant_new (G_OBJECT (self), &self->world, record, asked->token, asked->template,
                                       asked->cancellable, task));
}

static void
on_unlocked_in_silence (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaUnlocker *self = CARDEA_UNLOCKER (source);
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (cardea_unlocker_unlock_finish (self, result, &error))
    g_task_return_pointer (task, NULL, NULL);
  else if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    grant (self, g_steal_pointer (&task));
}

/* A dialog for the same token is not waited for: who sits at the terminal may see none. */
static gboolean
may_unlock_in_silence (CardeaUnlocker *self, CardeaToken *token)
{
  CardeaUnlockJob *job = g_hash_table_lookup (self->jobs, cardea_unlocker_obtain_record (self, token));

  return job == NULL || !cardea_unlock_job_is_asking (job);
}

void
cardea_unlocker_unlock_once_async (CardeaUnlocker *self, CardeaToken *token,
                                   const CardeaPinQuestion *template, gboolean afresh, gboolean may_ask,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  gboolean single_use = cardea_unlocker_is_single_use (self, token);
  Once *asked;
  GTask *task;

  g_return_if_fail (CARDEA_IS_UNLOCKER (self));
  g_return_if_fail (template->terminal != NULL || single_use);

  asked = g_new0 (Once, 1);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, cardea_unlocker_unlock_once_async);
  asked->token = cardea_token_ref (token);
  asked->template = cardea_pin_question_new_for (template);
  asked->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  g_task_set_task_data (task, asked, once_free);
  asked->may_ask = may_ask;
  if (!afresh && !single_use && may_unlock_in_silence (self, token))
    cardea_unlocker_unlock_async (self, token, template, FALSE, cancellable, on_unlocked_in_silence, task);
  else
    grant (self, task);
}

CardeaGrant *
cardea_unlocker_unlock_once_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GError *
find_obstacle_to_signature (CardeaPinRecord *record, CardeaToken *token, gboolean may_ask)
{
  GError *error = NULL;

  if (!cardea_pin_record_update (record, token))
    return cardea_unlocker_error_outdated (token);
  error = cardea_unlocker_find_obstacle_to_pin (record, token);
  return error != NULL || may_ask ? error : cardea_pin_error_interaction (token);
}

void
cardea_unlocker_sign_async (CardeaUnlocker *self, CardeaToken *token, const CardeaPinQuestion *template,
                            gboolean may_ask, CardeaSignCall *call, CardeaSecret *typed,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  CardeaPinRecord *record;
  CardeaGrant *made;
  GError *error;

  g_return_if_fail (CARDEA_IS_UNLOCKER (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, cardea_unlocker_sign_async);
  record = cardea_unlocker_obtain_record (self, token);
  error = find_obstacle_to_signature (record, token, may_ask);
  if (error != NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  made = cardea_grant_new (G_OBJECT (self), &self->world, record, token, template, cancellable, task);
  cardea_grant_set_call (made, call, typed);
  start_grant (self, made);
}

GBytes *
cardea_unlocker_sign_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_change_done (CardeaPinChange *change, gpointer data)
{
  CardeaUnlocker *self = data;

  g_hash_table_remove (self->changes, change);
}

/* A locked PIN cannot be changed; one that is not may be unblocked, since who forgot it need not lock it
 * first. */
static GError *
find_obstacle_to_change (CardeaPinRecord *record, CardeaToken *token, CardeaPinAction action)
{
  CardeaPinState pin, puk;

  if (!cardea_pin_record_update (record, token))
    return cardea_unlocker_error_outdated (token);
  if (!cardea_unlocker_has_login (token))
    return cardea_pin_error_unavailable (token, CARDEA_REASON_NO_PIN, "Nothing is to be done.",
                                         "It needs no PIN.");
  if (!cardea_pin_can_be_set (token))
    return cardea_unlocker_find_obstacle (token, CARDEA_PIN_FINE);
  pin = cardea_pin_record_get_state (record, token);
  puk = cardea_pin_record_get_puk_state (record, token);
  if (action == CARDEA_PIN_UNBLOCK)
    return puk == CARDEA_PIN_LOCKED ? cardea_pin_error_puk_locked (token) : NULL;
  if (pin == CARDEA_PIN_NOT_SET)
    return cardea_pin_error_not_set (token);
  return pin == CARDEA_PIN_LOCKED ? cardea_pin_error_locked (token) : NULL;
}

void
cardea_unlocker_set_pin_async (CardeaUnlocker *self, CardeaToken *token, CardeaPinAction action,
                               const CardeaPinQuestion *template, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  CardeaPinRecord *record;
  CardeaPinChange *change;
  GError *error;
  GTask *task;

  g_return_if_fail (CARDEA_IS_UNLOCKER (self));
  g_return_if_fail (token != NULL && token->info != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, cardea_unlocker_set_pin_async);
  record = cardea_unlocker_obtain_record (self, token);
  error = find_obstacle_to_change (record, token, action);
  if (error != NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  change = cardea_pin_change_new (G_OBJECT (self), &self->world, record, token, action, template, cancellable,
                                  task);
  g_hash_table_add (self->changes, change);
  cardea_pin_change_start (change, on_change_done, self);
}

gboolean
cardea_unlocker_set_pin_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
