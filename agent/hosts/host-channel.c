/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent's end of a host's socket.
 *
 * A stopped host takes no packets, so what it should get waits in a queue (as long as the table of calls,
 * which is bounded); a talkative one is read some packets at a time, so that it never owns the loop. */

#include "agent/hosts/host-channel.h"

#include <glib-unix.h>
#include <unistd.h>

#include "socket-api/private/host-packet.h"
#include "agent/base/source.h"

#define PACKETS_AT_ONCE 16

typedef struct
{
  GBytes *packet;
  int fd;
} Outgoing;

struct _CardeaHostChannel
{
  gint ref_count;
  int socket; /* -1 once freed */
  GMainContext *context;
  GSource *in, *out; /* out: only while something waits */
  GQueue outgoing;   /* of Outgoing */
  guint8 *buffer;
  CardeaHostChannelReceived received;
  gpointer data;
};

static void
outgoing_free (gpointer data)
{
  Outgoing *self = data;

  g_bytes_unref (self->packet);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

static void
channel_unref (CardeaHostChannel *self)
{
  if (--self->ref_count > 0)
    return;
  g_main_context_unref (self->context);
  g_free (self->buffer);
  g_free (self);
}

void
cardea_host_channel_free (CardeaHostChannel *self)
{
  cardea_source_clear (&self->in);
  cardea_source_clear (&self->out);
  g_queue_clear_full (&self->outgoing, outgoing_free);
  close (g_steal_fd (&self->socket));
  channel_unref (self);
}

static gboolean
finish (CardeaHostChannel *self, const GError *error)
{
  cardea_source_clear (&self->in);
  cardea_source_clear (&self->out);
  self->received (NULL, error, self->data);
  return FALSE;
}

/* FALSE when there is nothing more to read now, or ever. */
static gboolean
receive_one (CardeaHostChannel *self)
{
  g_autoptr (GError) error = NULL;
  CardeaHostMessage message;
  gsize length;

  if (!cardea_host_packet_receive (self->socket, self->buffer, CARDEA_LIMIT_HOST_MESSAGE_BYTES, &length, NULL,
                                   &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return FALSE;
    /* A host that died with packets unread resets the socket: that is an end like another. */
    return finish (self, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA) ? error : NULL);
  }
  if (length == 0)
    return finish (self, NULL);
  if (!cardea_host_message_decode (self->buffer, length, CARDEA_HOST_REPLIES, &message, &error))
    return finish (self, error);
  self->received (&message, NULL, self->data);
  return self->in != NULL;
}

static gboolean
on_socket_readable (int fd, GIOCondition condition, gpointer data)
{
  CardeaHostChannel *self = data;

  self->ref_count++;
  for (guint i = 0; i < PACKETS_AT_ONCE && receive_one (self); i++)
    ;

  gboolean again = self->in != NULL;

  channel_unref (self);
  return again ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* FALSE when the socket is full. An error is left to the reading side, which sees the same end. */
static gboolean
send_first (CardeaHostChannel *self)
{
  Outgoing *first = g_queue_peek_head (&self->outgoing);
  g_autoptr (GError) error = NULL;

  if (!cardea_host_packet_send (self->socket, first->packet, first->fd, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  outgoing_free (g_queue_pop_head (&self->outgoing));
  return TRUE;
}

static gboolean
on_socket_writable (int fd, GIOCondition condition, gpointer data)
{
  CardeaHostChannel *self = data;

  while (!g_queue_is_empty (&self->outgoing))
    if (!send_first (self))
      return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->out, g_source_unref);
  return G_SOURCE_REMOVE;
}

static GSource *
watch (CardeaHostChannel *self, GIOCondition condition, GUnixFDSourceFunc function)
{
  GSource *source = g_unix_fd_source_new (self->socket, condition);

  g_source_set_callback (source, G_SOURCE_FUNC (function), self, NULL);
  g_source_attach (source, self->context);
  return source;
}

void
cardea_host_channel_send (CardeaHostChannel *self, GBytes *packet, int fd)
{
  Outgoing *outgoing = g_new (Outgoing, 1);

  *outgoing = (Outgoing){ packet, fd };
  g_queue_push_tail (&self->outgoing, outgoing);
  if (self->out == NULL && !send_first (self))
    self->out = watch (self, G_IO_OUT, on_socket_writable);
}

CardeaHostChannel *
cardea_host_channel_new (int socket, GMainContext *context, CardeaHostChannelReceived received, gpointer data)
{
  CardeaHostChannel *self = g_new0 (CardeaHostChannel, 1);

  self->ref_count = 1;
  self->socket = socket;
  self->context = g_main_context_ref (context);
  self->buffer = g_malloc (CARDEA_LIMIT_HOST_MESSAGE_BYTES);
  self->received = received;
  self->data = data;
  g_queue_init (&self->outgoing);
  self->in = watch (self, G_IO_IN, on_socket_readable);
  return self;
}
