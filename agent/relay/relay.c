/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The life of one stream: started, moved by its I/O thread, ended once, reported once.
 *
 * Everything but the counters belongs to the I/O thread from the moment the start was posted; the end travels
 * back to the context of whoever started it. The thread's own reference becomes the report's, so a relay
 * outlives both its user's interest and its own end. */

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/relay/relay-private.h"
#include "socket-api/limits.h"
#include "agent/base/source.h"

G_STATIC_ASSERT (G_STRUCT_OFFSET (CardeaRelay, task) == 0);

CardeaRelay *
cardea_relay_ref (CardeaRelay *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
cardea_relay_unref (CardeaRelay *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->references))
    return;
  g_assert (!self->stream && self->program_fd < 0);
  cardea_relay_worker_unref (self->worker);
  g_main_context_unref (self->context);
  g_free (self->refusal);
  cardea_end_free (self->end);
  g_free (self);
}

static gboolean
report (gpointer data)
{
  CardeaRelay *self = data;
  g_assert (g_atomic_int_get (&self->is_over)); /* also what makes the end visible here */
  self->ended (self, self->end, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
post_report (CardeaRelay *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, report, self, (GDestroyNotify)cardea_relay_unref);
  g_source_attach (source, self->context);
}

static void
release (CardeaRelay *self)
{
  cardea_source_clear (&self->drain);
  cardea_relay_worker_unwatch (self->worker, &self->server);
  cardea_relay_worker_unwatch (self->worker, &self->program);
  if (self->adopted)
    cardea_relay_worker_forget (self->worker, &self->task);
  cardea_relay_worker_add_load (self->worker, -1);
  cardea_relay_leftover_drop (&self->to_program, self->to_program.length);
  cardea_relay_leftover_drop (&self->to_server, self->to_server.length);
  if (self->lent)
    shutdown (self->server.fd, SHUT_RDWR); /* whoever has it gives it back, sooner then */
  g_clear_pointer (&self->stream, cardea_tls_stream_free);
  close (self->program_fd);
  self->program_fd = -1;
}

static const char *
describe (CardeaEndHow how)
{
  switch (how) {
  case CARDEA_END_CLEAN:
    return "Both sides ended the stream.";
  case CARDEA_END_TRUNCATED:
    return "The server's connection ended without the end of TLS (close_notify): what arrived may be "
           "incomplete.";
  case CARDEA_END_RESET:
    return "The connection to the server broke; try again.";
  case CARDEA_END_REJECTED:
    return "The server refused the certificate; choose another one, or ask the server's operator.";
  case CARDEA_END_TOKEN_REMOVED:
    return "The token was removed; insert it and connect again.";
  case CARDEA_END_FORGOTTEN:
    return "The decision that allowed this stream was forgotten; connect again to be asked anew.";
  case CARDEA_END_DISCONNECTED:
    return "The program went away, or the stream was disconnected on request.";
  case CARDEA_END_AGENT_STOPPED:
    return "The agent is stopping; connect again when it runs.";
  case CARDEA_END_NOT_AUTHENTICATED:
    return "The server asked for a certificate, and none was sent; connect again.";
  case CARDEA_END_PROTOCOL_ERROR:
  case CARDEA_N_ENDS:
  default:
    return "The server broke the TLS protocol; ask its operator.";
  }
}

static gboolean
is_of_server (CardeaEndHow how)
{
  return how == CARDEA_END_TRUNCATED || how == CARDEA_END_RESET || how == CARDEA_END_REJECTED ||
         how == CARDEA_END_PROTOCOL_ERROR;
}

/* Ends the stream; whoever calls this does not touch it afterwards. @message NULL: the stream's own words, or
 * ours. */
static void
finish (CardeaRelay *self, CardeaEndHow how, const char *message)
{
  const char *alert = NULL;
  if (is_of_server (how)) {
    alert = self->stream->klass->get_alert (self->stream);
    if (!message)
      message = self->stream->klass->get_message (self->stream);
  }
  self->end = cardea_end_new (how, alert, "%s", message ? message : describe (how));
  cardea_relay_get_bytes (self, &self->end->bytes_in, &self->end->bytes_out);
  release (self);
  g_atomic_int_set (&self->is_over, TRUE);
  post_report (self);
}

/* What a program hears of a server that failed it. A program that left first ended the stream itself, except
 * that a refused certificate is always said. */
static CardeaEndHow
judge_failure (CardeaRelay *self)
{
  if (self->refusal)
    return self->program_deaf ? CARDEA_END_DISCONNECTED : CARDEA_END_NOT_AUTHENTICATED;
  if (self->server_state == CARDEA_STREAM_REJECTED)
    return CARDEA_END_REJECTED;
  if (self->program_deaf)
    return CARDEA_END_DISCONNECTED;
  if (self->server_state == CARDEA_STREAM_TRUNCATED)
    return CARDEA_END_TRUNCATED;
  return self->server_state == CARDEA_STREAM_RESET ? CARDEA_END_RESET : CARDEA_END_PROTOCOL_ERROR;
}

/* After close_notify from the server the program may go on writing for as long as the server takes it. */
static gboolean
judge_after_server_end (CardeaRelay *self, CardeaEndHow *how)
{
  gboolean all_told = self->program_ended && self->told_server;
  /* The program is silent and would speak to nobody. */
  gboolean server_gone = self->server.hung_up && !self->to_server.bytes && (self->program_wants & EPOLLIN);
  if (self->write_state == CARDEA_STREAM_OK && !all_told && !server_gone)
    return FALSE;
  if (self->lost_out)
    *how = CARDEA_END_RESET;
  else
    *how = self->lost_in ? CARDEA_END_DISCONNECTED : CARDEA_END_CLEAN;
  return TRUE;
}

static gboolean
judge (CardeaRelay *self, CardeaEndHow *how)
{
  if (self->to_program.bytes)
    return FALSE;
  if (self->server_state == CARDEA_STREAM_END)
    return judge_after_server_end (self, how);
  if (self->server_state != CARDEA_STREAM_OK) {
    *how = judge_failure (self);
    return TRUE;
  }
  /* Nobody is left whom an answer would serve. */
  if (self->asking && self->program.hung_up) {
    *how = CARDEA_END_DISCONNECTED;
    return self->program_ended && self->told_server;
  }
  /* A program that left and missed nothing may have known that it had everything: the server's end will tell.
   */
  *how = CARDEA_END_DISCONNECTED;
  return self->lost_in && self->program_ended && self->told_server && self->write_state == CARDEA_STREAM_OK;
}

static gboolean
on_drain_expired (gpointer data)
{
  CardeaRelay *self = data;
  finish (self, CARDEA_END_DISCONNECTED,
          "The program went away and the server did not end the stream in time.");
  return G_SOURCE_REMOVE;
}

/* Nobody waits for this stream any more: a server that takes nothing, or says nothing, must not keep it for
 * ever. */
static void
start_drain (CardeaRelay *self)
{
  if (self->drain)
    return;
  self->drain = g_timeout_source_new (self->drain_ms);
  g_source_set_callback (self->drain, on_drain_expired, self, NULL);
  g_source_attach (self->drain, cardea_relay_worker_get_context (self->worker));
}

static gboolean
run (CardeaRelayTask *task, guint8 *scratch, gsize scratch_size)
{
  CardeaRelay *self = (CardeaRelay *)task;
  if (self->lent) {
    cardea_relay_look_while_lent (self);
    return FALSE;
  }
  gboolean more = cardea_relay_pump (self, scratch, scratch_size);
  CardeaEndHow how;
  if (judge (self, &how)) {
    finish (self, how, how == CARDEA_END_NOT_AUTHENTICATED ? self->refusal : NULL);
    return FALSE;
  }
  if (self->program.hung_up)
    start_drain (self);
  if (more)
    return TRUE;
  if (!cardea_relay_worker_watch (self->worker, &self->server, self->server_wants) ||
      !cardea_relay_worker_watch (self->worker, &self->program, self->program_wants)) {
    g_autofree char *message = g_strdup_printf ("The stream cannot be watched: %s", g_strerror (errno));
    finish (self, CARDEA_END_DISCONNECTED, message);
  }
  return FALSE;
}

static void
stop (CardeaRelayTask *task)
{
  finish ((CardeaRelay *)task, CARDEA_END_AGENT_STOPPED, NULL);
}

static const CardeaRelayTaskClass task_class = { .run = run, .stop = stop };

static gboolean
begin (gpointer data)
{
  CardeaRelay *self = data;
  self->adopted = TRUE;
  cardea_relay_worker_adopt (self->worker, &self->task);
  cardea_relay_worker_enqueue (self->worker, &self->task);
  return G_SOURCE_REMOVE;
}

static CardeaRelay *
relay_new (CardeaRelayPool *pool, CardeaTlsStream *stream, int program_fd, GBytes *early)
{
  CardeaRelay *self = g_new0 (CardeaRelay, 1);
  g_atomic_ref_count_init (&self->references);
  self->task.klass = &task_class;
  self->worker = cardea_relay_worker_ref (cardea_relay_pool_pick (pool));
  self->stream = stream;
  self->program_fd = program_fd;
  self->server = (CardeaRelayWatch){ .task = &self->task, .fd = stream->klass->get_fd (stream) };
  self->program = (CardeaRelayWatch){ .task = &self->task, .fd = program_fd };
  self->drain_ms = cardea_relay_pool_get_drain_ms (pool);
  self->context = g_main_context_ref_thread_default ();
  gsize length = 0;
  const guint8 *bytes = early ? g_bytes_get_data (early, &length) : NULL;
  cardea_relay_leftover_keep (&self->to_server, bytes, length);
  return self;
}

CardeaRelay *
cardea_relay_start (CardeaRelayPool *pool, CardeaTlsStream *stream, int program_fd, GBytes *early,
                    CardeaRelayEnded ended, gpointer user_data)
{
  CardeaRelay *self = relay_new (pool, stream, program_fd, early);
  self->ended = ended;
  self->user_data = user_data;
  cardea_relay_worker_add_load (self->worker, 1);
  int flags = fcntl (program_fd, F_GETFL);
  if (flags >= 0)
    fcntl (program_fd, F_SETFL, flags | O_NONBLOCK);
  cardea_relay_ref (self); /* the thread's, later the report's */
  if (!cardea_relay_worker_post (self->worker, begin, self, NULL))
    finish (self, CARDEA_END_AGENT_STOPPED, NULL);
  return self;
}

typedef struct
{
  CardeaRelay *relay; /* a reference */
  CardeaEndHow how;
} StopRequest;

static void
stop_request_free (gpointer data)
{
  StopRequest *request = data;
  cardea_relay_unref (request->relay);
  g_free (request);
}

static gboolean
stop_in_thread (gpointer data)
{
  StopRequest *request = data;
  if (!g_atomic_int_get (&request->relay->is_over))
    finish (request->relay, request->how, NULL);
  return G_SOURCE_REMOVE;
}

void
cardea_relay_stop (CardeaRelay *self, CardeaEndHow how)
{
  if (g_atomic_int_get (&self->is_over))
    return;
  StopRequest *request = g_new (StopRequest, 1);
  *request = (StopRequest){ cardea_relay_ref (self), how };
  /* A closed worker has ended it, or is about to. */
  if (!cardea_relay_worker_post (self->worker, stop_in_thread, request, stop_request_free))
    stop_request_free (request);
}

void
cardea_relay_get_bytes (CardeaRelay *self, guint64 *in, guint64 *out)
{
  *in = __atomic_load_n (&self->bytes_in, __ATOMIC_RELAXED);
  *out = __atomic_load_n (&self->bytes_out, __ATOMIC_RELAXED);
}
