/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stream over an NSS socket.
 *
 * NSS tells the end of TCP and close_notify apart only by its alert callback, and after an error the next
 * call may say something else: the first result that ends a direction is kept. PR_Write() may take all bytes
 * but one and want that last one again, which the contract of write allows. */

#include "agent/tls/stream-nss.h"

#include "agent/tls/alert.h"
#include "agent/tls/answer.h"
#include "agent/tls/failure.h"
#include "agent/tls/later-request.h"
#include "agent/tls/tls12.h"

#include <poll.h>
#include <ssl.h>

#define LARGE_RECORD 4096

typedef struct
{
  CardeaTlsStream parent;
  CardeaTlsSocket *socket;
  gboolean certificate_sent;
  gboolean has_read;           /* the server sent what shows that it accepted the handshake */
  CardeaStreamResult read_end; /* OK while it goes on */
  gboolean write_closed;
  char *message;
  char *authority;
} NssStream;

static NssStream *
get_self (CardeaTlsStream *stream)
{
  return (NssStream *)stream;
}

/* Before the first data a failed handshake and a refused certificate look the same; some servers say only
 * decrypt_error. */
static gboolean
is_rejection (const NssStream *self, guint alert)
{
  if (cardea_alert_is_about_certificate (alert))
    return TRUE;
  return self->certificate_sent && !self->has_read && cardea_alert_may_be_about_certificate (alert);
}

static CardeaStreamResult
classify (const NssStream *self, PRErrorCode code)
{
  if (self->socket->alert_received >= 0)
    return is_rejection (self, (guint)self->socket->alert_received) ? CARDEA_STREAM_REJECTED
                                                                    : CARDEA_STREAM_FAILED;
  switch (code) {
  case PR_CONNECT_RESET_ERROR:
  case PR_CONNECT_ABORTED_ERROR:
  case PR_NOT_CONNECTED_ERROR:
  case PR_NETWORK_DOWN_ERROR:
  case PR_NETWORK_UNREACHABLE_ERROR:
  case PR_HOST_UNREACHABLE_ERROR:
  case PR_IO_TIMEOUT_ERROR:
  case PR_SOCKET_SHUTDOWN_ERROR:
    return CARDEA_STREAM_RESET;
  case PR_END_OF_FILE_ERROR:
    return CARDEA_STREAM_TRUNCATED;
  default:
    return CARDEA_STREAM_FAILED;
  }
}

static CardeaStreamResult
end_with (NssStream *self, PRErrorCode code)
{
  self->socket->error = code;
  CardeaStreamResult result = classify (self, code);
  if (self->message == NULL) {
    g_autoptr (GError) error =
        cardea_failure_from_socket (self->socket, TRUE, result == CARDEA_STREAM_REJECTED);
    self->message = g_strdup (error->message);
  }
  return result;
}

static CardeaStreamResult
fail (NssStream *self, PRErrorCode code)
{
  return code == PR_WOULD_BLOCK_ERROR ? CARDEA_STREAM_AGAIN : end_with (self, code);
}

/* What comes with the data, or instead of it, may be a ticket. */
static PRInt32
receive (NssStream *self, void *buffer, PRInt32 length, PRIntn flags, PRErrorCode *code)
{
  CardeaTlsSocket *socket = self->socket;

  if (socket->ticket != NULL)
    cardea_ticket_begin_reading (socket->ticket, socket->fd);
  cardea_meter_limit (&socket->meter);
  PRInt32 n = PR_Recv (socket->fd, buffer, length, flags, PR_INTERVAL_NO_WAIT);
  if (n < 0)
    *code = PR_GetError ();
  if (socket->ticket != NULL)
    cardea_ticket_end_reading (socket->ticket, socket->fd);
  return n;
}

/* What one call of NSS gives: bytes of one record at most. */
static CardeaStreamResult
read_record (NssStream *self, void *buffer, gsize length, gsize *done)
{
  if (self->read_end != CARDEA_STREAM_OK)
    return self->read_end;
  PRErrorCode code = 0;
  PRInt32 n = receive (self, buffer, (PRInt32)MIN (length, G_MAXINT32), 0, &code);
  if (n > 0) {
    self->has_read = TRUE;
    *done = (gsize)n;
    return CARDEA_STREAM_OK;
  }
  if (code == PR_WOULD_BLOCK_ERROR && self->socket->request_pending)
    return CARDEA_STREAM_ASKED;
  if (code == PR_WOULD_BLOCK_ERROR && self->socket->meter.ran_out)
    return CARDEA_STREAM_MORE;
  CardeaStreamResult result = n < 0                        ? fail (self, code)
                              : self->socket->close_notify ? CARDEA_STREAM_END
                                                           : CARDEA_STREAM_TRUNCATED;
  if (result != CARDEA_STREAM_AGAIN)
    self->read_end = result;
  return result;
}

/* A large record is one of many: handing on several at once saves the program as many wake-ups. An end that
 * comes after them is kept for the next call. */
static CardeaStreamResult
stream_read (CardeaTlsStream *stream, void *buffer, gsize length, gsize *done)
{
  NssStream *self = get_self (stream);
  gsize total = 0, got = 0;
  CardeaStreamResult result;

  do {
    result = read_record (self, (guint8 *)buffer + total, length - total, &got);
    if (result == CARDEA_STREAM_OK)
      total += got;
  } while (result == CARDEA_STREAM_OK && got >= LARGE_RECORD && total < length);
  if (total == 0)
    return result;
  *done = total;
  return CARDEA_STREAM_OK;
}

