/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The story of one handshake.
 *
 * The main loop holds the state and waits for the network; whatever calls NSS runs on a worker, one at a
 * time, so that the socket always has one owner. NSS blocks twice for us: for the verdict on the server, and
 * then for a certificate. Nobody is asked for one before the server has proven its key and its chain was
 * verified. While NSS waits it watches nothing, so the loop watches for the server's going away, and the time
 * limit is the loop's too.
 *
 * An end is reported at once, whatever a worker is doing: the TCP connection is shut down, the key leaves the
 * front module, and the worker's reference keeps the rest until it comes back. */

#include "agent/tls/handshake.h"

#include "agent/tls/allowance.h"
#include "agent/tls/answer.h"
#include "agent/tls/exchange.h"
#include "agent/tls/failure.h"
#include "agent/tls/stream-nss.h"
#include "agent/tls/tls12.h"
#include "agent/tls/worker.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#include <glib-unix.h>
#include <poll.h>
#include "agent/base/source.h"

typedef enum
{
  STATE_NEW,
  STATE_NETWORK, /* a step runs, or the network is awaited */
  STATE_VERIFYING,
  STATE_ASKING, /* for a certificate; nobody owns the socket */
  STATE_SIGNING,
  STATE_VERDICT, /* the handshake is over, the server's reaction is awaited */
  STATE_DONE,
} State;

static const char *const state_names[] = { "new",     "network", "verifying", "asking",
                                           "signing", "verdict", "done" };

struct _CardeaHandshake
{
  GObject parent;

  /* Set once. */
  gint64 round_trip_us;
  CardeaCertificateRequested requested;
  gpointer requested_data;
  GError *socket_error; /* why there is no socket */

  /* Main loop only. */
  GMainContext *context;
  State state;
  GTask *task; /* NULL: reported */
  GSource *cancel_source;
  GSource *io_source;
  GSource *extra_source; /* the wait for the verdict; a failure that is due */
  GCancellable *asking;  /* the network about revocation; NULL: it is not asked */
  CardeaAllowance time;  /* of the network */
  gboolean verified;
  gboolean busy; /* a worker owns the socket */
  gboolean verdict_over;
  CardeaTlsInfo *info;

  CardeaExchange exchange; /* the worker's while busy, else the main loop's */
};

static void implement_asker (CardeaAskerInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaHandshake, cardea_handshake, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_ASKER, implement_asker))

