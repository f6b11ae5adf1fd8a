/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connection: the story of one connection, told in order: reach the server, verify it, see which certificates
 * fit, choose one, unlock its token, sign, and hand out a session. Each step is one asynchronous call to the
 * part that knows how; this file knows only what comes next, and what a failure of each means to the program
 * that asked.
 *
 * The server is verified before a certificate is looked for, and nobody is asked for a PIN of a token whose
 * certificate does not fit: see the order of the functions. */

#include "agent/broker/connection.h"

#include "agent/broker/choice.h"
#include "agent/broker/json.h"
#include "agent/broker/signing.h"
#include "agent/prompt/place.h"
#include "agent/prompt/withdrawal.h"
#include "agent/tls/dial.h"
#include "agent/tls/handshake.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

typedef struct
{
  CardeaCaller *caller;
  CardeaRequest *request;
  CardeaTerms *terms;
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaAssent *assent; /* or NULL */
  gboolean asks;        /* it */
  CardeaStepFunc on_step;
  gpointer step_data;

  CardeaStep step;
  GCancellable *cancellable; /* ours: the caller's leads to it, and so does the time limit */
  GCancellable *callers;     /* or NULL */
  gulong cancelled_id;
  guint timeout_id;
  gboolean timed_out;

  CardeaHandshake *handshake;
  CardeaTokenCertificate *chosen; /* or NULL: anonymous */
  gboolean consented;             /* to it, or to go on without one */
  CardeaTerminal *terminal;       /* where questions go; NULL: to the display */
  GPtrArray *authorities;         /* while it is found out where */
  CardeaSecret *typed;            /* for a key that may want it again; NULL: none, or it is gone */
  gboolean typed_consent;         /* the consent was an answer on the terminal */
  CardeaGrant *grant;             /* the token's login is for this connection only; or NULL */
  CardeaSigning *signing;
  CardeaSignCall *call; /* while its PIN is asked for */
} Connection;

static void
connection_free (Connection *self)
{
  g_cancellable_disconnect (self->callers, self->cancelled_id);
  g_clear_object (&self->callers);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_pointer (&self->grant, cardea_grant_end);
  g_clear_pointer (&self->typed, cardea_secret_unref);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  g_clear_pointer (&self->authorities, g_ptr_array_unref);
  if (self->signing != NULL)
    cardea_signing_stop_asking (self->signing);
  g_clear_pointer (&self->signing, cardea_signing_unref);
  g_clear_pointer (&self->chosen, cardea_token_certificate_unref);
  g_clear_object (&self->handshake);
  g_object_unref (self->cancellable);
  g_clear_object (&self->assent);
  g_object_unref (self->unlocker);
  g_object_unref (self->catalogue);
  cardea_terms_free (self->terms);
  cardea_request_free (self->request);
  cardea_caller_unref (self->caller);
  g_free (self);
}

static void
enter (Connection *self, CardeaStep step)
{
  g_return_if_fail (cardea_step_may_follow (self->step, step));

  g_debug ("%s to %s:%u: %s -> %s", cardea_caller_get_label (self->caller), self->request->host,
           self->request->port, cardea_step_to_string (self->step), cardea_step_to_string (step));
  self->step = step;
  if (self->on_step != NULL)
    self->on_step (step, self->step_data);
}

/* Hosts know modules, not tokens: here the error learns which token it was, and what is wrong with it. */
static void
name_token (Connection *self, GError *error)
{
  g_autoptr (CardeaReason) problem = NULL;
  const CardeaReason *known;

  if (self->chosen == NULL || json_object_get (cardea_error_get_parameters (error), "token") != NULL)
    return;
  if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE) &&
      !g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED))
    return;

  cardea_error_take_parameter (error, "token", json_string (self->chosen->token->uri));
  if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE))
    return;
  known = cardea_host_get_problem (self->chosen->token->host);
  problem = known != NULL ? cardea_reason_copy (known)
                          : cardea_reason_new (CARDEA_REASON_MODULE_FAILED,
                                               "Remove the token, insert it again and try "
                                               "once more.",
                                               "%s", error->message);
  cardea_error_take_parameter (error, "problem", cardea_json_from_reason (problem));
}

