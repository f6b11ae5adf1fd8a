/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unlocks tokens: one job for each token at a time, whoever waits, and a memory of what each token said.
 *
 * Connections come in dozens and a person has two hands: they all wait for one answer, and get the same. */

#include "agent/pin/unlocker-private.h"

#include "agent/pin/grant.h"
#include "agent/pin/login.h"
#include "agent/pin/outcome.h"
#include "agent/pin/pin-change.h"
#include "agent/pin/source-choice.h"
#include "agent/pin/sources.h"
#include "agent/pin/unlock-job.h"
#include "socket-api/wire/error.h"

enum
{
  UNLOCKED,
  LOCKED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (CardeaUnlocker, cardea_unlocker, G_TYPE_OBJECT)

static void
unref_source (gpointer source)
{
  cardea_pin_source_unref (source);
}

static void
free_record (gpointer record)
{
  cardea_pin_record_free (record);
}

static void
cardea_unlocker_finalize (GObject *object)
{
  CardeaUnlocker *self = CARDEA_UNLOCKER (object);

  g_clear_object (&self->world.prompter);
  g_free (self->world.folder);
  g_ptr_array_unref (self->world.sources);
  cardea_remembered_pin_free (self->world.remembered);
  if (self->destroy != NULL)
    self->destroy (self->world.login_data);
  g_ptr_array_unref (self->leases);
  g_hash_table_unref (self->grants);
  g_hash_table_unref (self->changes);
  g_hash_table_unref (self->jobs);
  g_hash_table_unref (self->records);
  G_OBJECT_CLASS (cardea_unlocker_parent_class)->finalize (object);
}

static void
cardea_unlocker_class_init (CardeaUnlockerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_unlocker_finalize;
  signals[UNLOCKED] = g_signal_new ("unlocked", CARDEA_TYPE_UNLOCKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[LOCKED] = g_signal_new ("locked", CARDEA_TYPE_UNLOCKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
cardea_unlocker_init (CardeaUnlocker *self)
{
  self->leases = g_ptr_array_new ();
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_record);
  self->jobs = g_hash_table_new (NULL, NULL);
  self->grants = g_hash_table_new (NULL, NULL);
  self->changes = g_hash_table_new (NULL, NULL);
  self->world.sources = g_ptr_array_new_with_free_func (unref_source);
}

CardeaUnlocker *
cardea_unlocker_new_with_login (CardeaPrompter *prompter, const char *state_directory,
                                const CardeaPinLogin *login, gpointer data, GDestroyNotify destroy)
{
  CardeaUnlocker *self = g_object_new (CARDEA_TYPE_UNLOCKER, NULL);

  self->world.prompter = g_object_ref (prompter);
  self->world.folder = g_strdup (state_directory);
  self->world.remembered = cardea_remembered_pin_new (state_directory);
  self->world.login = login;
  self->world.login_data = data;
  self->destroy = destroy;
  return self;
}

/* One that is unchanged is kept: it may hold what its descriptor gave, which cannot be read again. */
static CardeaPinSource *
obtain_source (CardeaUnlocker *self, const CardeaPinSourceConfig *config)
{
  for (guint i = 0; i < self->world.sources->len; i++) {
    CardeaPinSource *source = g_ptr_array_index (self->world.sources, i);

    if (cardea_pin_source_is (source, config))
      return cardea_pin_source_ref (source);
  }
  return cardea_pin_source_new (config);
}

void
cardea_unlocker_set_sources (CardeaUnlocker *self, GPtrArray *sources)
{
  GPtrArray *next = g_ptr_array_new_with_free_func (unref_source);

  g_return_if_fail (CARDEA_IS_UNLOCKER (self));

  for (guint i = 0; sources != NULL && i < sources->len; i++)
    g_ptr_array_add (next, obtain_source (self, g_ptr_array_index (sources, i)));
  g_ptr_array_unref (self->world.sources);
  self->world.sources = next;
}

void
cardea_unlocker_set_store (CardeaUnlocker *self, CardeaPinStore *store)
{
  g_return_if_fail (CARDEA_IS_UNLOCKER (self));
  g_return_if_fail (store == NULL || CARDEA_IS_PIN_STORE (store));

  cardea_remembered_pin_set_store (self->world.remembered, store);
}

void
cardea_unlocker_set_remembered (CardeaUnlocker *self, GPtrArray *tokens)
{
  g_return_if_fail (CARDEA_IS_UNLOCKER (self));

  cardea_remembered_pin_set_tokens (self->world.remembered, tokens);
}

void
cardea_unlocker_set_leases (CardeaUnlocker *self, GPtrArray *leases)
{
  g_return_if_fail (CARDEA_IS_UNLOCKER (self));

  g_ptr_array_ref (leases);
  g_ptr_array_unref (self->leases);
  self->leases = leases;
}

void
cardea_unlocker_require_person (CardeaUnlocker *self, const char *token_uri)
{
  g_return_if_fail (CARDEA_IS_UNLOCKER (self));

  cardea_remembered_pin_require_person (self->world.remembered, token_uri);
}

CardeaPinRecord *
cardea_unlocker_obtain_record (CardeaUnlocker *self, CardeaToken *token)
{
  g_autofree char *key = g_strdup_printf ("%s\n%lu\n%s", token->module, token->info->slot, token->uri);
  CardeaPinRecord *record = g_hash_table_lookup (self->records, key);

  if (record == NULL) {
    record = cardea_pin_record_new ();
    g_hash_table_insert (self->records, g_steal_pointer (&key), record);
  }
  return record;
}

static void
on_job_done (CardeaUnlockJob *job, gpointer data)
{
  CardeaUnlocker *self = data;
  GHashTableIter iter;
  gpointer other;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    if (other == job)
      g_hash_table_iter_remove (&iter);
}

/* What no PIN can help, whoever is asked. */
GError *
cardea_unlocker_find_obstacle (CardeaToken *token, CardeaPinState state)
{
  if (token->state != CARDEA_TOKEN_READY)
    return cardea_pin_error_unavailable (token, CARDEA_REASON_MODULE_FAILED, "Insert it and try again.",
                                         "The token cannot be used now.");
  if (state == CARDEA_PIN_LOCKED)
    return cardea_pin_error_locked (token);
  if (state == CARDEA_PIN_NOT_SET)
    return cardea_pin_error_not_set (token);
  return NULL;
}

gboolean
cardea_unlocker_has_login (CardeaToken *token)
{
  return token->info->login_required && token->info->pin != CARDEA_PIN_NOT_NEEDED;
}

static gboolean
needs_login (CardeaUnlocker *self, CardeaToken *token)
{
  return cardea_unlocker_has_login (token) &&
         !cardea_pin_record_is_listed_open (cardea_unlocker_obtain_record (self, token), token);
}

gboolean
cardea_unlocker_is_single_use (CardeaUnlocker *self, CardeaToken *token)
{
  const CardeaLeaseConfig *lease;

  g_return_val_if_fail (CARDEA_IS_UNLOCKER (self), FALSE);

  lease = cardea_pin_find_lease_rule (self->leases, token);
  return token->info != NULL && lease != NULL && lease->single_use && cardea_unlocker_has_login (token);
}

gboolean
cardea_unlocker_is_unlocked (CardeaUnlocker *self, CardeaToken *token)
{
  g_return_val_if_fail (CARDEA_IS_UNLOCKER (self), FALSE);

  if (cardea_unlocker_is_single_use (self, token))
    return FALSE;
  return !needs_login (self, token) ||
         cardea_pin_record_is_open (cardea_unlocker_obtain_record (self, token), token);
}

GError *
cardea_unlocker_error_outdated (CardeaToken *token)
{
  return cardea_pin_error_unavailable (token, CARDEA_REASON_MODULE_FAILED, "Try again.",
                                       "The token was read anew in the meantime.");
}

static void
unref_token (gpointer token)
{
  cardea_token_unref (token);
}

/* The right PIN was refused because it has to be changed: to send it again leads nowhere. */
static gboolean
is_expired (const CardeaPinRecord *record)
{
  return record->state_known && record->state == CARDEA_PIN_MUST_CHANGE;
}

/* Why a person need not be asked for the PIN. */
GError *
cardea_unlocker_find_obstacle_to_pin (CardeaPinRecord *record, CardeaToken *token)
{
  return is_expired (record)
             ? cardea_pin_error_expired (token)
             : cardea_unlocker_find_obstacle (token, cardea_pin_record_get_state (record, token));
}

/* TRUE when the task was answered. */
static gboolean
answer_at_once (CardeaToken *token, CardeaPinRecord *record, gboolean current, GTask *task)
{
  GError *error;

  if (!current) {
    g_task_return_error (task, cardea_unlocker_error_outdated (token));
    return TRUE;
  }
  if (record->logged_in) {
    g_task_return_boolean (task, TRUE);
    return TRUE;
  }
  error = cardea_unlocker_find_obstacle (token, cardea_pin_record_get_state (record, token));
  if (error == NULL && is_expired (record))
    error = cardea_pin_error_expired (token);
  if (error == NULL)
    return FALSE;
  g_task_return_error (task, error);
  return TRUE;
}

static void
join_or_start (CardeaUnlocker *self, CardeaToken *token, const CardeaPinQuestion *template, gboolean may_ask,
               GCancellable *cancellable, GTask *task)
{
  CardeaPinRecord *record = cardea_unlocker_obtain_record (self, token);
  CardeaUnlockJob *job = g_hash_table_lookup (self->jobs, record);
  gboolean begin = job == NULL;

  if (begin && answer_at_once (token, record, cardea_pin_record_update (record, token), task)) {
    g_object_unref (task);
    return;
  }
  if (begin) {
    job = cardea_unlock_job_new (G_OBJECT (self), &self->world, record, token, on_job_done, self);
    g_hash_table_insert (self->jobs, record, job);
  }
  cardea_unlock_job_join (job, task, token->generation, template, may_ask, cancellable);
  if (begin)
    cardea_unlock_job_start (job);
}

/* What a withdrawn question leads to comes later, from the loop: no job ends meanwhile. */
void
cardea_unlocker_look (CardeaUnlocker *self)
{
  GHashTableIter iter;
  gpointer job, grant, change;

  g_return_if_fail (CARDEA_IS_UNLOCKER (self));

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    cardea_unlock_job_look (job);
  g_hash_table_iter_init (&iter, self->grants);
  while (g_hash_table_iter_next (&iter, &grant, NULL))
    cardea_grant_look (grant);
  g_hash_table_iter_init (&iter, self->changes);
  while (g_hash_table_iter_next (&iter, &change, NULL))
    cardea_pin_change_look (change);
}

void
cardea_unlocker_unlock_async (CardeaUnlocker *self, CardeaToken *token, const CardeaPinQuestion *template,
                              gboolean may_ask, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data)
{
  GTask *task;

  g_return_if_fail (CARDEA_IS_UNLOCKER (self));
  g_return_if_fail (token != NULL && token->info != NULL);

  /* Cancelling is the job's: it tells the waiter at once, and goes on where a login was begun. */
  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, cardea_unlocker_unlock_async);
  g_task_set_task_data (task, cardea_token_ref (token), unref_token);
  if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
    g_task_return_error (task, cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was given up."));
  else if (!needs_login (self, token))
    g_task_return_boolean (task, TRUE);
  else {
    join_or_start (self, token, template, may_ask, cancellable, task);
    return;
  }
  g_object_unref (task);
}

gboolean
cardea_unlocker_unlock_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error)
{
  CardeaToken *token;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  token = g_task_get_task_data (G_TASK (result));
  if (cardea_unlocker_has_login (token))
    g_signal_emit (self, signals[UNLOCKED], 0, token);
  return TRUE;
}

gboolean
cardea_unlocker_unlock_finish_with_pin (CardeaUnlocker *self, GAsyncResult *result, CardeaSecret **typed,
                                        GError **error)
{
  if (!cardea_unlocker_unlock_finish (self, result, error))
    return FALSE;
  *typed = cardea_unlock_job_dup_typed (G_TASK (result));
  return TRUE;
}
