/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of a stream whose server asks for a certificate.
 *
 * Whether and how it is answered is decided on the main loop, which may take minutes; the program's bytes go
 * on to the server meanwhile. Only the signature needs the stream for itself, so only then is it lent. The
 * program's end waits for the answer, since nothing may be sent after it; and a program that is gone needs
 * none. */

#include <poll.h>
#include <sys/epoll.h>

#include "agent/relay/relay-private.h"
#include "agent/tls/later-request.h"

/* What one thread tells the other. */
typedef struct
{
  CardeaRelay *relay; /* a reference */
  CardeaLaterRequest *request;
  CardeaTlsStream *stream; /* on its way to a new owner */
  CardeaStreamResult outcome;
  char *refusal;
} Note;

static Note *
note_new (CardeaRelay *relay)
{
  Note *self = g_new0 (Note, 1);
  self->relay = cardea_relay_ref (relay);
  return self;
}

static void
note_free (gpointer data)
{
  Note *self = data;
  g_clear_object (&self->request);
  g_clear_pointer (&self->stream, cardea_tls_stream_free);
  g_free (self->refusal);
  cardea_relay_unref (self->relay);
  g_free (self);
}

/* In the order in which the end is told, too. Takes @note. */
static void
tell_main_loop (Note *note, GSourceFunc function)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, note, note_free);
  g_source_attach (source, note->relay->context);
}

/* Takes @note; a closed thread has ended the relay, or is about to. */
static void
tell_thread (Note *note, GSourceFunc function)
{
  if (!cardea_relay_worker_post (note->relay->worker, function, note, note_free))
    note_free (note);
}

static gboolean
on_asked (gpointer data)
{
  Note *note = data;
  CardeaRelay *self = note->relay;
  if (self->handlers)
    self->handlers->asked (self, note->request, self->handlers_data);
  else
    cardea_relay_refuse (self, "The server asked for a certificate, and nobody was there to answer.");
  return G_SOURCE_REMOVE;
}

static gboolean
on_server_left (gpointer data)
{
  CardeaRelay *self = ((Note *)data)->relay;
  if (self->handlers)
    self->handlers->server_left (self, self->handlers_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_program_left (gpointer data)
{
  CardeaRelay *self = ((Note *)data)->relay;
  if (self->handlers)
    self->handlers->program_left (self, self->handlers_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_lent (gpointer data)
{
  Note *note = data;
  note->relay->handlers->lent (note->relay, g_steal_pointer (&note->stream), note->relay->handlers_data);
  return G_SOURCE_REMOVE;
}

static void
refuse (CardeaRelay *self, const char *refusal)
{
  g_free (self->refusal);
  self->refusal = g_strdup (refusal);
  self->server_state = CARDEA_STREAM_FAILED;
  self->asking = FALSE;
}

void
cardea_relay_take_request (CardeaRelay *self)
{
  self->asking = TRUE;
  self->server_left = FALSE;
  self->program_left = FALSE;
  if (self->told_server && !self->program.hung_up) {
    refuse (self, "The server asked for a certificate after the program had ended its side of the stream, "
                  "when none could be sent any more.");
    return;
  }
  Note *note = note_new (self);
  note->request = self->stream->klass->take_request (self->stream);
  tell_main_loop (note, on_asked);
  cardea_relay_await_answer (self);
}

/* Whether it is gone; told once. */
static gboolean
look_for_server (CardeaRelay *self)
{
  struct pollfd item = { .fd = self->server.fd, .events = POLLRDHUP };
  if (self->server_left)
    return TRUE;
  if (!self->server.hung_up && poll (&item, 1, 0) != 1)
    return FALSE;
  self->server_left = TRUE;
  tell_main_loop (note_new (self), on_server_left);
  return TRUE;
}

void
cardea_relay_await_answer (CardeaRelay *self)
{
  if (self->write_state != CARDEA_STREAM_OK) {
    self->server_state = self->write_state;
    self->asking = FALSE;
    return;
  }
  if (!look_for_server (self))
    self->server_wants |= EPOLLRDHUP;
}

/* Watched without their bytes, which are the borrower's; what cannot be watched is noticed afterwards. */
void
cardea_relay_look_while_lent (CardeaRelay *self)
{
  if (look_for_server (self))
    cardea_relay_worker_unwatch (self->worker, &self->server);
  else
    cardea_relay_worker_watch (self->worker, &self->server, EPOLLRDHUP);
  if (!self->program.hung_up) {
    cardea_relay_worker_watch (self->worker, &self->program, 0);
  } else if (!self->program_left) {
    self->program_left = TRUE;
    tell_main_loop (note_new (self), on_program_left);
  }
}

void
cardea_relay_flush_answer (CardeaRelay *self)
{
  if (!self->unsent || self->asking || self->server_state != CARDEA_STREAM_OK)
    return;
  self->unsent = self->stream->klass->flush (self->stream);
  if (self->unsent)
    self->server_wants |= EPOLLOUT;
}

void
cardea_relay_set_asking (CardeaRelay *self, const CardeaRelayAsking *asking, gpointer user_data)
{
  self->handlers = asking;
  self->handlers_data = user_data;
}

static gboolean
lend_in_thread (gpointer data)
{
  CardeaRelay *self = ((Note *)data)->relay;
  if (g_atomic_int_get (&self->is_over) || !self->asking || self->lent)
    return G_SOURCE_REMOVE;
  self->lent = TRUE;
  Note *note = note_new (self);
  note->stream = g_steal_pointer (&self->stream);
  tell_main_loop (note, on_lent);
  cardea_relay_look_while_lent (self);
  return G_SOURCE_REMOVE;
}

void
cardea_relay_borrow (CardeaRelay *self)
{
  tell_thread (note_new (self), lend_in_thread);
}

static gboolean
take_back_in_thread (gpointer data)
{
  Note *note = data;
  CardeaRelay *self = note->relay;
  if (g_atomic_int_get (&self->is_over))
    return G_SOURCE_REMOVE;
  self->stream = g_steal_pointer (&note->stream);
  self->lent = FALSE;
  self->asking = FALSE;
  self->unsent = TRUE;
  if (note->refusal)
    refuse (self, note->refusal);
  else
    self->server_state = note->outcome;
  cardea_relay_worker_enqueue (self->worker, &self->task);
  return G_SOURCE_REMOVE;
}

void
cardea_relay_give_back (CardeaRelay *self, CardeaTlsStream *stream, CardeaStreamResult outcome,
                        const char *refusal)
{
  Note *note = note_new (self);
  note->stream = stream;
  note->outcome = outcome;
  note->refusal = g_strdup (refusal);
  tell_thread (note, take_back_in_thread);
}

static gboolean
refuse_in_thread (gpointer data)
{
  Note *note = data;
  CardeaRelay *self = note->relay;
  if (g_atomic_int_get (&self->is_over) || !self->asking || self->lent)
    return G_SOURCE_REMOVE;
  refuse (self, note->refusal);
  cardea_relay_worker_enqueue (self->worker, &self->task);
  return G_SOURCE_REMOVE;
}

void
cardea_relay_refuse (CardeaRelay *self, const char *refusal)
{
  Note *note = note_new (self);
  note->refusal = g_strdup (refusal);
  tell_thread (note, refuse_in_thread);
}