/* What the caller is told when several things failed at once: its own time limit first, then the token, whose
 * failure is why the handshake failed. */
static GError *
tell_failure (Connection *self, GError *error)
{
  g_autoptr (GError) signing = self->signing != NULL ? cardea_signing_dup_error (self->signing) : NULL;
  GError *told = NULL;

  if (self->timed_out) {
    told = cardea_error_new (CARDEA_ERROR_TIMED_OUT,
                             "The time the program allowed was over while the connection was at \"%s\".",
                             cardea_step_to_string (self->step));
    cardea_error_take_parameter (told, "what", json_string (cardea_step_to_string (self->step)));
  } else if (signing != NULL && !g_cancellable_is_cancelled (self->cancellable)) {
    told = g_steal_pointer (&signing);
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    told = cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was cancelled.");
  }
  if (told == NULL)
    told = error;
  else
    g_error_free (error);
  name_token (self, told);
  return told;
}

/* Takes @error. */
static void
fail (GTask *task, GError *error)
{
  Connection *self = g_task_get_task_data (task);

  /* Why the token did not sign is asked first: giving up makes it a reason of our own. */
  error = tell_failure (self, error);
  if (self->signing != NULL)
    cardea_signing_cancel (self->signing);
  g_clear_pointer (&self->grant, cardea_grant_end);
  /* Whatever a person is asked for it is asked no more: nothing but the server ends it while they think. */
  cardea_withdrawal_cancel (self->cancellable, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
  enter (self, CARDEA_STEP_FAILED);
  self->on_step = NULL;
  g_task_return_error (task, error);
}

/* A connection without a certificate that is not what was asked for. */
static GError *
check_anonymous (const Connection *self)
{
  GError *error;

  if (self->chosen != NULL || self->consented)
    return NULL;
  if (self->request->authenticate == CARDEA_AUTHENTICATE_REQUIRED) {
    error = cardea_error_new (CARDEA_ERROR_NO_CERTIFICATE,
                              "The server did not ask for a certificate, and the program insists on one.");
    cardea_error_take_parameter (error, "offers", json_array ());
    return error;
  }
  /* A sandbox keeps its program off the network: without a consent, the agent is no way around that. */
  if (!self->asks || cardea_caller_get_strength (self->caller) != CARDEA_CALLER_CONFINED)
    return NULL;
  error = cardea_error_new (CARDEA_ERROR_DENIED,
                            "A program in a sandbox may connect only where a person consented, "
                            "and this server did not ask for a certificate.");
  cardea_error_take_parameter (error, "by", json_string ("sandbox"));
  cardea_error_take_parameter (error, "message", json_string (error->message));
  return error;
}

static void
on_handshake_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  CardeaTlsInfo *info = NULL;
  GError *error = NULL;
  CardeaTlsStream *stream = cardea_handshake_run_finish (CARDEA_HANDSHAKE (source), result, &info, &error);

  g_clear_pointer (&self->grant, cardea_grant_end); /* it has signed, or never will */
  g_clear_pointer (&self->typed, cardea_secret_unref);

  if (stream == NULL) {
    fail (task, error);
    return;
  }
  error = check_anonymous (self);
  if (error != NULL) {
    cardea_tls_stream_free (stream);
    cardea_tls_info_free (info);
    fail (task, error);
    return;
  }
  enter (self, CARDEA_STEP_READY);
  self->on_step = NULL;
  g_task_return_pointer (task,
                         cardea_session_new (self->caller, cardea_request_get_server_name (self->request),
                                             self->request->port, stream, info, self->chosen),
                         g_object_unref);
}

static void
describe (Connection *self, CardeaPinQuestion *question)
{
  const CardeaAssentCase about = {
    .caller = self->caller,
    .request = self->request,
    .handshake = self->handshake,
    .terms = self->terms,
    .terminal = self->terminal,
  };

  cardea_assent_describe_for_pin (&about, question);
}

