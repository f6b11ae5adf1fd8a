/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One program's connection.
 *
 * Everything a program can do wrong with a socket ends here: it sends nothing, half a message, too much,
 * descriptors; it does not read, it goes away. The rules: one call at a time, and the next is not even read
 * before the last answer was taken, so that nothing is ever held for a program beyond one message each way.
 * While a call is under way the socket is watched only for the program's end, and bytes sent early stay with
 * the kernel; when the call was an upgrade they become the stream's first. An upgrade call is the last:
 * whatever follows it is never looked at as a call. */
#include "agent/api/peer.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "agent/api/outbox.h"
#include "agent/api/receive.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/frame.h"
#include "agent/base/source.h"

/* A read takes at most this, so what follows an upgrade call in the same read is bounded by it. */
#define READ_BYTES CARDEA_LIMIT_EARLY_BYTES

typedef enum
{
  PEER_READING,   /* for the next call */
  PEER_CALLING,   /* a method is at work */
  PEER_UPGRADING, /* the answer is on its way, then the socket is the stream's */
  PEER_CLOSING,   /* the last answer is on its way */
  PEER_CLOSED,
} PeerState;

static const char *const state_names[] = { "reading", "calling", "upgrading", "closing", "closed" };

typedef struct
{
  GSource source;
  CardeaPeer *peer;
} PeerSource;

struct _CardeaPeer
{
  int fd; /* owned; -1 once closed or handed on */
  CardeaCaller *caller;
  CardeaQuota *quota; /* borrowed */
  gboolean has_slot;
  const CardeaPeerOwner *owner; /* borrowed */
  gpointer user_data;

  PeerState state;
  gboolean at_work; /* within run(): it will see what changed */
  gboolean at_end;  /* the program will send no more */
  gboolean last;    /* the call under way is an upgrade call */
  gboolean untaken; /* the call under way has an answer, of which it was not told that it was taken */
  CardeaFrame *frame;
  int descriptor; /* came with the call that is being read, or -1 */
  CardeaOutbox *outbox;
  CardeaCall *call; /* while CALLING */
  CardeaUpgraded upgraded;
  gpointer upgrade_data;

  GSource *source;
  gpointer tag;
  guint request_timer;
  guint reply_timer;
  guint closed_idle;
};

static void run (CardeaPeer *self);

static void
set_state (CardeaPeer *self, PeerState state)
{
  static const gboolean allowed[][5] = {
    [PEER_READING] = { [PEER_CALLING] = TRUE, [PEER_CLOSING] = TRUE, [PEER_CLOSED] = TRUE },
    [PEER_CALLING] = { [PEER_READING] = TRUE,
                       [PEER_UPGRADING] = TRUE,
                       [PEER_CLOSING] = TRUE,
                       [PEER_CLOSED] = TRUE },
    [PEER_UPGRADING] = { [PEER_CLOSED] = TRUE },
    [PEER_CLOSING] = { [PEER_CLOSED] = TRUE },
    [PEER_CLOSED] = { FALSE },
  };

  g_assert (allowed[self->state][state]);
  g_debug ("connection of %s: %s -> %s", cardea_caller_get_key (self->caller), state_names[self->state],
           state_names[state]);
  self->state = state;
}

static void
give_slot (CardeaPeer *self)
{
  if (!self->has_slot)
    return;

  self->has_slot = FALSE;
  cardea_quota_give (self->quota, cardea_caller_get_key (self->caller));
}

static void
stop_watching (CardeaPeer *self)
{
  g_clear_handle_id (&self->request_timer, g_source_remove);
  g_clear_handle_id (&self->reply_timer, g_source_remove);
  cardea_source_clear (&self->source);
}

static gboolean
on_closed_idle (gpointer user_data)
{
  CardeaPeer *self = user_data;

  self->closed_idle = 0;
  self->owner->closed (self, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
close_descriptor (CardeaPeer *self)
{
  if (self->descriptor >= 0)
    close (self->descriptor);
  self->descriptor = -1;
}

/* Ends the connection. @handed_on: the descriptor is somebody else's now. The owner learns of it from the
 * loop, so nobody frees us while we are still at work. */
static void
end (CardeaPeer *self, gboolean handed_on)
{
  g_autoptr (CardeaCall) call = g_steal_pointer (&self->call);
  CardeaUpgraded upgraded = self->upgraded;

  if (self->state == PEER_CLOSED)
    return;

  set_state (self, PEER_CLOSED);
  stop_watching (self);
  give_slot (self);
  self->upgraded = NULL;
  if (!handed_on)
    close (self->fd);
  self->fd = -1;
  close_descriptor (self);
  self->closed_idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_closed_idle, self, NULL);

  if (call)
    cardea_call_abandon (call);
  if (upgraded && !handed_on)
    upgraded (-1, NULL, self->upgrade_data);
}

static void
queue (CardeaPeer *self, GBytes *message, int descriptor)
{
  if (!cardea_outbox_add (self->outbox, message, descriptor))
    end (self, FALSE);
}

/* Says what is wrong, and that is the end. */
static void
refuse (CardeaPeer *self, const char *parameter, const char *why)
{
  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER, "%s", why);
  g_autoptr (GBytes) message = NULL;

  cardea_error_take_parameter (error, "parameter", json_string (parameter));
  message = cardea_call_error_to_message (error);
  g_debug ("connection of %s refused: %s", cardea_caller_get_key (self->caller), why);
  g_clear_handle_id (&self->request_timer, g_source_remove);
  close_descriptor (self);
  set_state (self, PEER_CLOSING);
  queue (self, message, -1);
}

