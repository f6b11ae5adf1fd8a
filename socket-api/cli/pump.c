/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Standard input and output become the stream.
 *
 * O_NONBLOCK may not be set on inherited descriptors: the flag belongs to the open file, which is the
 * terminal of the shell as well. So each read comes after poll said that there is something, and each write
 * to a pipe or terminal is at most PIPE_BUF bytes after poll said that there is room, which is what such a
 * write is sure not to block on (pipe(7)). To sockets MSG_DONTWAIT says the same. A direction is read again
 * only when what it holds was written: back-pressure goes through, and neither direction waits for the other.
 */

#include "socket-api/cli/pump.h"

#include <errno.h>
#include <gio/gio.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (64 * 1024)

/* One direction. */
typedef struct
{
  int from;
  int to;
  gboolean from_is_socket;
  gboolean to_is_socket;
  gsize write_max;   /* in one go */
  gboolean read_end; /* nothing more comes from @from */
  gboolean dead;     /* nothing more can go to @to */
  gsize start;       /* of what is held */
  gsize held;
  guint8 *buffer; /* BUFFER_BYTES */
} Flow;

static gboolean
is_type (int fd, mode_t type)
{
  struct stat status;

  return fstat (fd, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

static void
flow_init (Flow *self, int from, int to)
{
  self->from = from;
  self->to = to;
  self->from_is_socket = is_type (from, S_IFSOCK);
  self->to_is_socket = is_type (to, S_IFSOCK);
  self->write_max = self->to_is_socket || is_type (to, S_IFREG) ? BUFFER_BYTES : PIPE_BUF;
  self->buffer = g_malloc (BUFFER_BYTES);
}

static gboolean
flow_wants_read (const Flow *self)
{
  return !self->read_end && !self->dead && self->held == 0;
}

static gboolean
flow_wants_write (const Flow *self)
{
  return !self->dead && self->held > 0;
}

static gboolean
is_over (int code)
{
  return code == ECONNRESET || code == EPIPE || code == ENOTCONN;
}

static gboolean
flow_read (Flow *self, GError **error)
{
  gssize n = self->from_is_socket ? recv (self->from, self->buffer, BUFFER_BYTES, MSG_DONTWAIT)
                                  : read (self->from, self->buffer, BUFFER_BYTES);

  if (n > 0) {
    self->start = 0;
    self->held = (gsize)n;
  } else if (n == 0 || is_over (errno) || errno == EBADF || errno == EIO)
    self->read_end = TRUE; /* EIO: a terminal that hung up */
  else if (errno != EAGAIN && errno != EINTR) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "Reading failed: %s",
                 g_strerror (code));
    return FALSE;
  }
  return TRUE;
}

static gboolean
flow_write (Flow *self, GError **error)
{
  gsize length = MIN (self->held, self->write_max);
  gssize n = self->to_is_socket
                 ? send (self->to, self->buffer + self->start, length, MSG_DONTWAIT | MSG_NOSIGNAL)
                 : write (self->to, self->buffer + self->start, length);

  if (n >= 0) {
    self->start += (gsize)n;
    self->held -= (gsize)n;
  } else if (is_over (errno)) {
    self->dead = TRUE;
    self->held = 0;
  } else if (errno != EAGAIN && errno != EINTR) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "Writing failed: %s",
                 g_strerror (code));
    return FALSE;
  }
  return TRUE;
}

/* One turn for a direction. @readable and @writable: what poll said. */
static gboolean
flow_step (Flow *self, short readable, short writable, GError **error)
{
  if (readable != 0 && flow_wants_read (self) && !flow_read (self, error))
    return FALSE;
  return writable == 0 || !flow_wants_write (self) || flow_write (self, error);
}

static gboolean
pump (Flow *up, Flow *down, gboolean shut_down, GError **error)
{
  gboolean told_end = !shut_down;

  while (!down->read_end || down->held > 0) {
    struct pollfd entries[] = {
      { .fd = flow_wants_read (up) ? up->from : -1, .events = POLLIN },
      { .fd = flow_wants_write (up) ? up->to : -1, .events = POLLOUT },
      { .fd = flow_wants_read (down) ? down->from : -1, .events = POLLIN },
      { .fd = flow_wants_write (down) ? down->to : -1, .events = POLLOUT },
    };

    if (poll (entries, G_N_ELEMENTS (entries), -1) < 0) {
      if (errno == EINTR)
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Waiting failed: %s", g_strerror (errno));
      return FALSE;
    }
    if (!flow_step (up, entries[0].revents, entries[1].revents, error) ||
        !flow_step (down, entries[2].revents, entries[3].revents, error))
      return FALSE;
    if (down->dead) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Nobody reads the output any more");
      return FALSE;
    }
    if (up->read_end && up->held == 0 && !told_end) {
      told_end = TRUE;
      (void)shutdown (up->to, SHUT_WR);
    }
  }
  return TRUE;
}

gboolean
cardea_pump_run (int in, int out, int stream, gboolean shut_down, GError **error)
{
  g_return_val_if_fail (in >= 0 && out >= 0 && stream >= 0, FALSE);

  Flow up = { 0 };
  Flow down = { 0 };
  gboolean ok;

  flow_init (&up, in, stream);
  flow_init (&down, stream, out);
  ok = pump (&up, &down, shut_down, error);
  (void)shutdown (stream, SHUT_RDWR);
  g_free (up.buffer);
  g_free (down.buffer);
  return ok;
}