enum
{
  SIGNAL_VERIFIED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void watch_network (CardeaHandshake *self);
static void start_network_step (CardeaHandshake *self);

#define FROM(state) (1u << (state))

/* By the state that is entered: those it may follow. */
static const guint predecessors[] = {
  [STATE_NETWORK] = FROM (STATE_NEW) | FROM (STATE_NETWORK) | FROM (STATE_VERIFYING) | FROM (STATE_SIGNING),
  [STATE_VERIFYING] = FROM (STATE_NETWORK) | FROM (STATE_VERIFYING),
  [STATE_ASKING] = FROM (STATE_NETWORK),
  [STATE_SIGNING] = FROM (STATE_ASKING),
  [STATE_VERDICT] = FROM (STATE_NETWORK),
  [STATE_DONE] = ~FROM (STATE_DONE),
};

static void
set_state (CardeaHandshake *self, State state)
{
  g_assert ((predecessors[state] & FROM (self->state)) != 0);
  g_debug ("handshake with %s: %s -> %s", self->exchange.server_name, state_names[self->state],
           state_names[state]);
  self->state = state;
}

/* Everything that ends with the report. The socket and the decision stay with a worker that still has them.
 */
static void
close_down (CardeaHandshake *self)
{
  set_state (self, STATE_DONE);
  cardea_source_clear (&self->cancel_source);
  cardea_source_clear (&self->io_source);
  cardea_source_clear (&self->extra_source);
  cardea_allowance_stop (&self->time);
  if (self->asking != NULL)
    g_cancellable_cancel (self->asking);
  if (self->exchange.decision != NULL)
    cardea_decision_revoke (self->exchange.decision);
  if (self->busy)
    return;
  g_clear_pointer (&self->exchange.decision, cardea_decision_free);
  g_clear_pointer (&self->exchange.socket, cardea_tls_socket_unref);
}

/* Takes @error. */
static void
fail (CardeaHandshake *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (task == NULL) {
    g_error_free (error);
    return;
  }
  if (self->exchange.socket != NULL && self->busy)
    cardea_tls_socket_shutdown (self->exchange.socket);
  close_down (self);
  g_task_return_error (task, error);
}

/* In TLS 1.2 the server says what it thinks of a certificate, or of the lack of one, before its Finished. */
static void
fail_from_socket (CardeaHandshake *self)
{
  CardeaTlsSocket *socket = self->exchange.socket;
  gboolean early = cardea_tls12_is_spoken (socket) && socket->answered;
  gboolean sent =
      early ? self->exchange.decision != NULL : self->info != NULL && self->info->certificate_sent;

  fail (self, cardea_failure_from_socket (socket, early || self->state == STATE_VERDICT, sent));
}

static void
succeed (CardeaHandshake *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  CardeaTlsStream *stream =
      cardea_nss_stream_new (g_steal_pointer (&self->exchange.socket), self->info->certificate_sent,
                             self->exchange.verdict.authority);

  close_down (self);
  g_task_return_pointer (task, stream, (GDestroyNotify)cardea_tls_stream_free);
}

static gboolean
on_time_over (gpointer data)
{
  fail (data, cardea_failure_new_timeout ());
  return G_SOURCE_REMOVE;
}

static gboolean
on_verdict_over (gpointer data)
{
  CardeaHandshake *self = data;

  cardea_source_clear (&self->extra_source);
  if (self->busy)
    self->verdict_over = TRUE; /* the look that is under way decides */
  else
    succeed (self);
  return G_SOURCE_REMOVE;
}

/* A worker's job: the reference is given back when its end was handled, and with it all that a report left
 * behind. */
static void
run_job (CardeaHandshake *self, CardeaWork work, CardeaWork done)
{
  g_assert (!self->busy);
  self->busy = TRUE;
  cardea_worker_run (self->context, work, &self->exchange, done, g_object_ref (self));
}

/* FALSE: it was reported meanwhile. */
static gboolean
end_job (CardeaHandshake *self)
{
  self->busy = FALSE;
  if (self->task != NULL)
    return TRUE;
  g_clear_pointer (&self->exchange.decision, cardea_decision_free);
  g_clear_pointer (&self->exchange.socket, cardea_tls_socket_unref);
  return FALSE;
}

static void
watch (CardeaHandshake *self, GIOCondition condition, GUnixFDSourceFunc callback)
{
  cardea_source_clear (&self->io_source);
  self->io_source = g_unix_fd_source_new (self->exchange.socket->raw, condition);
  g_source_set_callback (self->io_source, G_SOURCE_FUNC (callback), self, NULL);
  g_source_attach (self->io_source, self->context);
}

/* The server goes away while NSS waits for us. Once the signer is back the worker is as well, nearly: our
 * Finished or our alert may be on its way, the server's going is the answer to it, and the worker knows more.
 */
static gboolean
on_peer_gone (int fd, GIOCondition condition, gpointer data)
{
  CardeaHandshake *self = data;

  cardea_source_clear (&self->io_source);
  if (self->state == STATE_ASKING || self->state == STATE_VERIFYING ||
      (self->exchange.decision != NULL &&
       cardea_decision_get_outcome (self->exchange.decision) == CARDEA_SIGN_NOT_YET))
    fail (self,
          cardea_failure_new (NULL, "The server closed the connection while %s. Try again.",
                              self->state == STATE_ASKING      ? "the certificate was being chosen"
                              : self->state == STATE_VERIFYING ? "its own certificate was being verified"
                                                               : "the certificate was being used to sign"));
  return G_SOURCE_REMOVE;
}

static void
watch_peer (CardeaHandshake *self)
{
  watch (self, (GIOCondition)(G_IO_HUP | G_IO_ERR | POLLRDHUP), on_peer_gone);
}

static void
on_look_done (gpointer data)
{
  g_autoptr (CardeaHandshake) self = data;

  if (!end_job (self))
    return;
  switch (self->exchange.verdict_step) {
  case CARDEA_VERDICT_FAILED:
    fail_from_socket (self);
    break;
  case CARDEA_VERDICT_WAIT:
    if (self->verdict_over)
      succeed (self);
    else
      watch_network (self);
    break;
  case CARDEA_VERDICT_ACCEPTED:
  case CARDEA_VERDICT_UNKNOWN:
    self->info->accepted = self->exchange.verdict_step == CARDEA_VERDICT_ACCEPTED;
    succeed (self);
    break;
  }
}

static gboolean
on_network_ready (int fd, GIOCondition condition, gpointer data)
{
  CardeaHandshake *self = data;

  cardea_source_clear (&self->io_source);
  if (self->state == STATE_VERDICT)
    run_job (self, cardea_exchange_look_in_thread, on_look_done);
  else
    start_network_step (self);
  return G_SOURCE_REMOVE;
}

static void
watch_network (CardeaHandshake *self)
{
  GIOCondition condition = G_IO_IN | G_IO_HUP | G_IO_ERR;

  watch (self, self->exchange.socket->wants_write ? condition | G_IO_OUT : condition, on_network_ready);
}

/* FALSE: it was reported. */
static gboolean
note_verified (CardeaHandshake *self)
{
  self->verified = TRUE;
  g_signal_emit (self, signals[SIGNAL_VERIFIED], 0);
  return self->task != NULL;
}

static void
finish (CardeaHandshake *self)
{
  cardea_allowance_stop (&self->time);
  cardea_source_clear (&self->io_source);
  self->info = cardea_exchange_make_info (&self->exchange);
  if (self->info == NULL) {
    fail (self, cardea_failure_new (
                    NULL, "The chosen certificate could not be sent to the server. Try again, and choose "
                          "another one if this happens again."));
    return;
  }
  if (!self->verified && !note_verified (self))
    return;
  if (self->exchange.decision != NULL)
    cardea_decision_revoke (self->exchange.decision);
  set_state (self, STATE_VERDICT);
  if (!self->info->certificate_requested || self->info->accepted) {
    succeed (self);
    return;
  }
  self->extra_source = cardea_source_attach_timer (
      self->context, MAX (CARDEA_LIMIT_VERDICT_MIN_MS * G_GINT64_CONSTANT (1000), 2 * self->round_trip_us),
      on_verdict_over, self);
  run_job (self, cardea_exchange_look_in_thread, on_look_done);
}

static void
ask (CardeaHandshake *self)
{
  CardeaCertificateRequest request = { self->exchange.socket->authorities };

  cardea_allowance_stop (&self->time);
  set_state (self, STATE_ASKING);
  if (self->exchange.socket->authorities_too_large) {
    fail (self, cardea_failure_new (
                    NULL, "The server names more certificate authorities than the limit of %d bytes.",
                    CARDEA_LIMIT_AUTHORITY_NAMES_BYTES));
    return;
  }
  watch_peer (self);
  if (self->requested != NULL)
    self->requested (self, &request, self->requested_data);
  else
    cardea_handshake_answer (self, NULL);
}

/* FALSE: it was reported. */
static gboolean
take_verdict (CardeaHandshake *self)
{
  set_state (self, STATE_VERIFYING);
  if (self->exchange.verify_error != NULL) {
    fail (self, g_steal_pointer (&self->exchange.verify_error));
    return FALSE;
  }
  if (!note_verified (self))
    return FALSE;
  set_state (self, STATE_NETWORK);
  return TRUE;
}

static void
on_blocked (CardeaHandshake *self)
{
  if (self->exchange.socket->request_pending && self->verified) {
    ask (self);
  } else {
    fail (self, cardea_failure_new (NULL, "The TLS library waits for an answer that nobody can give."));
  }
}

static void
advance (CardeaHandshake *self)
{
  switch (self->exchange.step) {
  case CARDEA_STEP_DONE:
    finish (self);
    break;
  case CARDEA_STEP_WAIT:
    cardea_allowance_run (&self->time, self->context, on_time_over, self);
    watch_network (self);
    break;
  case CARDEA_STEP_BLOCKED:
    on_blocked (self);
    break;
  case CARDEA_STEP_FAILED:
    fail_from_socket (self);
    break;
  }
}

static void on_step_done (gpointer data);

static void
on_revocation_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (CardeaHandshake) self = data;