static void
on_signed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Connection *self = g_task_get_task_data (task);
  g_autoptr (CardeaSignCall) call = g_steal_pointer (&self->call);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) signature = cardea_unlocker_sign_finish (CARDEA_UNLOCKER (source), result, &error);

  if (self->step == CARDEA_STEP_PIN && signature != NULL)
    enter (self, CARDEA_STEP_SIGNING);
  cardea_sign_call_answer (call, signature, error);
}

/* A login of its own that this connection has is of no use for such a key, and would keep the turn from it.
 */
static void
sign_with_pin (CardeaSignCall *call, gpointer data)
{
  Connection *self = g_task_get_task_data (data);
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();

  if (self->step == CARDEA_STEP_SIGNING)
    enter (self, CARDEA_STEP_PIN);
  g_clear_pointer (&self->grant, cardea_grant_end);
  describe (self, question);
  question->for_signature = TRUE;
  self->call = cardea_sign_call_ref (call);
  cardea_unlocker_sign_async (self->unlocker, self->chosen->token, question,
                              self->asks && self->request->interaction, call, self->typed, self->cancellable,
                              on_signed, g_object_ref (data));
  g_clear_pointer (&self->typed, cardea_secret_unref);
}

static void
answer (GTask *task)
{
  Connection *self = g_task_get_task_data (task);
  g_autoptr (GPtrArray) issuers = cardea_catalogue_get_issuers (self->catalogue, self->chosen->certificate);
  CardeaSigner signer = {
    .certificate = self->chosen->certificate,
    .rsa_schemes = cardea_choice_get_rsa_schemes (self->chosen),
    .issuers = issuers,
    .sign = cardea_signing_sign,
    .destroy = (GDestroyNotify)cardea_signing_unref,
  };

  self->signing = cardea_signing_new (self->chosen, sign_with_pin, task);
  signer.user_data = cardea_signing_ref (self->signing);
  if (!self->chosen->always_authenticate)
    enter (self, CARDEA_STEP_SIGNING);
  cardea_handshake_answer (self->handshake, &signer);
}

/* Nothing else ended it meanwhile. */
static gboolean
is_unlocking (GTask *task)
{
  Connection *self = g_task_get_task_data (task);

  return !g_task_get_completed (task) &&
         (self->step == CARDEA_STEP_CHOOSING || self->step == CARDEA_STEP_PIN);
}

/* Takes @typed. What a hidden key wants is seen when it is used. */
static void
keep_typed (Connection *self, CardeaSecret *typed)
{
  g_clear_pointer (&self->typed, cardea_secret_unref);
  if (typed != NULL && !self->chosen->key_seen && self->step != CARDEA_STEP_FAILED)
    self->typed = typed;
  else
    g_clear_pointer (&typed, cardea_secret_unref);
}

static void
on_unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;

  CardeaSecret *typed = NULL;

  if (!cardea_unlocker_unlock_finish_with_pin (CARDEA_UNLOCKER (source), result, &typed, &error)) {
    cardea_handshake_abort (self->handshake, error);
    return;
  }
  keep_typed (self, typed);
  if (!is_unlocking (task))
    return;
  if (self->step == CARDEA_STEP_PIN) /* its keys can be seen now */
    cardea_catalogue_refresh_host (self->catalogue, self->chosen->token->host);
  answer (task);
}

/* @grant NULL without an error: the token is unlocked for everybody. */
static void
on_granted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (CardeaGrant) grant =
      cardea_unlocker_unlock_on_terminal_finish (CARDEA_UNLOCKER (source), result, &error);

  if (error != NULL) {
    cardea_handshake_abort (self->handshake, error);
    return;
  }
  if (!is_unlocking (task))
    return;
  if (grant != NULL)
    keep_typed (self, cardea_grant_steal_typed (grant));
  self->grant = g_steal_pointer (&grant);
  answer (task);
}

