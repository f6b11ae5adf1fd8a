/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Moving the bytes of one stream, both ways, without ever waiting.
 *
 * Back-pressure is one rule: nothing is read from a side while the other has not taken what was read before.
 * So at most one scratch buffer is held in each direction, and a slow reader slows the sender by the kernel's
 * own windows. The order of bytes and ends is kept: an end is acted upon only after everything before it was
 * handed over. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/relay/relay-private.h"

/* What one direction may cost in one turn: a few TLS records, well below a millisecond of work. Each piece
 * costs as much as this many bytes besides its own, so that a peer that sends single bytes gets no longer
 * turn than others. */
#define TURN_COST (128 * 1024)
#define PIECE_COST 1024

void
cardea_relay_leftover_keep (CardeaRelayLeftover *self, const guint8 *bytes, gsize length)
{
  g_assert (!self->bytes);
  if (length == 0)
    return;
  self->bytes = g_memdup2 (bytes, length);
  self->length = length;
}

void
cardea_relay_leftover_drop (CardeaRelayLeftover *self, gsize length)
{
  self->start += length;
  self->length -= length;
  if (self->length > 0)
    return;
  g_clear_pointer (&self->bytes, g_free);
  self->start = 0;
}

static void
turn_deaf (CardeaRelay *self)
{
  self->program_deaf = TRUE;
  if (self->to_program.length > 0)
    self->lost_in = TRUE;
  cardea_relay_leftover_drop (&self->to_program, self->to_program.length);
}

