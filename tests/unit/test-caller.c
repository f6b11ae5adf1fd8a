/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is calling: ourselves, a child, one that is gone, one that hides. */
#include "agent/caller/caller.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket-api/wire/error.h"

/* A listening socket of a name that the kernel chose, and its address. */
static int
make_server (struct sockaddr_un *address, socklen_t *length)
{
  int server = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  g_assert_cmpint (bind (server, (struct sockaddr *)address, sizeof (sa_family_t)), ==, 0);
  g_assert_cmpint (listen (server, 8), ==, 0);
  *length = sizeof *address;
  g_assert_cmpint (getsockname (server, (struct sockaddr *)address, length), ==, 0);
  return server;
}

static int
connect_to (const struct sockaddr_un *address, socklen_t length)
{
  int client = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (connect (client, (const struct sockaddr *)address, length), ==, 0);
  return client;
}

static void
test_self (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCaller) caller = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *key = g_strconcat ("exe:", self, NULL);
  g_autofree char *parent_link = g_strdup_printf ("/proc/%d/exe", (int)getppid ());
  g_autofree char *parent = g_file_read_link (parent_link, NULL);
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  caller = cardea_caller_new_for_socket (ends[0], g_get_monotonic_time (), &error);
  g_assert_no_error (error);
  g_assert_cmpint (cardea_caller_get_strength (caller), ==, CARDEA_CALLER_HOST);
  g_assert_cmpint (cardea_caller_get_confinement (caller), ==, CARDEA_CONFINEMENT_NONE);
  g_assert_cmpint (cardea_caller_get_pid (caller), ==, getpid ());
  g_assert_cmpstr (cardea_caller_get_label (caller), ==, self);
  g_assert_cmpstr (cardea_caller_get_key (caller), ==, key);
  g_assert_cmpstr (cardea_caller_get_parents (caller)[0], ==, parent);
  close (ends[0]);
  close (ends[1]);
}

