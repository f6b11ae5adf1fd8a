/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A helper of the agent does not outlive it. */

#include "socket-api/private/child.h"

#include <errno.h>
#include <gio/gio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The signal comes only for a parent that ends later: one that had ended before is seen by the pid that made
 * the socket, which the kernel keeps. */
gboolean
cardea_child_die_with_parent (int socket, GError **error)
{
  struct ucred peer;
  socklen_t length = sizeof (peer);

  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot tie this process to its parent: %s",
                 g_strerror (errno));
    return FALSE;
  }
  if (getsockopt (socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.pid != getppid ()) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                         "this program is started by cardea-agent, which gives it a socket");
    return FALSE;
  }
  return TRUE;
}
