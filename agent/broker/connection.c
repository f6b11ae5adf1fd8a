/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connection: the story of one connection, told in order: reach the server, or take the program's socket to
 * it, verify it, have a certificate chosen and its token unlocked (selection.c), sign, and hand out a
 * session. Each step is one asynchronous call to the part that knows how; this file knows only what comes
 * next, and what a failure of each means to the program that asked.
 *
 * The server is verified before a certificate is looked for. */

#include "agent/broker/connection.h"

#include "agent/broker/reauthentication.h"
#include "agent/broker/signature.h"
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
  CardeaRevocation *revocation; /* or NULL */
  CardeaAssent *assent;         /* or NULL */
  CardeaResuming *resuming;     /* borrowed */
  gboolean asks;                /* it */
  gboolean post_handshake;      /* the server may ask later */
  CardeaStepFunc on_step;
  gpointer step_data;

  CardeaStep step;
  GCancellable *cancellable; /* ours: the caller's leads to it, and so does the time limit */
  GCancellable *callers;     /* or NULL */
  gulong cancelled_id;
  guint timeout_id;
  gboolean timed_out;

  CardeaResumption *earlier;              /* that is offered; or NULL */
  CardeaTokenCertificate *earlier_chosen; /* whose it is */
  gboolean again;                         /* it was, and the server broke off */
  CardeaHandshake *handshake;
  CardeaTokenCertificate *chosen; /* or NULL: anonymous */
  gboolean granted;               /* the login to its token is for this once */
  gboolean consented;             /* to it, or to go on without one */
  CardeaSignature *signature;     /* or NULL */
} Connection;

