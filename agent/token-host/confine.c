/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a token host may not do.
 *
 * The module is code of a vendor, working on what a card says. It keeps the user's files (drivers read
 * configuration and databases anywhere) and Unix sockets (the card daemon is behind one); it loses the
 * network, io_uring (which could open sockets past the filter), and every call that reads another process. It
 * dies with the agent. */

#include "agent/token-host/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/private/child.h"
#include "socket-api/secret/secret.h"

static gboolean
set_errno (GError **error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", what, g_strerror (code));
  return FALSE;
}

static gboolean
empty_descriptors (int socket, GError **error)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (null < 0 || dup2 (null, STDIN_FILENO) < 0 || dup2 (null, STDOUT_FILENO) < 0)
    return set_errno (error, errno, "/dev/null");
  if (fcntl (socket, F_SETFD, FD_CLOEXEC) < 0 || (socket > 3 && close_range (3, socket - 1, 0) < 0) ||
      close_range (socket + 1, ~0U, 0) < 0)
    return set_errno (error, errno, "cannot close descriptors");
  setsid (); /* fails where the agent has done it already: either way there is no terminal */
  return TRUE;
}

static gboolean
add_rules (scmp_filter_ctx filter)
{
  static const int denied[] = {
    SCMP_SYS (io_uring_setup),
    SCMP_SYS (ptrace),
    SCMP_SYS (process_vm_readv),
    SCMP_SYS (process_vm_writev),
    SCMP_SYS (pidfd_getfd),
    SCMP_SYS (perf_event_open),
    SCMP_SYS (bpf),
    SCMP_SYS (userfaultfd),
    SCMP_SYS (socketcall),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (denied); i++) {
    int code = seccomp_rule_add (filter, SCMP_ACT_ERRNO (EACCES), denied[i], 0);

    if (code < 0 && code != -EDOM && code != -EINVAL) /* a call this architecture has not */
      return FALSE;
  }
  return seccomp_rule_add (filter, SCMP_ACT_ERRNO (EACCES), SCMP_SYS (socket), 1,
                           SCMP_A0_32 (SCMP_CMP_NE, AF_UNIX)) == 0;
}

/* The filter sets no_new_privs by itself. */
static gboolean
filter_calls (GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  gboolean loaded = filter != NULL && add_rules (filter) && seccomp_load (filter) == 0;

  if (filter != NULL)
    seccomp_release (filter);
  if (!loaded)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot deny the network to the module");
  return loaded;
}

gboolean
cardea_confine_process (int socket, GError **error)
{
  if (!cardea_secret_protect_process (error) || !cardea_child_die_with_parent (socket, error) ||
      !empty_descriptors (socket, error))
    return FALSE;
  signal (SIGPIPE, SIG_IGN);
  return filter_calls (error);
}