static void
unlock (GTask *task)
{
  Connection *self = g_task_get_task_data (task);
  CardeaToken *token = self->chosen->token;
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();

  /* Its signature waits for the PIN, and no login of others helps. */
  if (self->chosen->always_authenticate) {
    enter (self, CARDEA_STEP_PIN);
    answer (task);
    return;
  }
  /* An answer on a terminal consents to nothing without the PIN. */
  if (!self->typed_consent && !token->info->login_required) {
    answer (task);
    return;
  }
  describe (self, question);
  /* A token that is unlocked asks nothing; that its login is used counts all the same. */
  if (self->typed_consent || !cardea_unlocker_is_unlocked (self->unlocker, token))
    enter (self, CARDEA_STEP_PIN);
  if (self->terminal != NULL)
    cardea_unlocker_unlock_on_terminal_async (self->unlocker, token, question, self->typed_consent,
                                              self->cancellable, on_granted, g_object_ref (task));
  else
    cardea_unlocker_unlock_async (self->unlocker, token, question, self->request->interaction,
                                  self->cancellable, on_unlocked, g_object_ref (task));
}

static gboolean
can_use (const CardeaTokenCertificate *certificate, gpointer user_data)
{
  return cardea_handshake_can_use (CARDEA_HANDSHAKE (user_data), certificate->certificate,
                                   cardea_choice_get_rsa_schemes (certificate));
}

/* The certificate is chosen; NULL: none. */
static void
on_assented (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;
  CardeaTokenCertificate *chosen = cardea_assent_ask_finish (CARDEA_ASSENT (source), result, &error);

  if (g_task_get_completed (task) || self->step != CARDEA_STEP_CHOOSING) {
    g_clear_pointer (&chosen, cardea_token_certificate_unref);
    g_clear_error (&error);
    return;
  }
  if (error != NULL) {
    cardea_handshake_abort (self->handshake, error);
    return;
  }
  self->consented = TRUE;
  self->typed_consent = self->terminal != NULL && cardea_assent_ask_was_answered (result);
  self->chosen = chosen;
  if (chosen != NULL)
    unlock (task);
  else
    cardea_handshake_answer (self->handshake, NULL);
}

static void
ask_assent (GTask *task, GPtrArray *authorities)
{
  Connection *self = g_task_get_task_data (task);
  const CardeaAssentCase about = {
    .caller = self->caller,
    .request = self->request,
    .catalogue = self->catalogue,
    .handshake = self->handshake,
    .authorities = authorities,
    .terminal = self->terminal,
    .terms = self->terms,
  };

  cardea_assent_ask_async (self->assent, &about, self->cancellable, on_assented, g_object_ref (task));
}

static void
on_display_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  g_autoptr (GPtrArray) authorities = g_steal_pointer (&self->authorities);

  if (!cardea_place_has_display_finish (result))
    self->terminal = cardea_terminal_ref (self->request->terminal);
  if (!g_task_get_completed (task) && self->step == CARDEA_STEP_CHOOSING)
    ask_assent (task, authorities);
}

/* Where questions go is known before the first one: what an answer is worth depends on it. */
static void
find_place (GTask *task, GPtrArray *authorities)
{
  Connection *self = g_task_get_task_data (task);

  if (self->request->terminal != NULL && self->request->interaction) {
    if (self->request->terminal_use == CARDEA_TERMINAL_IF_NEEDED) {
      self->authorities = g_ptr_array_ref (authorities);
      cardea_place_has_display_async (on_display_known, g_object_ref (task));
      return;
    }
    self->terminal = cardea_terminal_ref (self->request->terminal);
  }
  ask_assent (task, authorities);
}