static void
connection_free (Connection *self)
{
  g_cancellable_disconnect (self->callers, self->cancelled_id);
  g_clear_object (&self->callers);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_pointer (&self->signature, cardea_signature_free);
  g_clear_pointer (&self->chosen, cardea_token_certificate_unref);
  g_clear_pointer (&self->earlier_chosen, cardea_token_certificate_unref);
  g_clear_pointer (&self->earlier, cardea_resumption_unref);
  g_clear_object (&self->handshake);
  g_object_unref (self->cancellable);
  g_clear_object (&self->assent);
  g_object_unref (self->unlocker);
  g_clear_pointer (&self->revocation, cardea_revocation_unref);
  g_object_unref (self->catalogue);
  g_clear_pointer (&self->terms, cardea_terms_free);
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

/* What the caller is told when several things failed at once: its own time limit first, then the token, whose
 * failure is why the handshake failed. */
static GError *
tell_failure (Connection *self, GError *error)
{
  g_autoptr (GError) signing = self->signature != NULL ? cardea_signature_dup_error (self->signature) : NULL;
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
  cardea_selection_name_token (self->chosen, told);
  return told;
}

/* Takes @error. */
static void
fail (GTask *task, GError *error)
{
  Connection *self = g_task_get_task_data (task);

  /* Why the token did not sign is asked first: giving up makes it a reason of our own. */
  error = tell_failure (self, error);
  if (self->signature != NULL)
    cardea_signature_cancel (self->signature);
  /* Whatever a person is asked for it is asked no more: nothing but the server ends it while they think. */
  cardea_withdrawal_cancel (self->cancellable, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
  enter (self, CARDEA_STEP_FAILED);
  self->on_step = NULL;
  g_task_return_error (task, error);
}

/* A program that insists on a certificate, and itself says that the server asks later, waits for that. */
static gboolean
may_be_asked_later (const Connection *self)
{
  return self->post_handshake && self->request->post_handshake == CARDEA_POST_HANDSHAKE_YES;
}

/* A connection without a certificate that is not what was asked for. */
static GError *
check_anonymous (const Connection *self)
{
  GError *error;

  if (self->chosen != NULL || self->consented)
    return NULL;
  if (self->request->authenticate == CARDEA_AUTHENTICATE_REQUIRED && !may_be_asked_later (self)) {
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
on_selecting (CardeaStep step, gpointer user_data)
{
  enter (user_data, step);
}

static CardeaSelectionCase
make_case (Connection *self)
{
  return (CardeaSelectionCase){
    .caller = self->caller,
    .request = self->request,
    .catalogue = self->catalogue,
    .unlocker = self->unlocker,
    .assent = self->assent,
    .asks = self->asks,
    .asker = (CardeaAsker *)self->handshake,
    .terms = self->terms,
    .step = on_selecting,
    .step_data = self,
  };
}

static void dial (GTask *task);

/* Some servers break off when a session is resumed, where they should have gone on without. Nobody was asked
 * anything yet, so the connection is made once more, as if there were no session. */
static gboolean
try_again (GTask *task, const GError *error)
{
  Connection *self = g_task_get_task_data (task);

  if (self->earlier == NULL || self->step != CARDEA_STEP_VERIFYING || self->timed_out ||
      !g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED))
    return FALSE;
  g_message ("%s: %s:%u did not resume a session, and is connected to anew: %s",
             cardea_caller_get_label (self->caller), cardea_request_get_server_name (self->request),
             self->request->port, error->message);
  cardea_resuming_spoil (self->resuming, self->caller, cardea_request_get_server_name (self->request),
                         self->request->port);
  g_clear_pointer (&self->earlier_chosen, cardea_token_certificate_unref);
  g_clear_pointer (&self->earlier, cardea_resumption_unref);
  g_clear_object (&self->handshake);
  self->again = TRUE;
  dial (task);
  return TRUE;
}

/* Its login was, or the PIN that its key wanted. What a hidden key wants shows in no listing yet. */
static gboolean
is_for_this_once (const Connection *self)
{
  return self->granted || (self->signature != NULL && cardea_signature_wanted_pin (self->signature));
}

/* What the session was made with, and its ticket's fate. */
static void
settle_resumption (Connection *self, const CardeaSelectionCase *about, CardeaTlsInfo *info)
{
  if (info->resumed) {
    self->chosen = g_steal_pointer (&self->earlier_chosen);
    self->consented = TRUE;
    cardea_resuming_note_used (about, self->earlier);
  }
  if (info->resumption == NULL)
    return;
  if (self->chosen != NULL && !is_for_this_once (self))
    cardea_resuming_keep (self->resuming, about, self->chosen, info->resumption);
  else
    cardea_resuming_forget (self->resuming, info->resumption);
}

static void
on_handshake_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  const CardeaSelectionCase about = make_case (self);
  CardeaTlsInfo *info = NULL;
  CardeaSession *session;
  GError *error = NULL;
  CardeaTlsStream *stream = cardea_handshake_run_finish (CARDEA_HANDSHAKE (source), result, &info, &error);

  if (self->signature != NULL)
    cardea_signature_end_login (self->signature);

  if (stream == NULL && try_again (task, error)) {
    g_error_free (error);
    return;
  }
  if (stream == NULL) {
    fail (task, error);
    return;
  }
  settle_resumption (self, &about, info);
  if (!g_str_equal (info->tls_version, "TLS 1.3")) /* an older one knows nothing of it */
    self->post_handshake = FALSE;
  error = check_anonymous (self);
  if (error != NULL) {
    cardea_tls_stream_free (stream);
    cardea_tls_info_free (info);
    fail (task, error);
    return;
  }
  enter (self, CARDEA_STEP_READY);
  self->on_step = NULL;
  session = cardea_session_new (self->caller, cardea_request_get_server_name (self->request),
                                self->request->port, stream, info, self->chosen);
  if (self->post_handshake)
    cardea_reauthentication_watch (session, &about, g_steal_pointer (&self->terms));
  g_task_return_pointer (task, session, g_object_unref);
}

/* Takes @selection. */
static void
answer (Connection *self, CardeaSelection *selection)
{
  const CardeaSelectionCase about = make_case (self);
  CardeaSigner signer;

  self->chosen = cardea_token_certificate_ref (selection->certificate);
  self->granted = selection->grant != NULL;
  self->signature = cardea_signature_new (&about, selection, self->cancellable);
  signer = cardea_signature_make_signer (self->signature);
  cardea_handshake_answer (self->handshake, &signer);
}

static void
on_selected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (CardeaSelection) selection = cardea_selection_run_finish (result, &error);

  if (error != NULL) {
    cardea_handshake_abort (self->handshake, error);
    return;
  }
  if (g_task_get_completed (task) || self->step == CARDEA_STEP_FAILED)
    return;
  self->consented = selection->consented;
  if (selection->certificate != NULL)
    answer (self, g_steal_pointer (&selection));
  else
    cardea_handshake_answer (self->handshake, NULL);
}

static void
on_certificate_requested (CardeaHandshake *handshake, const CardeaCertificateRequest *asked,
                          gpointer user_data)
{
  GTask *task = user_data;
  Connection *self = g_task_get_task_data (task);
  CardeaSelectionCase about = make_case (self);

  about.authorities = asked->authorities;
  enter (self, CARDEA_STEP_CHOOSING);
  cardea_selection_run_async (&about, self->cancellable, on_selected, g_object_ref (task));
}

/* Takes @fd. A session is gone on with only where a server that breaks off then can be reached once more,
 * which is not so with a connection that the program brought. */
static void
shake_hands (GTask *task, int fd, gint64 round_trip)
{
  Connection *self = g_task_get_task_data (task);
  const CardeaSelectionCase about = make_case (self);
  CardeaHandshakeOptions options = {
    .server_name = cardea_request_get_server_name (self->request),
    .alpn = (const char *const *)self->request->alpn,
    .trust = self->terms->trust,
    .demands = self->terms->demands,
    .revocation = self->revocation,
    .tls12 = self->terms->tls12,
    .round_trip_us = round_trip,
    .post_handshake = self->post_handshake,
    .resumable = self->request->socket == NULL && cardea_resuming_is_on (self->resuming),
  };

  if (options.resumable && !self->again)
    options.earlier = self->earlier = cardea_resuming_take (self->resuming, &about, &self->earlier_chosen);
  self->handshake = cardea_handshake_new (fd, &options, on_certificate_requested, task);
  cardea_handshake_run_async (self->handshake, self->cancellable, on_handshake_done, g_object_ref (task));
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Connection *self = g_task_get_task_data (task);
  GError *error = NULL;
  gint64 round_trip = 0;
  int fd = cardea_dial_finish (result, &round_trip, &error);

  if (fd < 0) {
    fail (task, error);
    return;
  }
  if (!self->again)
    enter (self, CARDEA_STEP_VERIFYING);
  shake_hands (task, fd, round_trip);
}

static void
dial (GTask *task)
{
  Connection *self = g_task_get_task_data (task);

  cardea_dial_async (self->request->host, self->request->port, self->request->proxy, 0, self->cancellable,
                     on_dialled, g_object_ref (task));
}

/* Reaching the server is the program's affair where it brought a socket. */
static void
reach (GTask *task)
{
  Connection *self = g_task_get_task_data (task);
  CardeaConnectedSocket *socket = self->request->socket;
  gint64 round_trip = 0;
  int fd;

  self->step = socket != NULL ? CARDEA_STEP_VERIFYING : CARDEA_STEP_CONNECTING;
  if (self->on_step != NULL)
    self->on_step (self->step, self->step_data);
  if (socket == NULL) {
    dial (task);
    return;
  }
  fd = cardea_connected_socket_take (socket, &round_trip);
  shake_hands (task, fd, round_trip);
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

static gboolean
offers_post_handshake (const Connection *self)
{
  return self->assent != NULL
             ? cardea_assent_offers_post_handshake (self->assent, self->caller, self->request)
             : self->request->post_handshake == CARDEA_POST_HANDSHAKE_YES;
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
  self->revocation = arguments->revocation != NULL ? cardea_revocation_ref (arguments->revocation) : NULL;
  self->assent = arguments->assent != NULL ? g_object_ref (arguments->assent) : NULL;
  self->resuming = arguments->resuming;
  self->asks = self->assent != NULL && !arguments->headless;
  self->post_handshake = offers_post_handshake (self);
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
  reach (task);
}

CardeaSession *
cardea_connection_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_connection_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
