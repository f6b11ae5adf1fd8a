/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token host and its socket, which keeps one packet from running into the next. */

#include "agent/hosts/host-process.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

CardeaProcess *
cardea_host_process_new (const char *const *arguments, const char *const *environment, GMainContext *context,
                         CardeaProcessEnded ended, gpointer data, int *socket, GError **error)
{
  CardeaProcess *child = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (errno), "cannot make a socket pair: %s",
                 g_strerror (errno));
    return NULL;
  }
  /* Only our end: the host waits for its requests. */
  if (g_unix_set_fd_nonblocking (ends[0], TRUE, error))
    child = cardea_process_new (arguments, environment, &ends[1], 1, context, ended, data, error);
  close (ends[1]);
  if (child == NULL)
    close (ends[0]);
  else
    *socket = ends[0];
  return child;
}
