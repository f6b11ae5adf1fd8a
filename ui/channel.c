/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The prompt's end of what it shares with the agent. */

#include "ui/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/frame.h"

#define READ_BYTES (64 * 1024)

struct _CardeaChannel
{
  GObject parent_instance;

  int fd;
  guint source;
  CardeaFrame *frame;
  gboolean asked; /* the question was told */
};

G_DEFINE_FINAL_TYPE (CardeaChannel, cardea_channel, G_TYPE_OBJECT)

enum
{
  QUESTION,
  UPDATE,
  CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static gboolean
tell_question (CardeaChannel *self, GBytes *message, GError **error)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_decode (message, error);

  if (question == NULL)
    return FALSE;
  self->asked = TRUE;
  g_signal_emit (self, signals[QUESTION], 0, question);
  return TRUE;
}

static gboolean
tell_update (CardeaChannel *self, GBytes *message, GError **error)
{
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_decode (message, error);

  if (update == NULL)
    return FALSE;
  g_signal_emit (self, signals[UPDATE], 0, update);
  return TRUE;
}

static gboolean
tell_messages (CardeaChannel *self, GError **error)
{
  gboolean fine = TRUE;

  while (fine) {
    g_autoptr (GBytes) message = cardea_frame_pop (self->frame);

    if (message == NULL)
      return TRUE;
    fine = self->asked ? tell_update (self, message, error) : tell_question (self, message, error);
  }
  return FALSE;
}

/* Reads what there is, once. @end: the agent has ended the channel. */
static gboolean
take_bytes (CardeaChannel *self, gboolean *end, GError **error)
{
  g_autofree guint8 *bytes = g_malloc (READ_BYTES);
  gssize length = recv (self->fd, bytes, READ_BYTES, MSG_DONTWAIT);

  if (length < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  *end = length == 0 || (length < 0 && errno == ECONNRESET);
  if (*end)
    return TRUE;
  if (length < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "The agent cannot be heard: %s",
                 g_strerror (errno));
    return FALSE;
  }
  return cardea_frame_push (self->frame, bytes, (gsize)length, error) && tell_messages (self, error);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (CardeaChannel) self = g_object_ref (data);
  g_autoptr (GError) error = NULL;
  gboolean end = FALSE;

  if (take_bytes (self, &end, &error) && !end)
    return G_SOURCE_CONTINUE;
  self->source = 0;
  g_signal_emit (self, signals[CLOSED], 0, error);
  return G_SOURCE_REMOVE;
}

static void
finalize (GObject *object)
{
  CardeaChannel *self = CARDEA_CHANNEL (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_pointer (&self->frame, cardea_frame_free);
  if (self->fd >= 0)
    close (self->fd);
  G_OBJECT_CLASS (cardea_channel_parent_class)->finalize (object);
}

static guint
make_signal (const char *name)
{
  return g_signal_new (name, CARDEA_TYPE_CHANNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                       G_TYPE_POINTER);
}

static void
cardea_channel_class_init (CardeaChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
  signals[QUESTION] = make_signal ("question");
  signals[UPDATE] = make_signal ("update");
  signals[CLOSED] = make_signal ("closed");
}

static void
cardea_channel_init (CardeaChannel *self)
{
  self->fd = -1;
  self->frame = cardea_frame_new (CARDEA_LIMIT_PROMPT_MESSAGE_BYTES);
}

CardeaChannel *
cardea_channel_new (int fd)
{
  CardeaChannel *self = g_object_new (CARDEA_TYPE_CHANNEL, NULL);

  self->fd = fd;
  self->source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
  return self;
}

gboolean
cardea_channel_send (CardeaChannel *self, CardeaPromptAnswerKind kind, GError **error)
{
  g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_new (kind);

  return cardea_channel_send_answer (self, answer, error);
}

gboolean
cardea_channel_send_answer (CardeaChannel *self, const CardeaPromptAnswer *answer, GError **error)
{
  g_autoptr (GBytes) message = cardea_prompt_answer_encode (answer);
  gsize length = 0;
  const void *bytes = g_bytes_get_data (message, &length);
  gssize sent;

  do
    sent = send (self->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent == (gssize)length)
    return TRUE;
  g_set_error (error, G_IO_ERROR, sent < 0 ? g_io_error_from_errno (errno) : G_IO_ERROR_PARTIAL_INPUT,
               "The agent does not take the answer: %s", sent < 0 ? g_strerror (errno) : "not as a whole");
  return FALSE;
}
