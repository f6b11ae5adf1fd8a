/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Broker: who may connect where, which connections there are, and how they all come to an end. The story of
 * each is in connection.c. */

#include "agent/broker/broker.h"

#include "agent/broker/admission.h"
#include "agent/broker/authorities.h"
#include "agent/broker/connection.h"
#include "agent/broker/explanation.h"
#include "agent/broker/new-pin.h"
#include "agent/broker/pending.h"
#include "agent/broker/readiness.h"
#include "agent/broker/recent.h"
#include "agent/broker/removal.h"
#include "agent/broker/resuming.h"
#include "agent/broker/rule-authorities.h"
#include "agent/broker/terms.h"
#include "agent/pin/outcome.h"
#include "agent/prompt/withdrawal.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

struct _CardeaBroker
{
  GObject parent;

  CardeaConfig *config;
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaAssent *assent;    /* or NULL */
  CardeaRelayPool *relays; /* borrowed: outlives us */
  CardeaAuthorityStore *authorities;
  CardeaRuleAuthorities *rules; /* or NULL */
  CardeaRevocation *revocation;
  GPtrArray *problems; /* of CardeaReason: what the configuration's authorities lack */

  GHashTable *pending; /* set of CardeaPending: what may still become a session */
  guint n_explaining;  /* calls that will not */
  GCancellable *stop;  /* theirs */
  GHashTable *live;    /* id -> CardeaSession */
  CardeaRemoval *removal;
  CardeaResuming *resuming;
  CardeaRecent *ended; /* of CardeaSession */
  gboolean stopping;   /* for good: nothing begins any more */
  gboolean hurried;    /* what was cancelled is not waited for */
  GTask *draining;     /* or NULL */
  guint drain_id;
};

G_DEFINE_FINAL_TYPE (CardeaBroker, cardea_broker, G_TYPE_OBJECT)

