/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Explanation: the story of a connection that is not made, in the order of connection.c: see who may, wait
 * for the tokens, reach the server, verify it, see what it asks for. There it ends. What would follow comes
 * from the same units that a connection goes by, so that the two cannot differ.
 *
 * A denial comes first here as well: the agent is no way to reach a server for who may not connect to it. A
 * server that is not believed is shown with what it asks for, and gets no forecast: there is none. */

#include "agent/broker/explanation.h"

#include "agent/broker/admission.h"
#include "agent/broker/explanation-json.h"
#include "agent/broker/forecast.h"
#include "agent/broker/selection.h"
#include "agent/broker/terms.h"
#include "agent/prompt/withdrawal.h"
#include "agent/tls/dial.h"
#include "agent/tls/probe.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

typedef struct
{
  CardeaExplanationCase about;
  CardeaRequest *request;
  CardeaTerms *terms;
  CardeaProbe *probe;
  const char *step; /* for who runs out of time */
  json_t *reply;    /* or error: while the probe leaves its server */
  GError *error;

  GCancellable *cancellable; /* ours: the caller's leads to it, the agent's and the time limit, too */
  GCancellable *callers;     /* or NULL */
  gulong gone_id, stop_id;
  guint timer;
  gboolean timed_out;
} Explanation;

static void
explanation_free (gpointer data)
{
  Explanation *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_disconnect (self->callers, self->gone_id);
  g_cancellable_disconnect (self->about.stop, self->stop_id);
  g_clear_object (&self->callers);
  g_object_unref (self->cancellable);
  g_object_unref (self->about.stop);
  g_clear_object (&self->probe);
  g_clear_pointer (&self->reply, json_decref);
  g_clear_error (&self->error);
  g_clear_pointer (&self->terms, cardea_terms_free);
  g_clear_object (&self->about.assent);
  g_object_unref (self->about.unlocker);
  g_object_unref (self->about.catalogue);
  cardea_revocation_unref (self->about.revocation);
  cardea_config_unref (self->about.config);
  cardea_request_free (self->request);
  cardea_caller_unref (self->about.caller);
  g_free (self);
}

/* Takes @error. */
static void
fail (GTask *task, GError *error)
{
  const Explanation *self = g_task_get_task_data (task);
  GError *told = NULL;

  if (self->timed_out) {
    told = cardea_error_new (CARDEA_ERROR_TIMED_OUT,
                             "The time the program allowed was over while the explanation was at \"%s\".",
                             self->step);
    cardea_error_take_parameter (told, "what", json_string (self->step));
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    told = cardea_error_new (CARDEA_ERROR_CANCELLED, "The explanation was cancelled.");
  }
  if (told != NULL)
    g_error_free (error);
  g_task_return_error (task, told != NULL ? told : error);
}

static CardeaExplanationParts
make_parts (const Explanation *self)
{
  CardeaExplanationParts parts = {
    .request = self->request,
    .caller = self->about.caller,
    .catalogue = self->about.catalogue,
    .unlocker = self->about.unlocker,
  };

  if (self->terms != NULL)
    parts.rules = self->terms->rules;
  else if (self->about.assent != NULL)
    parts.rules = cardea_assent_get_rules (self->about.assent);
  return parts;
}

/* Takes @error, for which there is no connection, whatever the server is. */
static void
tell_denial (GTask *task, GError *error)
{
  const Explanation *self = g_task_get_task_data (task);
  g_autoptr (GError) reason = error;
  CardeaExplanationParts parts = make_parts (self);
  g_auto (CardeaForecast) forecast = { 0 };

  cardea_forecast_denied (&forecast, reason->message);
  parts.forecast = &forecast;
  if (g_error_matches (reason, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED))
    parts.fault = reason;
  g_task_return_pointer (task, cardea_explanation_to_json (&parts), (GDestroyNotify)json_decref);
}

static gboolean
asks_somebody (const Explanation *self)
{
  return self->about.assent != NULL && !cardea_config_get_headless (self->about.config);
}

