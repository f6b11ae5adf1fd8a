/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea, the command line of the agent. SIGINT and SIGTERM keep their defaults: the kernel closes the
 * sockets, which cancels what the agent does for us, and the shell sees how we ended. */

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "socket-api/cli/cli.h"

/* A standard descriptor that is closed would be taken by the next socket, which then gets our messages. */
static void
open_standard_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && errno == EBADF)
      (void)open ("/dev/null", O_RDWR | O_NOCTTY);
}

int
main (int argc, char **argv)
{
  int exit_code;

  open_standard_descriptors ();
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  exit_code = cardea_cli_run (argc, argv);
  if (fflush (stdout) == 0 && ferror (stdout) == 0)
    return exit_code;
  if (errno != EPIPE)
    g_printerr ("cardea: The output could not be written: %s.\n", g_strerror (errno));
  return CARDEA_EXIT_FAILURE;
}