enum
{
  SESSIONS_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
cardea_broker_finalize (GObject *object)
{
  CardeaBroker *self = CARDEA_BROKER (object);

  g_clear_handle_id (&self->drain_id, g_source_remove);
  g_clear_object (&self->draining);
  g_hash_table_unref (self->pending);
  g_object_unref (self->stop);
  g_clear_pointer (&self->removal, cardea_removal_free);
  g_clear_pointer (&self->resuming, cardea_resuming_free);
  g_hash_table_unref (self->live);
  cardea_recent_free (self->ended);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  g_clear_pointer (&self->rules, cardea_rule_authorities_free);
  g_clear_pointer (&self->authorities, cardea_authority_store_free);
  g_clear_pointer (&self->revocation, cardea_revocation_unref);
  g_clear_object (&self->assent);
  g_clear_object (&self->unlocker);
  g_clear_object (&self->catalogue);
  g_clear_pointer (&self->config, cardea_config_unref);
  G_OBJECT_CLASS (cardea_broker_parent_class)->finalize (object);
}

static void
cardea_broker_class_init (CardeaBrokerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_broker_finalize;
  signals[SESSIONS_CHANGED] = g_signal_new ("sessions-changed", CARDEA_TYPE_BROKER, G_SIGNAL_RUN_LAST, 0,
                                            NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_broker_init (CardeaBroker *self)
{
  self->pending = g_hash_table_new (NULL, NULL);
  self->stop = cardea_withdrawal_new ();
  self->live = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->ended = cardea_recent_new (CARDEA_LIMIT_END_KNOWN_MS);
}

CardeaBroker *
cardea_broker_new (CardeaConfig *config, CardeaCatalogue *catalogue, CardeaUnlocker *unlocker,
                   CardeaRelayPool *relays)
{
  CardeaBroker *self = g_object_new (CARDEA_TYPE_BROKER, NULL);

  self->catalogue = g_object_ref (catalogue);
  self->unlocker = g_object_ref (unlocker);
  self->relays = relays;
  self->authorities = cardea_authority_store_new (catalogue);
  self->removal = cardea_removal_new (catalogue);
  self->resuming = cardea_resuming_new (catalogue, unlocker);
  cardea_broker_set_config (self, config);
  return self;
}

void
cardea_broker_set_config (CardeaBroker *self, CardeaConfig *config)
{
  g_autoptr (CardeaRevocation) before = NULL;

  g_return_if_fail (CARDEA_IS_BROKER (self));

  cardea_config_ref (config);
  g_clear_pointer (&self->config, cardea_config_unref);
  self->config = config;
  cardea_removal_set_config (self->removal, config);
  cardea_resuming_set_config (self->resuming, config);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  self->problems = cardea_authority_store_set_config (self->authorities, config);
  before = g_steal_pointer (&self->revocation);
  self->revocation = cardea_revocation_new (cardea_config_get_revocation_lists (config),
                                            cardea_config_get_revocation_fetch (config), before);
}

void
cardea_broker_set_rules (CardeaBroker *self, CardeaRules *rules, uid_t owner, GPtrArray *problems)
{
  g_return_if_fail (CARDEA_IS_BROKER (self));

  g_clear_pointer (&self->rules, cardea_rule_authorities_free);
  self->rules = cardea_rule_authorities_new (rules, owner, problems);
  cardea_resuming_drop_all (self->resuming);
}

void
cardea_broker_set_assent (CardeaBroker *self, CardeaAssent *assent)
{
  g_return_if_fail (CARDEA_IS_BROKER (self));

  g_set_object (&self->assent, assent);
  cardea_resuming_set_decisions (self->resuming,
                                 assent != NULL ? cardea_assent_get_decisions (assent) : NULL);
}

CardeaAssent *
cardea_broker_get_assent (CardeaBroker *self)
{
  g_return_val_if_fail (CARDEA_IS_BROKER (self), NULL);

  return self->assent;
}

GPtrArray *
cardea_broker_get_problems (CardeaBroker *self)
{
  GPtrArray *problems;
  g_autoptr (GPtrArray) of_lists = NULL;

  g_return_val_if_fail (CARDEA_IS_BROKER (self), NULL);

  problems = cardea_reasons_copy (self->problems);
  of_lists = cardea_revocation_get_problems (self->revocation);
  for (guint i = 0; i < of_lists->len; i++)
    g_ptr_array_add (problems, cardea_reason_new (CARDEA_REASON_REVOCATION_LISTS_UNREADABLE,
                                                  "Mend the file, or take it out of [revocation] lists=.",
                                                  "%s", (const char *)of_lists->pdata[i]));
  return problems;
}

CardeaRelayPool *
cardea_broker_get_relays (CardeaBroker *self)
{
  return self->relays;
}

guint
cardea_broker_count_streams (CardeaBroker *self, const char *caller_key)
{
  GHashTableIter iter;
  gpointer session;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    n += caller_key == NULL ||
         g_str_equal (cardea_caller_get_key (cardea_session_get_caller (session)), caller_key);
  return n;
}

GPtrArray *
cardea_broker_get_sessions (CardeaBroker *self)
{
  GPtrArray *sessions = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->live);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    g_ptr_array_add (sessions, g_object_ref (session));
  return sessions;
}

CardeaSession *
cardea_broker_find_session (CardeaBroker *self, const char *id)
{
  CardeaSession *session = g_hash_table_lookup (self->live, id);

  return session != NULL ? session : cardea_recent_find (self->ended, id);
}

static void
finish_drain (CardeaBroker *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->draining == NULL || g_hash_table_size (self->live) > 0)
    return;
  if (g_hash_table_size (self->pending) + self->n_explaining > 0 && !self->hurried)
    return;
  g_clear_handle_id (&self->drain_id, g_source_remove);
  task = g_steal_pointer (&self->draining);
  g_task_return_boolean (task, TRUE);
}

static void
on_session_ended (CardeaSession *session, CardeaBroker *self)
{
  const CardeaEnd *end = cardea_session_get_end (session);

  g_message ("%s: connection to %s:%u ended (%s), %" G_GUINT64_FORMAT " bytes in, %" G_GUINT64_FORMAT " out",
             cardea_caller_get_label (cardea_session_get_caller (session)),
             cardea_session_get_server_name (session), cardea_session_get_port (session),
             cardea_end_how_to_string (end->how), end->bytes_in, end->bytes_out);
  if (end->how == CARDEA_END_REJECTED)
    cardea_resuming_spoil (self->resuming, cardea_session_get_caller (session),
                           cardea_session_get_server_name (session), cardea_session_get_port (session));
  g_signal_handlers_disconnect_by_func (session, on_session_ended, self);
  cardea_recent_add (self->ended, cardea_session_get_id (session), session);
  g_hash_table_remove (self->live, cardea_session_get_id (session));
  g_signal_emit (self, signals[SESSIONS_CHANGED], 0);
  finish_drain (self);
}

/* It may have a certificate now, of another token than before. */
static void
on_session_changed (CardeaSession *session, CardeaBroker *self)
{
  CardeaResumption *resumption = cardea_session_get_info (session)->resumption;

  if (resumption != NULL)
    cardea_resuming_forget (self->resuming, resumption);
  cardea_removal_add (self->removal, session);
  g_signal_emit (self, signals[SESSIONS_CHANGED], 0);
}

static void
adopt (CardeaBroker *self, CardeaSession *session)
{
  CardeaTokenCertificate *certificate = cardea_session_get_certificate (session);
  gboolean resumed = cardea_session_get_info (session)->resumed;

  g_message ("%s: connected to %s:%u %s%s%s", cardea_caller_get_label (cardea_session_get_caller (session)),
             cardea_session_get_server_name (session), cardea_session_get_port (session),
             certificate != NULL ? "with the certificate " : "without a certificate",
             certificate != NULL ? cardea_certificate_get_sha256 (certificate->certificate) : "",
             resumed ? " (resumed)" : "");
  g_hash_table_replace (self->live, (gpointer)cardea_session_get_id (session), g_object_ref (session));
  g_signal_connect_object (session, "ended", G_CALLBACK (on_session_ended), self, 0);
  g_signal_connect_object (session, "changed", G_CALLBACK (on_session_changed), self, 0);
  cardea_removal_add (self->removal, session);
  g_signal_emit (self, signals[SESSIONS_CHANGED], 0);
}

static guint
count_pending (CardeaBroker *self, const char *caller_key)
{
  GHashTableIter iter;
  gpointer call;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->pending);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    n += g_str_equal (cardea_caller_get_key (((const CardeaPending *)call)->caller), caller_key);
  return n;
}