/* How many bytes the program took now; all of them when it is deaf, for they have nowhere to go. */
static gsize
send_to_program (CardeaRelay *self, const guint8 *bytes, gsize length)
{
  gssize sent = -1;
  while (!self->program_deaf && sent < 0) {
    sent = send (self->program_fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
      break;
    if (errno == EAGAIN) {
      self->program_wants |= EPOLLOUT;
      return 0;
    }
    if (errno != EINTR)
      turn_deaf (self);
  }
  if (self->program_deaf) {
    self->lost_in = TRUE;
    return length;
  }
  __atomic_add_fetch (&self->bytes_in, (guint64)sent, __ATOMIC_RELAXED);
  return (gsize)sent;
}

/* Nothing came from the server and nothing will be announced: the state that a failed write or a hang-up left
 * behind is all there is to know. */
static void
on_server_silent (CardeaRelay *self)
{
  if (self->write_state != CARDEA_STREAM_OK)
    self->server_state = self->write_state;
  else if (self->server.hung_up)
    self->server_state = CARDEA_STREAM_TRUNCATED;
  else
    self->server_wants |= EPOLLIN;
}

static gboolean
pump_in (CardeaRelay *self, guint8 *scratch, gsize scratch_size)
{
  for (gsize cost = 0; cost < TURN_COST;) {
    CardeaRelayLeftover *leftover = &self->to_program;
    if (leftover->bytes) {
      gsize taken = send_to_program (self, leftover->bytes + leftover->start, leftover->length);
      /* A program that turned deaf has emptied it already. */
      if (leftover->bytes)
        cardea_relay_leftover_drop (leftover, taken);
      if (taken == 0)
        return FALSE;
      cost += taken + PIECE_COST;
      continue;
    }
    if (self->asking)
      cardea_relay_await_answer (self);
    if (self->asking || self->server_state != CARDEA_STREAM_OK)
      return FALSE;
    gsize got = 0;
    CardeaStreamResult result = self->stream->klass->read (self->stream, scratch, scratch_size, &got);
    if (result == CARDEA_STREAM_MORE)
      return TRUE;
    if (result == CARDEA_STREAM_ASKED) {
      cardea_relay_take_request (self);
      return FALSE;
    }
    if (result == CARDEA_STREAM_AGAIN || (result == CARDEA_STREAM_OK && got == 0)) {
      on_server_silent (self);
      return FALSE;
    }
    if (result != CARDEA_STREAM_OK) {
      self->server_state = result;
      return FALSE;
    }
    gsize taken = send_to_program (self, scratch, got);
    cardea_relay_leftover_keep (leftover, scratch + taken, got - taken);
    cost += got + PIECE_COST;
  }
  return TRUE;
}

static void
fail_writing (CardeaRelay *self, CardeaStreamResult result)
{
  self->write_state = result;
  self->told_server = TRUE;
  cardea_relay_leftover_drop (&self->to_server, self->to_server.length);
}

/* As cardea_tls_stream's write, with the bookkeeping of a direction: how many bytes the server's side took
 * now. */
static gsize
write_to_server (CardeaRelay *self, const guint8 *bytes, gsize length)
{
  gsize done = 0;
  CardeaStreamResult result = self->stream->klass->write (self->stream, bytes, length, &done);
  if (result == CARDEA_STREAM_OK && done > 0) {
    __atomic_add_fetch (&self->bytes_out, (guint64)done, __ATOMIC_RELAXED);
    return done;
  }
  gboolean again = result == CARDEA_STREAM_AGAIN || result == CARDEA_STREAM_OK;
  if (again && !self->server.hung_up) {
    self->server_wants |= EPOLLOUT;
    return 0;
  }
  self->lost_out = TRUE;
  fail_writing (self, again ? CARDEA_STREAM_RESET : result);
  return 0;
}

static void
tell_server (CardeaRelay *self)
{
  if (self->told_server)
    return;
  CardeaStreamResult result = self->stream->klass->close_write (self->stream);
  if (result == CARDEA_STREAM_OK)
    self->told_server = TRUE;
  else if (result != CARDEA_STREAM_AGAIN || self->server.hung_up)
    fail_writing (self, result == CARDEA_STREAM_AGAIN ? CARDEA_STREAM_RESET : result);
  else
    self->server_wants |= EPOLLOUT;
}

/* An end of the program's bytes is half a close or a whole one; which of them must not hang on whether epoll
 * has said so yet. */
static void
look_for_hang_up (CardeaRelay *self, gboolean failed)
{
  struct pollfd item = { .fd = self->program_fd };
  /* Any error means that nobody is there: on a Unix socket, one closed with bytes unread. */
  if (!failed && (poll (&item, 1, 0) != 1 || !(item.revents & POLLHUP)))
    return;
  self->program.hung_up = TRUE;
  cardea_relay_worker_unwatch (self->worker, &self->program);
  if (!self->told_program && !self->program_deaf)
    turn_deaf (self);
}

/* The program's next bytes, at most a scratch buffer of them; 0 when there are none now, or never again. */
static gsize
receive_from_program (CardeaRelay *self, guint8 *scratch, gsize scratch_size)
{
  gssize got;
  do
    got = recv (self->program_fd, scratch, scratch_size, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got > 0)
    return (gsize)got;
  if (got < 0 && errno == EAGAIN && !self->program.hung_up) {
    self->program_wants |= EPOLLIN;
    return 0;
  }
  self->program_ended = TRUE;
  look_for_hang_up (self, got < 0);
  return 0;
}

static gboolean
server_takes_bytes (CardeaRelay *self)
{
  return self->write_state == CARDEA_STREAM_OK &&
         (self->server_state == CARDEA_STREAM_OK || self->server_state == CARDEA_STREAM_END);
}

static gboolean
pump_out (CardeaRelay *self, guint8 *scratch, gsize scratch_size)
{
  for (gsize cost = 0; cost < TURN_COST;) {
    if (!server_takes_bytes (self))
      return FALSE;
    CardeaRelayLeftover *leftover = &self->to_server;
    if (leftover->bytes) {
      gsize taken = write_to_server (self, leftover->bytes + leftover->start, leftover->length);
      if (taken == 0)
        return FALSE;
      cardea_relay_leftover_drop (leftover, taken);
      cost += taken + PIECE_COST;
      continue;
    }
    if (self->program_ended) {
      /* After the end of our side no certificate could follow it. */
      if (!self->asking || self->program.hung_up)
        tell_server (self);
      return FALSE;
    }
    gsize got = receive_from_program (self, scratch, scratch_size);
    if (got == 0 && !self->program_ended)
      return FALSE;
    gsize taken = got > 0 ? write_to_server (self, scratch, got) : 0;
    if (self->write_state == CARDEA_STREAM_OK)
      cardea_relay_leftover_keep (leftover, scratch + taken, got - taken);
    cost += got + PIECE_COST;
  }
  return TRUE;
}

/* The clean end of the server's side, once everything before it is delivered. */
static void
tell_program (CardeaRelay *self)
{
  if (self->server_state != CARDEA_STREAM_END || self->to_program.bytes || self->told_program ||
      self->program_deaf)
    return;
  shutdown (self->program_fd, SHUT_WR);
  self->told_program = TRUE;
}

gboolean
cardea_relay_pump (CardeaRelay *self, guint8 *scratch, gsize scratch_size)
{
  self->server_wants = 0;
  self->program_wants = 0;
  /* Whoever closed his end of the socket takes nothing more; having closed it after the server's end was told
   * is fine. */
  if (self->program.hung_up && !self->told_program && !self->program_deaf)
    turn_deaf (self);
  gboolean more = pump_in (self, scratch, scratch_size);
  tell_program (self);
  gboolean could_write = self->write_state == CARDEA_STREAM_OK;
  cardea_relay_flush_answer (self);
  if (pump_out (self, scratch, scratch_size))
    more = TRUE;
  /* Why writing failed is often to be read: another turn, which waits for nothing. */
  return more || (could_write && self->write_state != CARDEA_STREAM_OK);
}