static void
hand_on (CardeaPeer *self)
{
  g_autoptr (GBytes) rest = cardea_frame_steal_rest (self->frame);
  CardeaUpgraded upgraded = self->upgraded;
  int fd = self->fd;

  end (self, TRUE);
  upgraded (fd, g_bytes_get_size (rest) > 0 ? rest : NULL, self->upgrade_data);
}

/* The call's sink. */

static void
on_call_send (gpointer sink, GBytes *message, int fd)
{
  CardeaPeer *self = sink;

  if (self->state == PEER_CLOSED) {
    if (fd >= 0)
      close (fd);
    return;
  }

  self->untaken = TRUE;
  queue (self, message, fd);
  run (self);
}

static void
on_call_finish (gpointer sink)
{
  CardeaPeer *self = sink;

  if (self->state != PEER_CALLING)
    return;

  g_clear_pointer (&self->call, cardea_call_unref);
  if (!self->has_slot)
    self->has_slot = cardea_quota_take (self->quota, cardea_caller_get_key (self->caller), NULL);
  /* Not to have room for another call is told by the end, after this one's answer. */
  set_state (self, self->last || !self->has_slot ? PEER_CLOSING : PEER_READING);
  run (self);
}

static void
on_call_upgrade (gpointer sink, CardeaUpgraded upgraded, gpointer user_data)
{
  CardeaPeer *self = sink;

  if (self->state != PEER_CALLING) {
    upgraded (-1, NULL, user_data);
    return;
  }

  g_clear_pointer (&self->call, cardea_call_unref);
  self->upgraded = upgraded;
  self->upgrade_data = user_data;
  set_state (self, PEER_UPGRADING);
  run (self);
}

static void
on_call_release (gpointer sink)
{
  give_slot (sink);
}

static const CardeaCallSink call_sink = { on_call_send, on_call_finish, on_call_upgrade, on_call_release };

static void
begin_call (CardeaPeer *self, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCall) call = NULL;
  CardeaWireCall *wire = cardea_wire_call_parse (message, &error);

  g_clear_handle_id (&self->request_timer, g_source_remove);
  if (!wire) {
    refuse (self, "message", error->message);
    return;
  }

  call = cardea_call_new (wire, self->caller, &call_sink, self);
  cardea_call_give_descriptor (call, self->descriptor);
  self->descriptor = -1;
  self->call = cardea_call_ref (call);
  self->last = wire->upgrade;
  self->untaken = FALSE;
  set_state (self, PEER_CALLING);
  self->owner->call (self, call, self->user_data);
}

static void
read_some (CardeaPeer *self)
{
  g_autofree char *buffer = g_malloc (READ_BYTES);
  g_autoptr (GError) error = NULL;
  gboolean begins = !cardea_frame_is_partial (self->frame);
  guint n_descriptors = 0;
  gssize n = cardea_receive (self->fd, buffer, READ_BYTES, &self->descriptor, &n_descriptors);

  if (n < 0 && errno == EAGAIN)
    return;
  if (n < 0) {
    end (self, FALSE);
    return;
  }

  if (n_descriptors > 1 || (n_descriptors > 0 && (!begins || n == 0)))
    refuse (self, "descriptor", "A call has at most one descriptor, with its first byte");
  else if (n == 0)
    self->at_end = TRUE;
  else if (!cardea_frame_push (self->frame, buffer, (gsize)n, &error))
    refuse (self, "message", error->message);
}