/* Those on their way count, or many at once would all find room for the last stream. */
static gboolean
check_room (CardeaBroker *self, CardeaCaller *caller, GError **error)
{
  const char *key = cardea_caller_get_key (caller);
  const char *what = NULL;

  if (self->stopping)
    what = "stopping";
  else if (cardea_broker_count_streams (self, key) + count_pending (self, key) >=
           CARDEA_LIMIT_STREAMS_PER_CALLER)
    what = "streams";
  if (what == NULL)
    return TRUE;

  cardea_set_error (error, CARDEA_ERROR_BUSY,
                    self->stopping ? "The agent is stopping." : "The program has too many streams open.");
  if (error != NULL) {
    cardea_error_take_parameter (*error, "what", json_string (what));
    cardea_error_take_parameter (*error, "retry_ms", json_integer (1000));
  }
  return FALSE;
}

/* The call ends without a session. Takes @error; NULL: ready only after the stop, when a new stream would not
 * know of it, and keep the agent for ever. */
static void
give_up (CardeaBroker *self, GTask *task, GError *error)
{
  const CardeaPending *call = g_task_get_task_data (task);

  if (error == NULL || (self->stopping && g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED))) {
    g_clear_error (&error);
    check_room (self, call->caller, &error);
  }
  if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_CERTIFICATE_REJECTED))
    cardea_resuming_spoil (self->resuming, call->caller, cardea_request_get_server_name (call->request),
                           call->request->port);
  g_message ("%s: no connection to %s:%u: %s", cardea_caller_get_label (call->caller),
             cardea_request_get_server_name (call->request), call->request->port, error->message);
  g_hash_table_remove (self->pending, call);
  g_task_return_error (task, error);
  finish_drain (self);
}