  g_clear_object (&self->asking);
  self->exchange.revocation_answer = cardea_revocation_ask_finish (result);
  if (self->task == NULL)
    return;
  cardea_source_clear (&self->io_source);
  run_job (self, cardea_exchange_conclude_in_thread, on_step_done);
}

/* All else about the server is in order. The time of the network runs on. */
static void
ask_about_revocation (CardeaHandshake *self)
{
  set_state (self, STATE_VERIFYING);
  self->asking = g_cancellable_new ();
  watch_peer (self);
  cardea_revocation_ask_async (self->exchange.revocation, self->exchange.verdict.question, self->asking,
                               on_revocation_known, g_object_ref (self));
}

static void
on_step_done (gpointer data)
{
  g_autoptr (CardeaHandshake) self = data;

  if (!end_job (self))
    return;
  if (self->exchange.verdict.question != NULL) {
    ask_about_revocation (self);
    return;
  }
  if (self->exchange.judged && !self->verified && !take_verdict (self))
    return;
  advance (self);
}

static void
start_network_step (CardeaHandshake *self)
{
  run_job (self, cardea_exchange_step_in_thread, on_step_done);
}

/* The owner may know better why there was no signature, and says so with cardea_handshake_abort() from a
 * callback of its own: that one, queued before the worker came back, goes first. */