/* What can be done without waiting; FALSE when there is nothing. */
static gboolean
advance (CardeaPeer *self)
{
  g_autoptr (GBytes) message = NULL;
  CardeaOutboxState sent;

  if (self->state == PEER_CLOSED)
    return FALSE;

  sent = cardea_outbox_flush (self->outbox, self->fd);
  if (sent == CARDEA_OUTBOX_BROKEN)
    end (self, FALSE);
  if (sent != CARDEA_OUTBOX_EMPTY)
    return FALSE;

  switch (self->state) {
  case PEER_READING:
    message = cardea_frame_pop (self->frame);
    if (message)
      begin_call (self, message);
    else if (self->at_end && cardea_frame_is_partial (self->frame))
      refuse (self, "message", "The connection ended within a message");
    else if (self->at_end)
      end (self, FALSE);
    else
      return FALSE;
    return TRUE;

  case PEER_UPGRADING:
    hand_on (self);
    return FALSE;

  case PEER_CLOSING:
    end (self, FALSE);
    return FALSE;

  case PEER_CALLING:
  case PEER_CLOSED:
  default:
    return FALSE;
  }
}

static gboolean
on_request_late (gpointer user_data)
{
  CardeaPeer *self = user_data;

  self->request_timer = 0;
  refuse (self, "message", "No whole message came in time");
  run (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_reply_late (gpointer user_data)
{
  CardeaPeer *self = user_data;

  self->reply_timer = 0;
  g_debug ("connection of %s: it does not read its answers", cardea_caller_get_key (self->caller));
  end (self, FALSE);
  return G_SOURCE_REMOVE;
}

/* Watches for what can happen next, and for how long. */
static void
watch (CardeaPeer *self)
{
  gboolean waiting = !cardea_outbox_is_empty (self->outbox);
  gboolean reading = self->state == PEER_READING && !waiting;

  g_source_modify_unix_fd (self->source, self->tag, (reading ? G_IO_IN : 0) | (waiting ? G_IO_OUT : 0));

  if (!waiting)
    g_clear_handle_id (&self->reply_timer, g_source_remove);
  else if (self->reply_timer == 0)
    self->reply_timer = g_timeout_add (self->owner->reply_ms, on_reply_late, self);

  if (self->request_timer == 0 && reading && cardea_frame_is_partial (self->frame))
    self->request_timer = g_timeout_add (self->owner->first_request_ms, on_request_late, self);
}

/* It may answer again at once. */
static void
tell_taken (CardeaPeer *self)
{
  g_autoptr (CardeaCall) call = NULL;

  if (!self->untaken || self->state != PEER_CALLING || !cardea_outbox_is_empty (self->outbox))
    return;
  self->untaken = FALSE;
  call = cardea_call_ref (self->call);
  cardea_call_tell_taken (call);
}

/* Methods answer from within the calls that begin them, or long after; either way the work is done in one
 * place and never nests. */
static void
run (CardeaPeer *self)
{
  if (self->at_work || self->state == PEER_CLOSED)
    return;

  self->at_work = TRUE;
  while (advance (self))
    ;
  self->at_work = FALSE;

  if (self->state != PEER_CLOSED)
    watch (self);
  tell_taken (self);
}

static gboolean
on_socket_ready (GSource *source, GSourceFunc callback, gpointer user_data)
{
  CardeaPeer *self = ((PeerSource *)source)->peer;
  GIOCondition condition = g_source_query_unix_fd (source, self->tag);
  gboolean reading = self->state == PEER_READING && cardea_outbox_is_empty (self->outbox);

  /* HUP comes with the last bytes: while reading they are taken first, and their end is seen by reading. */
  if (reading && (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)))
    read_some (self);
  else if (condition & (G_IO_HUP | G_IO_ERR))
    end (self, FALSE);

  run (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = { .dispatch = on_socket_ready };

CardeaPeer *
cardea_peer_new (int fd, CardeaCaller *caller, CardeaQuota *quota, const CardeaPeerOwner *owner,
                 gpointer user_data)
{
  CardeaPeer *self = g_new0 (CardeaPeer, 1);

  self->fd = fd;
  self->descriptor = -1;
  self->caller = cardea_caller_ref (caller);
  self->quota = quota;
  self->has_slot = TRUE;
  self->owner = owner;
  self->user_data = user_data;
  self->frame = cardea_frame_new (CARDEA_LIMIT_MESSAGE_BYTES);
  /* One answer that waits, and one that is put behind it. */
  self->outbox = cardea_outbox_new (2 * (CARDEA_LIMIT_REPLY_BYTES + 1));

  self->source = g_source_new (&source_functions, sizeof (PeerSource));
  ((PeerSource *)self->source)->peer = self;
  self->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  self->request_timer = g_timeout_add (owner->first_request_ms, on_request_late, self);
  return self;
}

void
cardea_peer_free (CardeaPeer *self)
{
  end (self, FALSE);
  g_clear_handle_id (&self->closed_idle, g_source_remove);
  cardea_frame_free (self->frame);
  cardea_outbox_free (self->outbox);
  cardea_caller_unref (self->caller);
  g_free (self);
}
