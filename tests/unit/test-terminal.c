/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What counts as a terminal, the things that do not first. None of them leaves a descriptor behind. */

#include <dirent.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/terminal.h"
#include "socket-api/wire/error.h"

static guint
count_descriptors (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  g_assert_nonnull (dir);
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

/* Takes @fd. */
static void
assert_refused (int fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_assert_null (cardea_terminal_new (fd, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
  g_assert_cmpint (fcntl (fd, F_GETFD), <, 0);
}

static void
open_pair (int *master, int *slave)
{
  g_assert_cmpint (openpty (master, slave, NULL, NULL, NULL), ==, 0);
}

static void
test_no_terminal (void)
{
  guint before = count_descriptors ();
  int pair[2];

  assert_refused (open ("/dev/null", O_RDWR));
  assert_refused (open ("/dev/zero", O_RDWR));
  assert_refused (open ("/proc/self/exe", O_RDONLY));
  assert_refused (open ("/", O_RDONLY));
  g_assert_cmpint (pipe (pair), ==, 0);
  assert_refused (pair[0]);
  assert_refused (pair[1]);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
  assert_refused (pair[0]);
  assert_refused (pair[1]);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_wrong_way (void)
{
  static const int flags[] = { O_RDONLY, O_WRONLY, O_PATH };
  int master, slave;
  char *name;

  open_pair (&master, &slave);
  name = ttyname (slave);
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    assert_refused (open (name, flags[i] | O_NOCTTY));
  assert_refused (dup (master));
  close (slave);
  assert_refused (master);
}

static void
test_hung_up (void)
{
  int master, slave;

  open_pair (&master, &slave);
  close (master);
  assert_refused (slave);
}

static void
test_good (void)
{
  g_autoptr (CardeaTerminal) terminal = NULL;
  g_autoptr (CardeaTerminal) again = NULL;
  g_autoptr (CardeaTerminal) other = NULL;
  g_autoptr (GError) error = NULL;
  int master, slave, second_master, second;

  open_pair (&master, &slave);
  open_pair (&second_master, &second);
  terminal = cardea_terminal_new (slave, &error);
  g_assert_no_error (error);
  again = cardea_terminal_new (open (ttyname (slave), O_RDWR | O_NOCTTY), &error);
  g_assert_no_error (error);
  other = cardea_terminal_new (second, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fcntl (cardea_terminal_get_fd (terminal), F_GETFD), ==, FD_CLOEXEC);
  g_assert_cmpuint (cardea_terminal_get_device (terminal), ==, cardea_terminal_get_device (again));
  g_assert_cmpuint (cardea_terminal_get_device (terminal), !=, cardea_terminal_get_device (other));
  close (master);
  close (second_master);
}

/* As a program has it that asks for its controlling terminal: another file, the same device. */
static void
test_controlling (void)
{
  int master, status;
  pid_t pid = forkpty (&master, NULL, NULL, NULL);

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    g_autoptr (CardeaTerminal) named = cardea_terminal_new (open ("/dev/tty", O_RDWR | O_NOCTTY), NULL);
    g_autoptr (CardeaTerminal) own = cardea_terminal_new (dup (STDIN_FILENO), NULL);

    _exit (named != NULL && own != NULL &&
                   cardea_terminal_get_device (named) == cardea_terminal_get_device (own)
               ? 0
               : 1);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  close (master);
}

/* Another user's, as whoever may open it has it. */
static void
test_foreign (void)
{
  int master, slave;

  if (geteuid () != 0) {
    g_test_message ("only root can give a terminal away");
    return;
  }
  open_pair (&master, &slave);
  g_assert_cmpint (fchown (slave, 65534, (gid_t)-1), ==, 0);
  assert_refused (slave);
  close (master);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/terminal/no-terminal", test_no_terminal);
  g_test_add_func ("/terminal/wrong-way", test_wrong_way);
  g_test_add_func ("/terminal/hung-up", test_hung_up);
  g_test_add_func ("/terminal/good", test_good);
  g_test_add_func ("/terminal/controlling", test_controlling);
  g_test_add_func ("/terminal/foreign", test_foreign);
  return g_test_run ();
}