static CardeaStreamResult
stream_write (CardeaTlsStream *stream, const void *buffer, gsize length, gsize *done)
{
  NssStream *self = get_self (stream);

  g_return_val_if_fail (!self->write_closed, CARDEA_STREAM_FAILED);
  PRInt32 n = PR_Write (self->socket->fd, buffer, (PRInt32)MIN (length, G_MAXINT32));
  if (n > 0) {
    *done = (gsize)n;
    return CARDEA_STREAM_OK;
  }
  return n == 0 ? CARDEA_STREAM_AGAIN : fail (self, PR_GetError ());
}

/* PR_Shutdown() sends close_notify and at once ends TCP's sending side, with it whatever did not fit: so it
 * waits for room. */
static gboolean
has_room (NssStream *self)
{
  struct pollfd poll_fd = { .fd = self->socket->raw, .events = POLLOUT };

  return poll (&poll_fd, 1, 0) == 1;
}

static CardeaStreamResult
stream_close_write (CardeaTlsStream *stream)
{
  NssStream *self = get_self (stream);

  if (self->write_closed)
    return CARDEA_STREAM_OK;
  if (!has_room (self))
    return CARDEA_STREAM_AGAIN;
  if (PR_Shutdown (self->socket->fd, PR_SHUTDOWN_SEND) != PR_SUCCESS) {
    CardeaStreamResult result = fail (self, PR_GetError ());
    /* Not connected any more: the reading side will say how that came about. */
    return PR_GetError () == PR_NOT_CONNECTED_ERROR ? CARDEA_STREAM_RESET : result;
  }
  self->write_closed = TRUE;
  return CARDEA_STREAM_OK;
}

static gboolean
stream_has_pending (CardeaTlsStream *stream)
{
  NssStream *self = get_self (stream);

  return self->read_end == CARDEA_STREAM_OK && SSL_DataPending (self->socket->fd) > 0;
}

static CardeaLaterRequest *
stream_take_request (CardeaTlsStream *stream)
{
  NssStream *self = get_self (stream);

  return cardea_later_request_new (self->socket, self->authority);
}

/* What follows is the server's verdict on this answer. Tickets are for another session from now on: none is
 * kept. */
static CardeaStreamResult
stream_answer (CardeaTlsStream *stream, CardeaDecision *decision)
{
  NssStream *self = get_self (stream);

  if (self->socket->ticket != NULL) {
    cardea_ticket_drop (self->socket->ticket);
    cardea_ticket_begin_reading (self->socket->ticket, self->socket->fd);
    cardea_ticket_end_reading (self->socket->ticket, self->socket->fd);
  }

  if (cardea_answer_send (self->socket, decision) == CARDEA_STEP_FAILED)
    return self->read_end = end_with (self, self->socket->error);
  self->certificate_sent = decision != NULL;
  self->has_read = FALSE;
  return CARDEA_STREAM_OK;
}

static gboolean
has_unsent (const NssStream *self)
{
  PRInt16 ready = 0;

  return (self->socket->fd->methods->poll (self->socket->fd, PR_POLL_READ, &ready) & PR_POLL_WRITE) != 0;
}

/* Looking at what comes next sends what is left, and takes nothing from those who read. */
static gboolean
stream_flush (CardeaTlsStream *stream)
{
  NssStream *self = get_self (stream);
  PRErrorCode code = 0;
  guint8 byte;

  if (self->read_end != CARDEA_STREAM_OK || !has_unsent (self))
    return FALSE;
  if (receive (self, &byte, sizeof byte, PR_MSG_PEEK, &code) < 0) {
    CardeaStreamResult result = fail (self, code);
    if (result != CARDEA_STREAM_AGAIN)
      self->read_end = result;
  }
  return self->read_end == CARDEA_STREAM_OK && has_unsent (self);
}

static int
stream_get_fd (CardeaTlsStream *stream)
{
  return get_self (stream)->socket->raw;
}

static const char *
stream_get_alert (CardeaTlsStream *stream)
{
  const CardeaTlsSocket *socket = get_self (stream)->socket;

  if (socket->alert_received >= 0)
    return cardea_alert_to_name ((guint)socket->alert_received);
  return socket->alert_sent >= 0 ? cardea_alert_to_name ((guint)socket->alert_sent) : NULL;
}

static const char *
stream_get_message (CardeaTlsStream *stream)
{
  return get_self (stream)->message;
}

static void
stream_free (CardeaTlsStream *stream)
{
  NssStream *self = get_self (stream);

  /* Closing an NSS socket sends close_notify, which would tell the server that a stream that was cut off came
   * to its end. */
  if (!self->write_closed)
    cardea_tls_socket_shutdown (self->socket);
  cardea_tls_socket_unref (self->socket);
  g_free (self->authority);
  g_free (self->message);
  g_free (self);
}

static const CardeaTlsStreamClass nss_stream_class = {
  .read = stream_read,
  .write = stream_write,
  .close_write = stream_close_write,
  .has_pending = stream_has_pending,
  .take_request = stream_take_request,
  .answer = stream_answer,
  .flush = stream_flush,
  .get_fd = stream_get_fd,
  .get_alert = stream_get_alert,
  .get_message = stream_get_message,
  .free = stream_free,
};

CardeaTlsStream *
cardea_nss_stream_new (CardeaTlsSocket *socket, gboolean certificate_sent, const char *authority)
{
  NssStream *self = g_new0 (NssStream, 1);

  self->parent.klass = &nss_stream_class;
  self->socket = socket;
  self->certificate_sent = certificate_sent;
  self->has_read = cardea_tls12_is_spoken (socket); /* its Finished was the answer to ours */
  self->authority = g_strdup (authority);
  return &self->parent;
}
