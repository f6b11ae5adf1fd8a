/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Probe: a handshake that is not answered.
 *
 * NSS waits for the verdict on the server when its whole part is in: what it asks for is known then, and that
 * it holds its key. There the probe stays. It never tells NSS to go on, so neither a certificate nor a
 * Finished of ours is ever made, whatever the server is; and it has no decision, without which there is no
 * key that NSS could find. */

#include "agent/tls/probe.h"

#include "agent/base/source.h"
#include "agent/tls/allowance.h"
#include "agent/tls/answer.h"
#include "agent/tls/exchange.h"
#include "agent/tls/failure.h"
#include "agent/tls/info.h"
#include "agent/tls/worker.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#include <glib-unix.h>

typedef enum
{
  STATE_NEW,
  STATE_NETWORK, /* a step runs, or the network is awaited */
  STATE_SEEN,    /* NSS waits for us; nobody owns the socket */
  STATE_LEAVING, /* the alert goes out */
  STATE_DONE,
} State;

static const char *const state_names[] = { "new", "network", "seen", "leaving", "done" };

struct _CardeaProbe
{
  GObject parent;

  GError *socket_error; /* why there is no socket; set once */

  /* Main loop only. */
  GMainContext *context;
  State state;
  GTask *task; /* NULL: not begun, or reported */
  GSource *cancel_source;
  GSource *io_source;
  CardeaAllowance time;
  CardeaTlsInfo *info;
  gboolean busy;        /* a worker owns the socket */
  GCancellable *asking; /* the network about revocation; NULL: it is not asked */
  GError *given_up;     /* why, while it does; or NULL */
  void (*left) (gpointer data);
  gpointer left_data;

  CardeaExchange exchange; /* the worker's while busy, else the main loop's */
};

static void implement_asker (CardeaAskerInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaProbe, cardea_probe, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_ASKER, implement_asker))

static void
set_state (CardeaProbe *self, State state)
{
  g_assert (state == self->state + 1 || (state == STATE_DONE && self->state == STATE_NETWORK));
  g_debug ("probe of %s: %s -> %s", self->exchange.server_name, state_names[self->state], state_names[state]);
  self->state = state;
}

static void
stop_waiting (CardeaProbe *self)
{
  cardea_source_clear (&self->cancel_source);
  cardea_source_clear (&self->io_source);
  cardea_allowance_stop (&self->time);
  if (self->asking != NULL)
    g_cancellable_cancel (self->asking);
}

/* Takes @error. A worker that has the socket is back at once, as it waits for nobody, so it is waited for: an
 * agent that stops closes NSS next. */
static void
fail (CardeaProbe *self, GError *error)
{
  g_autoptr (GTask) task = NULL;

  stop_waiting (self);
  if (self->busy) {
    cardea_tls_socket_shutdown (self->exchange.socket);
    self->given_up = error;
    return;
  }
  task = g_steal_pointer (&self->task);
  set_state (self, STATE_DONE);
  g_clear_pointer (&self->exchange.socket, cardea_tls_socket_unref);
  g_task_return_error (task, error);
}