static gboolean
may_be_asked_later (const Explanation *self)
{
  return self->about.assent != NULL
             ? cardea_assent_offers_post_handshake (self->about.assent, self->about.caller, self->request)
             : self->request->post_handshake == CARDEA_POST_HANDSHAKE_YES;
}

/* The PIN is the last thing that a connection needs, and not a question of consent. */
static void
add_pin (const Explanation *self, CardeaForecast *forecast)
{
  const CardeaTokenCertificate *certificate = forecast->offer != NULL ? forecast->offer->certificate : NULL;

  if (certificate == NULL)
    return;
  if (certificate->always_authenticate)
    g_string_append (forecast->because, " Its key wants the PIN for each signature.");
  else if (cardea_unlocker_is_single_use (self->about.unlocker, certificate->token))
    g_string_append (forecast->because, " Its token is set to want the PIN for each connection.");
  else if (certificate->token->info->login_required &&
           !cardea_unlocker_is_unlocked (self->about.unlocker, certificate->token))
    g_string_append (forecast->because, " Its token is not unlocked: the PIN is needed.");
}

/* What the agent would go by. FALSE: @error is set. */
static gboolean
look (Explanation *self, GPtrArray *authorities, CardeaForesight *foresight, GError **error)
{
  const CardeaSelectionCase alone = {
    .caller = self->about.caller,
    .request = self->request,
    .catalogue = self->about.catalogue,
    .unlocker = self->about.unlocker,
    .assent = self->about.assent,
    .asker = CARDEA_ASKER (self->probe),
    .authorities = authorities,
  };
  const CardeaAssentCase asking = {
    .caller = self->about.caller,
    .request = self->request,
    .catalogue = self->about.catalogue,
    .asker = CARDEA_ASKER (self->probe),
    .authorities = authorities,
    .terms = self->terms,
  };

  if (asks_somebody (self))
    return cardea_assent_look_ahead (self->about.assent, &asking, foresight, error);
  foresight->choice = cardea_selection_look_alone (&alone, error);
  return foresight->choice != NULL;
}

static void
forecast_request (Explanation *self, CardeaExplanationParts *parts, CardeaForecast *forecast)
{
  const CardeaForesight *foresight = parts->foresight;

  if (self->request->authenticate == CARDEA_AUTHENTICATE_NEVER) {
    cardea_forecast_denied (forecast,
                            "The server asks for a certificate, and the program wants to use none.");
    forecast->outcome = CARDEA_OUTCOME_NONE;
  } else if (asks_somebody (self)) {
    cardea_forecast_asked (forecast, foresight,
                           parts->rules == NULL || cardea_rules_are_whole (parts->rules));
  } else {
    cardea_forecast_alone (forecast, foresight->choice);
  }
  add_pin (self, forecast);
}

/* The server's part is in: the reply, or NULL with an error. */
static json_t *
tell (Explanation *self, GError **error)
{
  CardeaExplanationParts parts = make_parts (self);
  GPtrArray *authorities = cardea_probe_get_authorities (self->probe);
  g_auto (CardeaForesight) foresight = { 0 };
  g_auto (CardeaForecast) forecast = { 0 };

  parts.info = cardea_probe_get_info (self->probe);
  parts.fault = cardea_probe_get_fault (self->probe);
  parts.authorities = authorities;
  if (parts.info->certificate_requested && authorities != NULL) {
    if (!look (self, authorities, &foresight, error))
      return NULL;
    parts.foresight = &foresight;
  }
  if (parts.fault != NULL)
    cardea_forecast_denied (&forecast, parts.fault->message);
  else if (!parts.info->certificate_requested)
    cardea_forecast_unasked (&forecast, self->request, may_be_asked_later (self));
  else if (authorities == NULL)
    cardea_forecast_denied (&forecast, "The server names more certificate authorities than the limit.");
  else
    forecast_request (self, &parts, &forecast);
  parts.forecast = &forecast;
  return cardea_explanation_to_json (&parts);
}