static gboolean
on_sign_failure_due (gpointer data)
{
  CardeaHandshake *self = data;

  fail (self, cardea_failure_from_signing (cardea_decision_get_outcome (self->exchange.decision)));
  return G_SOURCE_REMOVE;
}

static void
report_sign_failure_later (CardeaHandshake *self)
{
  cardea_source_clear (&self->io_source);
  cardea_source_clear (&self->extra_source);
  self->extra_source = g_idle_source_new ();
  g_source_set_priority (self->extra_source, G_PRIORITY_LOW);
  g_source_set_callback (self->extra_source, on_sign_failure_due, self, NULL);
  g_source_attach (self->extra_source, self->context);
}

static void
on_answer_done (gpointer data)
{
  g_autoptr (CardeaHandshake) self = data;

  if (!end_job (self))
    return;
  CardeaSignOutcome outcome = self->exchange.decision != NULL
                                  ? cardea_decision_get_outcome (self->exchange.decision)
                                  : CARDEA_SIGN_NOT_YET;
  if (self->exchange.step == CARDEA_STEP_FAILED &&
      (outcome == CARDEA_SIGN_REFUSED || outcome == CARDEA_SIGN_WRONG)) {
    report_sign_failure_later (self);
    return;
  }
  set_state (self, STATE_NETWORK);
  advance (self);
}

void
cardea_handshake_answer (CardeaHandshake *self, const CardeaSigner *signer)
{
  g_return_if_fail (CARDEA_IS_HANDSHAKE (self));
  g_autoptr (CardeaDecision) decision = NULL;
  GError *error = NULL;

  if (signer != NULL)
    decision = cardea_decision_new (signer, &error);
  if (error != NULL) {
    fail (self, error);
    return;
  }
  /* An answer that comes after the end is dropped, its user data with it. */
  if (self->state != STATE_ASKING)
    return;
  self->exchange.decision = g_steal_pointer (&decision);
  if (signer != NULL && cardea_tls12_is_spoken (self->exchange.socket))
    cardea_tls12_limit_rsa (self->exchange.socket, signer->rsa_schemes);
  set_state (self, STATE_SIGNING);
  if (self->exchange.decision == NULL)
    cardea_source_clear (&self->io_source);
  run_job (self, cardea_exchange_answer_in_thread, on_answer_done);
}

