/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A caller's terminal.
 *
 * A caller hands over whatever it likes, so what came is looked at as a descriptor only: no path is followed,
 * nothing is read or written. It is a terminal's own side, not the master's of a pseudo-terminal, from which
 * everything typed could be read anyway, but on which nobody sits. It belongs to the user, or was opened as
 * /dev/tty, which the kernel gives only to a process whose controlling terminal it is; after su(1) or in a
 * screen of another user's that is the way. */

#include "agent/base/terminal.h"

#include <fcntl.h>
#include <linux/major.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "socket-api/wire/error.h"

struct _CardeaTerminal
{
  gint ref_count;
  int fd;
  guint64 device;
};

/* NULL, or what is wrong with it. */
static const char *
find_fault (int fd)
{
  struct stat info;
  struct termios mode;
  int flags = fcntl (fd, F_GETFL);
  int number;

  if (flags < 0 || fstat (fd, &info) != 0)
    return "it is no open descriptor";
  if (!S_ISCHR (info.st_mode) || tcgetattr (fd, &mode) != 0)
    return "it is no terminal";
  if ((flags & O_ACCMODE) != O_RDWR || (flags & O_PATH) != 0)
    return "it is not open for reading and writing";
  if (ioctl (fd, TIOCGPTN, &number) == 0)
    return "it is the master's side of a pseudo-terminal";
  if (info.st_uid != geteuid () && info.st_rdev != makedev (TTYAUX_MAJOR, 0))
    return "it belongs to another user";
  return NULL;
}

/* /dev/tty and the name of the terminal are two files of one device. */
static guint64
read_device (int fd)
{
  struct stat info = { 0 };
  unsigned int device;

  if (ioctl (fd, TIOCGDEV, &device) == 0)
    return device;
  (void)fstat (fd, &info);
  return info.st_rdev;
}

CardeaTerminal *
cardea_terminal_new (int fd, GError **error)
{
  const char *fault = find_fault (fd);
  CardeaTerminal *self;

  if (fault != NULL) {
    cardea_set_error (error, CARDEA_ERROR_INVALID_PARAMETER, "The terminal cannot be used: %s", fault);
    close (fd);
    return NULL;
  }
  self = g_new0 (CardeaTerminal, 1);
  self->ref_count = 1;
  self->fd = fd;
  self->device = read_device (fd);
  (void)fcntl (fd, F_SETFD, FD_CLOEXEC);
  return self;
}

CardeaTerminal *
cardea_terminal_ref (CardeaTerminal *self)
{
  self->ref_count++;
  return self;
}

void
cardea_terminal_unref (CardeaTerminal *self)
{
  if (--self->ref_count > 0)
    return;
  close (self->fd);
  g_free (self);
}

int
cardea_terminal_get_fd (const CardeaTerminal *self)
{
  return self->fd;
}

guint64
cardea_terminal_get_device (const CardeaTerminal *self)
{
  return self->device;
}