/* The socket is closed by now: an agent that stops closes NSS when the last one is told. */
static void
on_left (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Explanation *self = g_task_get_task_data (task);

  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&self->reply), (GDestroyNotify)json_decref);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Explanation *self = g_task_get_task_data (task);
  const GError *fault;
  GError *error = NULL;

  if (!cardea_probe_run_finish (CARDEA_PROBE (source), result, &error)) {
    fail (task, error);
    return;
  }
  fault = cardea_probe_get_fault (self->probe);
  if (fault == NULL || g_error_matches (fault, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED))
    self->reply = tell (self, &self->error);
  else
    self->error = g_error_copy (fault);
  cardea_probe_leave (self->probe, on_left, g_object_ref (task));
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Explanation *self = g_task_get_task_data (task);
  GError *error = NULL;
  int fd = cardea_dial_finish (result, NULL, &error);
  const CardeaHandshakeOptions options = {
    .server_name = cardea_request_get_server_name (self->request),
    .alpn = (const char *const *)self->request->alpn,
    .trust = self->terms->trust,
    .demands = self->terms->demands,
    .revocation = self->about.revocation,
    .tls12 = self->terms->tls12,
    .post_handshake = may_be_asked_later (self),
  };

  if (fd < 0) {
    fail (task, error);
    return;
  }
  self->step = "verifying";
  self->probe = cardea_probe_new (fd, &options);
  cardea_probe_run_async (self->probe, self->cancellable, on_probed, g_object_ref (task));
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Explanation *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error)) {
    fail (task, error);
    return;
  }
  self->terms = self->about.make_terms (self->about.broker, self->about.caller, self->request, &error);
  if (self->terms == NULL && g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED)) {
    tell_denial (task, error);
  } else if (self->terms == NULL) {
    fail (task, error);
  } else {
    self->step = "connecting";
    cardea_dial_async (self->request->host, self->request->port, self->request->proxy, 0, self->cancellable,
                       on_dialled, g_object_ref (task));
  }
}

static gboolean
on_time_over (gpointer user_data)
{
  Explanation *self = user_data;

  self->timer = 0;
  self->timed_out = TRUE;
  cardea_withdrawal_cancel (self->cancellable, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  return G_SOURCE_REMOVE;
}

static Explanation *
explanation_new (const CardeaExplanationCase *about, GCancellable *cancellable)
{
  Explanation *self = g_new0 (Explanation, 1);

  self->about = *about;
  self->about.request = NULL;
  self->request = cardea_request_copy (about->request);
  cardea_caller_ref (about->caller);
  cardea_config_ref (about->config);
  cardea_revocation_ref (about->revocation);
  g_object_ref (about->catalogue);
  g_object_ref (about->unlocker);
  if (about->assent != NULL)
    g_object_ref (about->assent);
  g_object_ref (about->stop);
  self->step = "token";
  self->cancellable = cardea_withdrawal_new ();
  self->callers = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->gone_id = cardea_withdrawal_follow (self->cancellable, cancellable);
  self->stop_id = cardea_withdrawal_follow (self->cancellable, about->stop);
  if (about->request->timeout_ms != 0)
    self->timer = g_timeout_add (about->request->timeout_ms, on_time_over, self);
  return self;
}

void
cardea_explanation_run_async (const CardeaExplanationCase *about, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Explanation *self = explanation_new (about, cancellable);
  GError *error = NULL;

  g_task_set_source_tag (task, cardea_explanation_run_async);
  g_task_set_task_data (task, self, explanation_free);
  if (!cardea_admission_check (about->config, about->assent, about->caller, about->request, &error)) {
    tell_denial (task, error);
    return;
  }
  cardea_catalogue_ask_lost_hosts (about->catalogue);
  cardea_catalogue_settle_async (about->catalogue, self->cancellable, on_settled, g_object_ref (task));
}

json_t *
cardea_explanation_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_explanation_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
