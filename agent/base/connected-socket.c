/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A caller's connected socket.
 *
 * A caller hands over whatever it likes, so what came is asked what it is before anything is done with it:
 * only kinds whose calls are known not to wait when told so. Whatever the open file has, flags and options,
 * it shares with each copy; so nothing that matters may rely on it (agent/tls/transport.c). */

#include "agent/base/connected-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

struct _CardeaConnectedSocket
{
  gint ref_count;
  int fd; /* owned; -1 once taken */
  gboolean local;
};

static gboolean
read_option (int fd, int option, int *value)
{
  socklen_t length = sizeof *value;

  return getsockopt (fd, SOL_SOCKET, option, value, &length) == 0;
}

/* NULL, or what is wrong with it. */
static const char *
find_fault (int fd, int *family)
{
  int type, protocol, listens;

  if (!read_option (fd, SO_DOMAIN, family) || !read_option (fd, SO_TYPE, &type) ||
      !read_option (fd, SO_PROTOCOL, &protocol) || !read_option (fd, SO_ACCEPTCONN, &listens))
    return "it is no socket";
  if (type != SOCK_STREAM)
    return "it is no stream socket";
  if (*family != AF_UNIX && *family != AF_INET && *family != AF_INET6)
    return "it is of no family that can be used";
  if (*family != AF_UNIX && protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP)
    return "it is of another protocol than TCP";
  if (listens)
    return "it listens for connections";
  return NULL;
}

/* One whose peer is gone has no peer's name either, but knows why. */
static gboolean
check_connected (int fd, GError **error)
{
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  g_autofree char *message = NULL;
  int reason = 0;

  if (getpeername (fd, (struct sockaddr *)&peer, &length) == 0)
    return TRUE;
  if (!read_option (fd, SO_ERROR, &reason) || reason == 0) {
    cardea_set_error (error, CARDEA_ERROR_INVALID_PARAMETER,
                      "The socket cannot be used: it is not connected");
    return FALSE;
  }
  message = g_strdup_printf ("The program's connection to the server has ended: %s", g_strerror (reason));
  cardea_set_error (error, CARDEA_ERROR_CONNECT_FAILED, "%s", message);
  if (error != NULL) {
    cardea_error_take_parameter (*error, "step", json_string ("connect"));
    cardea_error_take_parameter (*error, "message", json_string (message));
  }
  return FALSE;
}

CardeaConnectedSocket *
cardea_connected_socket_new (int fd, GError **error)
{
  int family = AF_UNSPEC;
  const char *fault = find_fault (fd, &family);
  CardeaConnectedSocket *self;

  if (fault != NULL)
    cardea_set_error (error, CARDEA_ERROR_INVALID_PARAMETER, "The socket cannot be used: %s", fault);
  if (fault != NULL || !check_connected (fd, error)) {
    close (fd);
    return NULL;
  }
  self = g_new0 (CardeaConnectedSocket, 1);
  self->ref_count = 1;
  self->fd = fd;
  self->local = family == AF_UNIX;
  (void)fcntl (fd, F_SETFD, FD_CLOEXEC);
  return self;
}

CardeaConnectedSocket *
cardea_connected_socket_ref (CardeaConnectedSocket *self)
{
  self->ref_count++;
  return self;
}

void
cardea_connected_socket_unref (CardeaConnectedSocket *self)
{
  if (--self->ref_count > 0)
    return;
  if (self->fd >= 0)
    cardea_connected_socket_end (self->fd);
  g_free (self);
}

gboolean
cardea_connected_socket_is_local (const CardeaConnectedSocket *self)
{
  return self->local;
}

static gint64
measure_round_trip (int fd)
{
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_rtt : 0;
}

int
cardea_connected_socket_take (CardeaConnectedSocket *self, gint64 *round_trip_us)
{
  int fd = self->fd;

  g_return_val_if_fail (fd >= 0, -1);

  *round_trip_us = self->local ? 0 : measure_round_trip (fd);
  self->fd = -1;
  return fd;
}

/* Closing the last copy of a TCP socket waits for what it has not sent where it was told to linger, also when
 * it does not block (socket(7)). */
void
cardea_connected_socket_end (int fd)
{
  const struct linger off = { 0 };

  (void)setsockopt (fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
  (void)shutdown (fd, SHUT_RDWR);
  close (fd);
}