/* It went before the program had its stream. */
static gboolean
has_lost_token (CardeaSession *session)
{
  const CardeaEnd *end = cardea_session_get_end (session);

  return end != NULL && end->how == CARDEA_END_TOKEN_REMOVED;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  CardeaBroker *self = g_task_get_source_object (task);
  CardeaPending *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (CardeaSession) session = cardea_connection_run_finish (result, &error);
  g_autoptr (CardeaToken) token = NULL;
  CardeaTokenCertificate *certificate;

  if (session == NULL || self->stopping) {
    give_up (self, task, error);
    return;
  }
  g_hash_table_remove (self->pending, call);
  certificate = cardea_session_get_certificate (session);
  token = certificate != NULL ? cardea_token_ref (certificate->token) : NULL;
  adopt (self, session);
  if (has_lost_token (session))
    g_task_return_error (
        task, cardea_pin_error_unavailable (token, CARDEA_REASON_MODULE_FAILED, "Insert it and try again.",
                                            "It was removed while the connection was made."));
  else
    g_task_return_pointer (task, g_steal_pointer (&session), g_object_unref);
}

/* What it needs of the tokens is known. */
static void
connect_now (GTask *task)
{
  CardeaBroker *self = g_task_get_source_object (task);
  CardeaPending *call = g_task_get_task_data (task);
  CardeaTerms *terms;
  GError *error = NULL;

  cardea_pending_stop_waiting (call);
  terms = cardea_terms_new (self->authorities, self->rules, call->caller, call->request, &error);
  if (terms == NULL) {
    give_up (self, task, error);
    return;
  }
  CardeaConnectionArguments arguments = {
    .caller = call->caller,
    .request = call->request,
    .terms = terms,
    .catalogue = self->catalogue,
    .unlocker = self->unlocker,
    .revocation = self->revocation,
    .assent = self->assent,
    .resuming = self->resuming,
    .headless = cardea_config_get_headless (self->config),
    .deadline = call->deadline,
    .step = call->step,
    .step_data = call->step_data,
  };
  cardea_connection_run_async (&arguments, call->cancellable, on_connected, g_object_ref (task));
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, NULL))
    connect_now (task);
  else
    give_up (g_task_get_source_object (task), task, cardea_pending_make_error (g_task_get_task_data (task)));
}

void
cardea_broker_connect_async (CardeaBroker *self, CardeaCaller *caller, const CardeaRequest *request,
                             CardeaStepFunc step, gpointer step_data, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  CardeaPending *call;
  GError *error = NULL;

  g_return_if_fail (CARDEA_IS_BROKER (self));

  g_task_set_source_tag (task, cardea_broker_connect_async);
  g_task_set_check_cancellable (task, FALSE);
  call = cardea_pending_new (caller, request, step, step_data, cancellable);
  g_task_set_task_data (task, call, (GDestroyNotify)cardea_pending_free);

  if (!check_room (self, caller, &error) ||
      !cardea_admission_check (self->config, self->assent, caller, request, &error)) {
    g_message ("%s: refused to connect to %s:%u: %s", cardea_caller_get_label (caller),
               cardea_request_get_server_name (request), request->port, error->message);
    g_task_return_error (task, error);
    return;
  }
  g_hash_table_add (self->pending, call);
  cardea_pending_start_waiting (call);
  cardea_catalogue_ask_lost_hosts (self->catalogue);
  if (cardea_readiness_is_given (self->catalogue, request->certificate))
    connect_now (task);
  else
    cardea_catalogue_settle_async (self->catalogue, call->cancellable, on_settled, g_object_ref (task));
}

