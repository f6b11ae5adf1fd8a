/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A terminal's mode during a question.
 *
 * The agent has to put a terminal back when a prompt was killed, and knows no more of it than how it was
 * before. So the mode of a question follows from the one before it, and both compute it here.
 *
 * Signals stay: with Ctrl-C the person ends the program that asked, and its question with it, even when the
 * agent hangs. Stopping that program (Ctrl-Z) would hand the terminal to a shell while the question is still
 * on it, so that key does nothing. */

#include "socket-api/private/terminal-mode.h"

#include <string.h>
#include <unistd.h>

static struct termios
make_quiet (const struct termios *before)
{
  struct termios quiet = *before;

  quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
  quiet.c_iflag &= ~(tcflag_t)(INLCR | IGNCR);
  quiet.c_iflag |= ICRNL;
  quiet.c_oflag |= OPOST | ONLCR;
  quiet.c_cc[VMIN] = 0;
  quiet.c_cc[VTIME] = 0;
  quiet.c_cc[VSUSP] = _POSIX_VDISABLE;
  return quiet;
}

gboolean
cardea_terminal_mode_begin (int fd, struct termios *before)
{
  struct termios quiet;

  if (tcgetattr (fd, before) != 0)
    return FALSE;
  quiet = make_quiet (before);
  return tcsetattr (fd, TCSANOW, &quiet) == 0;
}

gboolean
cardea_terminal_mode_is_ours (int fd, const struct termios *before)
{
  struct termios now, quiet = make_quiet (before);

  return tcgetattr (fd, &now) == 0 && now.c_iflag == quiet.c_iflag && now.c_oflag == quiet.c_oflag &&
         now.c_cflag == quiet.c_cflag && now.c_lflag == quiet.c_lflag &&
         memcmp (now.c_cc, quiet.c_cc, sizeof now.c_cc) == 0;
}

/* What was typed until then was meant for the question. */
void
cardea_terminal_mode_end (int fd, const struct termios *before)
{
  if (!cardea_terminal_mode_is_ours (fd, before))
    return;
  (void)tcflush (fd, TCIFLUSH);
  (void)tcsetattr (fd, TCSANOW, before);
}