/* Without a person: the one that fits, after rules took away what they do not allow. */
static CardeaTokenCertificate *
choose_alone (Connection *self, GPtrArray *authorities, GError **error)
{
  g_autoptr (CardeaChoice) choice =
      cardea_choice_new (self->catalogue, authorities, self->request->certificate,
                         g_get_real_time () / G_USEC_PER_SEC, can_use, self->handshake, error);

  if (choice == NULL)
    return NULL;
  cardea_choice_leave_out_always (choice);
  if (self->assent != NULL)
    cardea_assent_narrow (self->assent, self->caller, self->request, self->catalogue, choice);
  if (choice->n_fitting == 1)
    return cardea_token_certificate_ref (((const CardeaOffer *)choice->offers->pdata[0])->certificate);
  g_propagate_error (error, choice->n_fitting == 0 ? cardea_assent_error_no_certificate (self->caller, choice)
                                                   : cardea_assent_error_choice (self->caller, choice));
  return NULL;
}

static void
on_certificate_requested (CardeaHandshake *handshake, const CardeaCertificateRequest *asked,
                          gpointer user_data)
{
  GTask *task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;

  enter (self, CARDEA_STEP_CHOOSING);
  if (self->request->authenticate == CARDEA_AUTHENTICATE_NEVER) {
    cardea_handshake_answer (handshake, NULL);
    return;
  }
  if (self->asks) {
    find_place (task, asked->authorities);
    return;
  }
  self->chosen = choose_alone (self, asked->authorities, &error);
  if (self->chosen != NULL)
    unlock (task);
  else
    cardea_handshake_abort (handshake, error);
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;
  gint64 round_trip = 0;
  int fd = cardea_dial_finish (result, &round_trip, &error);
  CardeaHandshakeOptions options = {
    .server_name = cardea_request_get_server_name (self->request),
    .alpn = (const char *const *)self->request->alpn,
    .trust = self->terms->trust,
    .demands = self->terms->demands,
    .tls12 = self->terms->tls12,
    .round_trip_us = round_trip,
  };

  if (fd < 0) {
    fail (task, error);
    return;
  }
  enter (self, CARDEA_STEP_VERIFYING);
  self->handshake = cardea_handshake_new (fd, &options, on_certificate_requested, task);
  cardea_handshake_run_async (self->handshake, self->cancellable, on_handshake_done, g_object_ref (task));
}

static gboolean
on_time_over (gpointer user_data)
{
  Connection *self = user_data;

  self->timeout_id = 0;
  self->timed_out = TRUE;
  cardea_withdrawal_cancel (self->cancellable, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  return G_SOURCE_REMOVE;
}

static guint
remaining_ms (gint64 deadline)
{
  gint64 left = (deadline - g_get_monotonic_time ()) / 1000;

  return (guint)CLAMP (left, 0, G_MAXINT);
}

static Connection *
connection_new (const CardeaConnectionArguments *arguments, GCancellable *cancellable)
{
  Connection *self = g_new0 (Connection, 1);

  self->caller = cardea_caller_ref (arguments->caller);
  self->request = cardea_request_copy (arguments->request);
  self->terms = arguments->terms;
  self->catalogue = g_object_ref (arguments->catalogue);
  self->unlocker = g_object_ref (arguments->unlocker);
  self->assent = arguments->assent != NULL ? g_object_ref (arguments->assent) : NULL;
  self->asks = self->assent != NULL && !arguments->headless;
  self->on_step = arguments->step;
  self->step_data = arguments->step_data;
  self->cancellable = cardea_withdrawal_new ();
  self->callers = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->cancelled_id = cardea_withdrawal_follow (self->cancellable, cancellable);
  if (arguments->deadline != 0)
    self->timeout_id = g_timeout_add (remaining_ms (arguments->deadline), on_time_over, self);
  return self;
}

void
cardea_connection_run_async (const CardeaConnectionArguments *arguments, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Connection *self = connection_new (arguments, cancellable);

  g_task_set_source_tag (task, cardea_connection_run_async);
  g_task_set_task_data (task, self, (GDestroyNotify)connection_free);
  self->step = CARDEA_STEP_CONNECTING;
  if (self->on_step != NULL)
    self->on_step (self->step, self->step_data);
  cardea_dial_async (self->request->host, self->request->port, self->request->proxy, 0, self->cancellable,
                     on_dialled, g_steal_pointer (&task));
}

CardeaSession *
cardea_connection_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_connection_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