CardeaSession *
cardea_broker_connect_finish (CardeaBroker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static CardeaTerms *
make_terms (gpointer broker, CardeaCaller *caller, const CardeaRequest *request, GError **error)
{
  CardeaBroker *self = broker;

  return cardea_terms_new (self->authorities, self->rules, caller, request, error);
}

static void
on_explained (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  CardeaBroker *self = g_task_get_source_object (task);
  GError *error = NULL;
  json_t *reply = cardea_explanation_run_finish (result, &error);

  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify)json_decref);
  else
    g_task_return_error (task, error);
  self->n_explaining--;
  finish_drain (self);
}

void
cardea_broker_explain_async (CardeaBroker *self, CardeaCaller *caller, const CardeaRequest *request,
                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  const CardeaExplanationCase about = {
    .caller = caller,
    .request = request,
    .config = self->config,
    .catalogue = self->catalogue,
    .unlocker = self->unlocker,
    .assent = self->assent,
    .revocation = self->revocation,
    .make_terms = make_terms,
    .broker = self,
    .stop = self->stop,
  };
  GError *error = NULL;

  g_task_set_source_tag (task, cardea_broker_explain_async);
  if (!check_room (self, caller, &error)) {
    g_task_return_error (task, error);
    return;
  }
  self->n_explaining++;
  cardea_explanation_run_async (&about, cancellable, on_explained, g_object_ref (task));
}

json_t *
cardea_broker_explain_finish (CardeaBroker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
stop_all (CardeaBroker *self)
{
  g_autoptr (GPtrArray) sessions = cardea_broker_get_sessions (self);

  for (guint i = 0; i < sessions->len; i++)
    cardea_session_stop (sessions->pdata[i], CARDEA_END_AGENT_STOPPED);
}

/* Nobody is asked for what would come too late. */
static void
withdraw_all (CardeaBroker *self)
{
  GHashTableIter iter;
  gpointer call;

  g_hash_table_iter_init (&iter, self->pending);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    cardea_withdrawal_cancel (((CardeaPending *)call)->cancellable, CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING);
  cardea_withdrawal_cancel (self->stop, CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING);
}

static gboolean
on_drain_over (gpointer user_data)
{
  CardeaBroker *self = user_data;

  self->drain_id = 0;
  cardea_broker_hurry (self);
  return G_SOURCE_REMOVE;
}

void
cardea_broker_drain_async (CardeaBroker *self, guint seconds, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (CARDEA_IS_BROKER (self));
  g_return_if_fail (self->draining == NULL);

  self->draining = g_task_new (self, NULL, callback, data);
  self->stopping = TRUE;
  withdraw_all (self);
  if (seconds == 0)
    stop_all (self);
  self->drain_id = g_timeout_add_seconds (MAX (seconds, 1), on_drain_over, self);
  finish_drain (self);
}

void
cardea_broker_hurry (CardeaBroker *self)
{
  g_return_if_fail (CARDEA_IS_BROKER (self));

  self->hurried = TRUE;
  stop_all (self);
  finish_drain (self);
}

gboolean
cardea_broker_drain_finish (CardeaBroker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
cardea_broker_set_pin_async (CardeaBroker *self, CardeaCaller *caller, const char *token,
                             CardeaPinAction action, const CardeaRequest *request, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_return_if_fail (CARDEA_IS_BROKER (self));

  g_task_set_source_tag (task, cardea_broker_set_pin_async);
  g_task_set_check_cancellable (task, FALSE);
  cardea_new_pin_run (self->catalogue, self->unlocker, caller, token, action, request, task);
}

gboolean
cardea_broker_set_pin_finish (CardeaBroker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
