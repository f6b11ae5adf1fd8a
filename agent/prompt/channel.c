/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent's end of a prompt's socket.
 *
 * A prompt that is stopped must not fill the agent's memory: an update tells all there is to know, so the
 * newest takes the place of one that was not begun yet. What a prompt says is short, and read in pieces of
 * that size, one a turn of the loop. */

#include "agent/prompt/channel.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/frame.h"

#define READ_BYTES 4096

struct _CardeaPromptChannel
{
  gint ref_count;
  int socket;      /* -1 once freed */
  guint in, out;   /* sources; 0: none */
  GBytes *current; /* under way, or NULL */
  gsize sent;      /* of it */
  GBytes *next;    /* or NULL */
  CardeaFrame *frame;
  CardeaPromptChannelReceived received;
  gpointer data;
};

static void
channel_unref (CardeaPromptChannel *self)
{
  if (--self->ref_count > 0)
    return;
  cardea_frame_free (self->frame);
  g_free (self);
}

static void
stop (CardeaPromptChannel *self)
{
  g_clear_handle_id (&self->in, g_source_remove);
  g_clear_handle_id (&self->out, g_source_remove);
}

void
cardea_prompt_channel_free (CardeaPromptChannel *self)
{
  if (self == NULL)
    return;
  stop (self);
  g_clear_pointer (&self->current, g_bytes_unref);
  g_clear_pointer (&self->next, g_bytes_unref);
  close (g_steal_fd (&self->socket));
  channel_unref (self);
}

static void
finish (CardeaPromptChannel *self, const GError *error)
{
  stop (self);
  self->received (NULL, error, self->data);
}

static void
read_some (CardeaPromptChannel *self)
{
  g_autoptr (GError) error = NULL;
  char bytes[READ_BYTES];
  gssize length = recv (self->socket, bytes, sizeof bytes, 0);

  if (length < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (length <= 0) { /* a reset is an end like another */
    finish (self, NULL);
    return;
  }
  if (!cardea_frame_push (self->frame, bytes, (gsize)length, &error)) {
    finish (self, error);
    return;
  }
  while (self->in != 0) {
    g_autoptr (GBytes) message = cardea_frame_pop (self->frame);

    if (message == NULL)
      return;
    self->received (message, NULL, self->data);
  }
}

static gboolean
on_socket_readable (int fd, GIOCondition condition, gpointer data)
{
  CardeaPromptChannel *self = data;
  gboolean again;

  self->ref_count++;
  read_some (self);
  again = self->in != 0;
  channel_unref (self);
  return again ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* FALSE when the socket is full. An error is left to the reading side, which sees the same end. */
static gboolean
send_some (CardeaPromptChannel *self)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (self->current, &length);
  gssize sent = send (self->socket, bytes + self->sent, length - self->sent, MSG_NOSIGNAL);

  if (sent < 0 && (errno == EAGAIN || errno == EINTR))
    return FALSE;
  self->sent += sent < 0 ? length - self->sent : (gsize)sent;
  if (self->sent == length) {
    g_bytes_unref (self->current);
    self->current = g_steal_pointer (&self->next);
    self->sent = 0;
  }
  return TRUE;
}

/* FALSE: not now. */
static gboolean
send_all (CardeaPromptChannel *self)
{
  while (self->current != NULL)
    if (!send_some (self))
      return FALSE;
  return TRUE;
}

static gboolean
on_socket_writable (int fd, GIOCondition condition, gpointer data)
{
  CardeaPromptChannel *self = data;

  if (!send_all (self))
    return G_SOURCE_CONTINUE;
  self->out = 0;
  return G_SOURCE_REMOVE;
}

void
cardea_prompt_channel_send (CardeaPromptChannel *self, GBytes *message)
{
  if (self->in == 0) { /* the prompt ended its side */
    g_bytes_unref (message);
    return;
  }
  if (self->current != NULL) {
    g_clear_pointer (&self->next, g_bytes_unref);
    self->next = message;
    return;
  }
  self->current = message;
  if (!send_all (self))
    self->out = g_unix_fd_add (self->socket, G_IO_OUT, on_socket_writable, self);
}

CardeaPromptChannel *
cardea_prompt_channel_new (int socket, CardeaPromptChannelReceived received, gpointer data)
{
  CardeaPromptChannel *self = g_new0 (CardeaPromptChannel, 1);

  self->ref_count = 1;
  self->socket = socket;
  self->frame = cardea_frame_new (CARDEA_LIMIT_PROMPT_ANSWER_BYTES);
  self->received = received;
  self->data = data;
  self->in = g_unix_fd_add (socket, G_IO_IN, on_socket_readable, self);
  return self;
}