void
cardea_handshake_abort (CardeaHandshake *self, GError *error)
{
  g_return_if_fail (CARDEA_IS_HANDSHAKE (self));
  g_return_if_fail (error != NULL);

  fail (self, error);
}

static const char *
get_authority (CardeaAsker *asker)
{
  CardeaHandshake *self = CARDEA_HANDSHAKE (asker);

  g_return_val_if_fail (self->verified, NULL);

  return self->exchange.verdict.authority;
}

static gboolean
can_use (CardeaAsker *asker, CardeaCertificate *certificate, CardeaRsaSchemes rsa_schemes)
{
  CardeaHandshake *self = CARDEA_HANDSHAKE (asker);

  return self->state == STATE_ASKING &&
         cardea_answer_is_possible (self->exchange.socket, certificate, rsa_schemes);
}

static void
implement_asker (CardeaAskerInterface *interface)
{
  interface->get_authority = get_authority;
  interface->can_use = can_use;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  CardeaHandshake *self = data;

  fail (self, cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was cancelled."));
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (CardeaHandshake *self, GCancellable *cancellable)
{
  if (cancellable == NULL)
    return;
  self->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->cancel_source, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->cancel_source, self->context);
}

void
cardea_handshake_run_async (CardeaHandshake *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer data)
{
  g_return_if_fail (CARDEA_IS_HANDSHAKE (self));
  g_return_if_fail (self->state == STATE_NEW);

  self->context = g_main_context_ref_thread_default ();
  self->task = g_task_new (self, cancellable, callback, data);
  g_task_set_check_cancellable (self->task, FALSE);
  g_task_set_source_tag (self->task, cardea_handshake_run_async);
  set_state (self, STATE_NETWORK);
  if (self->exchange.socket == NULL) {
    fail (self, g_steal_pointer (&self->socket_error));
    return;
  }
  watch_cancellable (self, cancellable);
  cardea_allowance_run (&self->time, self->context, on_time_over, self);
  start_network_step (self);
}

CardeaTlsStream *
cardea_handshake_run_finish (CardeaHandshake *self, GAsyncResult *result, CardeaTlsInfo **info,
                             GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  CardeaTlsStream *stream = g_task_propagate_pointer (G_TASK (result), error);

  if (stream != NULL && info != NULL)
    *info = g_steal_pointer (&self->info);
  return stream;
}

CardeaHandshake *
cardea_handshake_new (int fd, const CardeaHandshakeOptions *options, CardeaCertificateRequested requested,
                      gpointer user_data)
{
  g_return_val_if_fail (
      fd >= 0 && options->server_name != NULL && (options->trust != NULL || options->demands != NULL), NULL);
  CardeaHandshake *self = g_object_new (CARDEA_TYPE_HANDSHAKE, NULL);
  guint timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : CARDEA_LIMIT_HANDSHAKE_MS;

  self->round_trip_us = options->round_trip_us;
  self->time.left_us = timeout_ms * G_GINT64_CONSTANT (1000);
  self->requested = requested;
  self->requested_data = user_data;
  cardea_exchange_init (&self->exchange, fd, options, &self->socket_error);
  return self;
}

static void
cardea_handshake_finalize (GObject *object)
{
  CardeaHandshake *self = CARDEA_HANDSHAKE (object);

  cardea_exchange_clear (&self->exchange);
  g_clear_pointer (&self->info, cardea_tls_info_free);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->socket_error);
  G_OBJECT_CLASS (cardea_handshake_parent_class)->finalize (object);
}

static void
cardea_handshake_class_init (CardeaHandshakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_handshake_finalize;
  signals[SIGNAL_VERIFIED] = g_signal_new ("verified", CARDEA_TYPE_HANDSHAKE, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_handshake_init (CardeaHandshake *self)
{
}