static void
see (CardeaProbe *self)
{
  g_autoptr (GTask) task = NULL;

  self->info = cardea_tls_info_new_so_far (self->exchange.socket);
  if (self->info == NULL) {
    fail (self, cardea_failure_new (NULL, "The TLS library does not tell what was agreed on."));
    return;
  }
  self->info->vouched_by = g_strdup (self->exchange.verdict.vouched_by);
  self->info->revocation = g_strdup (self->exchange.verdict.revocation);
  stop_waiting (self);
  set_state (self, STATE_SEEN);
  task = g_steal_pointer (&self->task);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_time_over (gpointer data)
{
  fail (data, cardea_failure_new_timeout ());
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  fail (data, cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was cancelled."));
  return G_SOURCE_REMOVE;
}

static void start_step (CardeaProbe *self);

static gboolean
on_network_ready (int fd, GIOCondition condition, gpointer data)
{
  CardeaProbe *self = data;

  cardea_source_clear (&self->io_source);
  start_step (self);
  return G_SOURCE_REMOVE;
}

static void
wait_for_network (CardeaProbe *self)
{
  const CardeaTlsSocket *socket = self->exchange.socket;

  self->io_source = g_unix_fd_source_new (socket->raw, (socket->wants_write ? G_IO_OUT : (GIOCondition)0) |
                                                           G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->io_source, G_SOURCE_FUNC (on_network_ready), self, NULL);
  g_source_attach (self->io_source, self->context);
}

static void on_step_done (gpointer data);

/* The worker's reference lasts until it has come back. */
static void
run_job (CardeaProbe *self, CardeaWork job)
{
  self->busy = TRUE;
  cardea_worker_run (self->context, job, &self->exchange, on_step_done, g_object_ref (self));
}

static void
on_revocation_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (CardeaProbe) self = data;

  g_clear_object (&self->asking);
  self->exchange.revocation_answer = cardea_revocation_ask_finish (result);
  if (self->task != NULL)
    run_job (self, cardea_exchange_conclude_in_thread);
}

static void
ask_about_revocation (CardeaProbe *self)
{
  self->asking = g_cancellable_new ();
  cardea_revocation_ask_async (self->exchange.revocation, self->exchange.verdict.question, self->asking,
                               on_revocation_known, g_object_ref (self));
}

static void
on_step_done (gpointer data)
{
  g_autoptr (CardeaProbe) self = data;

  self->busy = FALSE;
  if (self->given_up != NULL)
    fail (self, g_steal_pointer (&self->given_up));
  else if (self->exchange.verdict.question != NULL)
    ask_about_revocation (self);
  else if (self->exchange.judged)
    see (self);
  else if (self->exchange.step == CARDEA_STEP_WAIT)
    wait_for_network (self);
  else
    fail (self, cardea_failure_from_socket (self->exchange.socket, FALSE, FALSE));
}

static void
start_step (CardeaProbe *self)
{
  run_job (self, cardea_exchange_step_in_thread);
}

CardeaProbe *
cardea_probe_new (int fd, const CardeaHandshakeOptions *options)
{
  g_return_val_if_fail (
      fd >= 0 && options->server_name != NULL && (options->trust != NULL || options->demands != NULL), NULL);
  CardeaProbe *self = g_object_new (CARDEA_TYPE_PROBE, NULL);
  guint timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : CARDEA_LIMIT_HANDSHAKE_MS;

  self->exchange.looks_only = TRUE;
  self->time.left_us = timeout_ms * G_GINT64_CONSTANT (1000);
  cardea_exchange_init (&self->exchange, fd, options, &self->socket_error);
  return self;
}

void
cardea_probe_run_async (CardeaProbe *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  g_return_if_fail (CARDEA_IS_PROBE (self) && self->state == STATE_NEW);

  self->context = g_main_context_ref_thread_default ();
  self->task = g_task_new (self, cancellable, callback, data);
  g_task_set_check_cancellable (self->task, FALSE);
  g_task_set_source_tag (self->task, cardea_probe_run_async);
  set_state (self, STATE_NETWORK);
  if (self->exchange.socket == NULL) {
    fail (self, g_steal_pointer (&self->socket_error));
    return;
  }
  if (cancellable != NULL) {
    self->cancel_source = g_cancellable_source_new (cancellable);
    g_source_set_callback (self->cancel_source, G_SOURCE_FUNC (on_cancelled), self, NULL);
    g_source_attach (self->cancel_source, self->context);
  }
  cardea_allowance_run (&self->time, self->context, on_time_over, self);
  start_step (self);
}

gboolean
cardea_probe_run_finish (CardeaProbe *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

const GError *
cardea_probe_get_fault (CardeaProbe *self)
{
  g_return_val_if_fail (CARDEA_IS_PROBE (self), NULL);

  return self->exchange.verify_error;
}

const CardeaTlsInfo *
cardea_probe_get_info (CardeaProbe *self)
{
  g_return_val_if_fail (CARDEA_IS_PROBE (self), NULL);

  return self->info;
}

GPtrArray *
cardea_probe_get_authorities (CardeaProbe *self)
{
  g_return_val_if_fail (CARDEA_IS_PROBE (self) && self->state == STATE_SEEN, NULL);

  return self->exchange.socket->authorities_too_large ? NULL : self->exchange.socket->authorities;
}

static void
on_left (gpointer data)
{
  g_autoptr (CardeaProbe) self = data;

  self->busy = FALSE;
  set_state (self, STATE_DONE);
  g_clear_pointer (&self->exchange.socket, cardea_tls_socket_unref);
  if (self->left != NULL)
    self->left (self->left_data);
}

void
cardea_probe_leave (CardeaProbe *self, void (*left) (gpointer data), gpointer data)
{
  g_return_if_fail (CARDEA_IS_PROBE (self) && self->state == STATE_SEEN);

  set_state (self, STATE_LEAVING);
  self->left = left;
  self->left_data = data;
  self->busy = TRUE;
  cardea_worker_run (self->context, cardea_exchange_leave_in_thread, &self->exchange, on_left,
                     g_object_ref (self));
}

static const char *
get_authority (CardeaAsker *asker)
{
  return CARDEA_PROBE (asker)->exchange.verdict.authority;
}

static gboolean
can_use (CardeaAsker *asker, CardeaCertificate *certificate, CardeaRsaSchemes rsa_schemes)
{
  CardeaProbe *self = CARDEA_PROBE (asker);

  return self->state == STATE_SEEN && self->exchange.socket->request_pending &&
         cardea_answer_is_possible (self->exchange.socket, certificate, rsa_schemes);
}

static void
implement_asker (CardeaAskerInterface *interface)
{
  interface->get_authority = get_authority;
  interface->can_use = can_use;
}

static void
cardea_probe_finalize (GObject *object)
{
  CardeaProbe *self = CARDEA_PROBE (object);

  cardea_exchange_clear (&self->exchange);
  g_clear_pointer (&self->info, cardea_tls_info_free);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->socket_error);
  G_OBJECT_CLASS (cardea_probe_parent_class)->finalize (object);
}

static void
cardea_probe_class_init (CardeaProbeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_probe_finalize;
}

static void
cardea_probe_init (CardeaProbe *self)
{
}