/* Without the kernel's pidfd this is what tells a pid that came back. */
static void
test_started_later (void)
{
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_null (cardea_caller_new_for_socket (ends[0], 1, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PERMISSION_DENIED);
  close (ends[0]);
  close (ends[1]);
}

static void
test_no_socket (void)
{
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_null (cardea_caller_new_for_socket (ends[0], g_get_monotonic_time (), &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PERMISSION_DENIED);
  close (ends[0]);
  close (ends[1]);
}

/* Runs a child that connects and stays until it is told to go by the end of @hold. */
static pid_t
fork_client (const struct sockaddr_un *address, socklen_t length, int hold[2], gboolean hide)
{
  pid_t child = fork ();
  char byte;

  g_assert_cmpint (child, >=, 0);
  if (child > 0)
    return child;

  close (hold[1]);
  if (hide)
    prctl (PR_SET_DUMPABLE, 0);
  connect_to (address, length);
  _exit (read (hold[0], &byte, 1) == 0 ? 0 : 1);
}

static void
test_child (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCaller) caller = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  struct sockaddr_un address;
  socklen_t length;
  int server = make_server (&address, &length);
  int hold[2];
  int connection, status;
  pid_t child;

  g_assert_cmpint (pipe (hold), ==, 0);
  child = fork_client (&address, length, hold, FALSE);
  connection = accept (server, NULL, NULL);
  caller = cardea_caller_new_for_socket (connection, g_get_monotonic_time (), &error);
  g_assert_no_error (error);
  g_assert_cmpint (cardea_caller_get_pid (caller), ==, child);
  g_assert_cmpstr (cardea_caller_get_parents (caller)[0], ==, self);

  close (hold[1]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  close (hold[0]);
  close (connection);
  close (server);
}

/* Connected, then ended before anybody looked: reaped, or still a zombie. */
static void
test_gone (gconstpointer reaped)
{
  g_autoptr (GError) error = NULL;
  struct sockaddr_un address;
  socklen_t length;
  int server = make_server (&address, &length);
  siginfo_t info;
  int connection;
  pid_t child = fork ();

  if (child == 0) {
    connect_to (&address, length);
    _exit (0);
  }

  connection = accept (server, NULL, NULL);
  g_assert_cmpint (waitid (P_PID, (id_t)child, &info, WEXITED | (reaped ? 0 : WNOWAIT)), ==, 0);
  g_assert_null (cardea_caller_new_for_socket (connection, g_get_monotonic_time (), &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PERMISSION_DENIED);

  if (!reaped)
    waitpid (child, NULL, 0);
  close (connection);
  close (server);
}

/* The test itself may be root, who sees through everything; so the look is taken by a child that is nobody.
 * Its exit code tells. */
static int
look_as_nobody (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCaller) caller = NULL;
  struct sockaddr_un address;
  socklen_t length;
  int server, connection, hold[2];
  pid_t child;

  if (geteuid () == 0 && setresuid (65534, 65534, 65534) != 0)
    return 10;

  server = make_server (&address, &length);
  if (pipe (hold) != 0)
    return 11;
  child = fork_client (&address, length, hold, TRUE);
  connection = accept (server, NULL, NULL);
  caller = cardea_caller_new_for_socket (connection, g_get_monotonic_time (), &error);
  close (hold[1]);
  waitpid (child, NULL, 0);

  if (!caller)
    return 12;
  if (cardea_caller_get_strength (caller) != CARDEA_CALLER_CONFINED)
    return 13;
  if (cardea_caller_get_confinement (caller) != CARDEA_CONFINEMENT_NONE ||
      cardea_caller_may_be_remembered (caller))
    return 14;
  return g_str_equal (cardea_caller_get_key (caller), "unknown:") ? 0 : 15;
}

static void
test_hidden (void)
{
  int status;
  pid_t child = fork ();

  if (child == 0)
    _exit (look_as_nobody ());

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static void
test_other_user (void)
{
  int status, ends[2];
  pid_t child;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  child = fork ();
  if (child == 0) {
    g_autoptr (GError) error = NULL;

    /* A user who is not root cannot become another; then the peer is made another's by looking at a socket of
     * root's. */
    if (geteuid () != 0)
      _exit (0);
    if (setresuid (65534, 65534, 65534) != 0)
      _exit (10);
    if (cardea_caller_new_for_socket (ends[0], g_get_monotonic_time (), &error))
      _exit (11);
    _exit (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PERMISSION_DENIED) ? 0 : 12);
  }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  close (ends[0]);
  close (ends[1]);
}

/* No look leaves a descriptor open. */
static void
test_leaves_nothing (void)
{
  g_autoptr (GDir) before = g_dir_open ("/proc/self/fd", 0, NULL);
  g_autoptr (GDir) after = NULL;
  guint n_before = 0, n_after = 0;
  int ends[2];

  while (g_dir_read_name (before))
    n_before++;
  for (guint i = 0; i < 50; i++) {
    g_autoptr (CardeaCaller) caller = NULL;

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    caller = cardea_caller_new_for_socket (ends[0], i % 2 ? 1 : g_get_monotonic_time (), NULL);
    g_assert_true ((caller == NULL) == (i % 2 == 1));
    close (ends[0]);
    close (ends[1]);
  }
  g_dir_rewind (before);
  after = g_dir_open ("/proc/self/fd", 0, NULL);
  while (g_dir_read_name (after))
    n_after++;
  g_assert_cmpuint (n_after, ==, n_before + 1); /* the second folder's own */
}

static void
test_value (void)
{
  g_autoptr (CardeaCaller) snap =
      cardea_caller_new (CARDEA_CALLER_CONFINED, CARDEA_CONFINEMENT_SNAP, "firefox", "snap:firefox", 7);
  g_autoptr (CardeaCaller) again = cardea_caller_ref (snap);

  g_assert_true (cardea_caller_may_be_remembered (again));
  g_assert_cmpstr (cardea_caller_get_key (again), ==, "snap:firefox");
  g_assert_null (cardea_caller_get_parents (again)[0]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/caller/self", test_self);
  g_test_add_func ("/caller/started-later", test_started_later);
  g_test_add_func ("/caller/no-socket", test_no_socket);
  g_test_add_func ("/caller/child", test_child);
  g_test_add_data_func ("/caller/gone/zombie", NULL, test_gone);
  g_test_add_data_func ("/caller/gone/reaped", "reaped", test_gone);
  g_test_add_func ("/caller/hidden", test_hidden);
  g_test_add_func ("/caller/other-user", test_other_user);
  g_test_add_func ("/caller/leaves-nothing", test_leaves_nothing);
  g_test_add_func ("/caller/value", test_value);
  return g_test_run ();
}
