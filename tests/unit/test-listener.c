/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The socket: who may be there first, and what stands in the way. */
#include "agent/api/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket-api/wire/error.h"
#include "tests/fixtures/api-client.h"
#include "tests/fixtures/credentials/credentials.h"

typedef struct
{
  char *top;
  char *folder;
  char *path;
  int incoming; /* -1: none yet */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->top = g_dir_make_tmp ("cardea-listener-XXXXXX", NULL);
  fixture->folder = g_build_filename (fixture->top, "cardea", NULL);
  fixture->path = g_build_filename (fixture->folder, "agent", NULL);
  fixture->incoming = -1;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->incoming >= 0)
    close (fixture->incoming);
  test_remove_folder (fixture->top);
  g_free (fixture->top);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static void
on_incoming (int fd, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpint (fixture->incoming, ==, -1);
  fixture->incoming = fd;
}

static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

static int
bind_to (const char *path, gboolean listening)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  if (listening)
    g_assert_cmpint (listen (fd, 1), ==, 0);
  return fd;
}

static gboolean
has_incoming (gpointer data)
{
  return ((Fixture *)data)->incoming >= 0;
}

static void
assert_serves (Fixture *fixture)
{
  int client = connect_to (fixture->path);

  g_assert_cmpint (client, >=, 0);
  api_wait (has_incoming, fixture);
  g_assert_cmpint (fcntl (fixture->incoming, F_GETFD), ==, FD_CLOEXEC);
  g_assert_true (fcntl (fixture->incoming, F_GETFL) & O_NONBLOCK);
  close (client);
}

static void
assert_refused (Fixture *fixture, const char *path, GQuark domain, int code, const char *remedy)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_listener_new (path, on_incoming, fixture, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, remedy));
}

static void
test_new (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaListener) listener = cardea_listener_new (fixture->path, on_incoming, fixture, &error);
  struct stat info;

  g_assert_no_error (error);
  g_assert_cmpint (stat (fixture->folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  g_assert_cmpint (lstat (fixture->path, &info), ==, 0);
  g_assert_true (S_ISSOCK (info.st_mode));
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  assert_serves (fixture);

  g_clear_pointer (&listener, cardea_listener_free);
  g_assert_cmpint (lstat (fixture->path, &info), ==, -1);
}

static void
test_second (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaListener) listener = cardea_listener_new (fixture->path, on_incoming, fixture, NULL);

  g_assert_nonnull (listener);
  assert_refused (fixture, fixture->path, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "already running");
  assert_serves (fixture);
}

/* Somebody serves it without our lock: systemd's socket. */
static void
test_served_by_other (Fixture *fixture, gconstpointer data)
{
  int other;

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  other = bind_to (fixture->path, TRUE);
  assert_refused (fixture, fixture->path, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "already running");
  g_assert_cmpint (connect_to (fixture->path), >=, 0);
  close (other);
}

static void
test_stale (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaListener) listener = NULL;

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  close (bind_to (fixture->path, TRUE));
  g_assert_cmpint (connect_to (fixture->path), ==, -1);
  listener = cardea_listener_new (fixture->path, on_incoming, fixture, &error);
  g_assert_no_error (error);
  assert_serves (fixture);
}

/* Many start at once where a stale socket is: one gets it, and it serves. */
static void
test_race (Fixture *fixture, gconstpointer data)
{
  pid_t children[8];
  int gate[2], hold[2];
  guint n_won = 0;
  char byte = 'w';

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  close (bind_to (fixture->path, TRUE));
  g_assert_cmpint (pipe (gate), ==, 0);
  g_assert_cmpint (pipe (hold), ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (children); i++) {
    children[i] = fork ();
    if (children[i] > 0)
      continue;

    CardeaListener *listener;
    close (gate[1]);
    close (hold[1]);
    listener = read (gate[0], &byte, 1) == 0 ? cardea_listener_new (fixture->path, on_incoming, fixture, NULL)
                                             : NULL;
    /* The winner stays until all have tried; the losers are through at once. */
    _exit (listener ? (read (hold[0], &byte, 1) == 0 ? 1 : 2) : 0);
  }

  close (gate[0]);
  close (hold[0]);
  close (gate[1]);
  for (guint left = G_N_ELEMENTS (children) - 1; left > 0; left--) {
    int status;

    g_assert_cmpint (waitpid (-1, &status, 0), >, 0);
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  }
  g_assert_cmpint (connect_to (fixture->path), >=, 0);
  close (hold[1]);
  {
    int status;

    g_assert_cmpint (waitpid (-1, &status, 0), >, 0);
    n_won = (guint)WEXITSTATUS (status);
  }
  g_assert_cmpuint (n_won, ==, 1);
}

static void
test_folder_mode (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  g_assert_cmpint (chmod (fixture->folder, 0750), ==, 0);
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "chmod 0700");
  g_assert_cmpint (chmod (fixture->folder, 0701), ==, 0);
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "chmod 0700");
}

static void
test_folder_owner (Fixture *fixture, gconstpointer data)
{
  /* Somebody else's: given away where we may, else one that is root's. */
  if (geteuid () == 0) {
    g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
    g_assert_cmpint (chown (fixture->folder, 65534, 65534), ==, 0);
    assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "another user");
  } else {
    assert_refused (fixture, "/usr/agent", CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "another user");
  }
}

static void
test_folder_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = g_build_filename (fixture->top, "other", NULL);

  g_assert_cmpint (g_mkdir (other, 0700), ==, 0);
  g_assert_cmpint (symlink (other, fixture->folder), ==, 0);
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "link");
}

static void
test_folder_file (Fixture *fixture, gconstpointer data)
{
  g_assert_true (g_file_set_contents (fixture->folder, "x", 1, NULL));
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, fixture->folder);
}

/* What is no socket is never removed. */
static void
test_path_file (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (fixture->path, "precious", -1, NULL));
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "not a socket");
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_IS_REGULAR));
}

static void
test_path_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_build_filename (fixture->top, "elsewhere", NULL);
  int other = bind_to (target, FALSE);

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  g_assert_cmpint (symlink (target, fixture->path), ==, 0);
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "not a socket");
  close (other);
}

static void
test_lock_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *lock = g_strconcat (fixture->path, ".lock", NULL);
  g_autofree char *victim = g_build_filename (fixture->top, "victim", NULL);

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  g_assert_cmpint (symlink (victim, lock), ==, 0);
  assert_refused (fixture, fixture->path, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "remove it");
  g_assert_false (g_file_test (victim, G_FILE_TEST_EXISTS));
}

/* 107 bytes are what fits, 108 do not. */
static void
test_path_length (Fixture *fixture, gconstpointer data)
{
  g_autoptr (CardeaListener) listener = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *fill = g_strnfill (107 - strlen (fixture->folder) - 1, 'a');
  g_autofree char *longest = g_build_filename (fixture->folder, fill, NULL);
  g_autofree char *longer = g_strconcat (longest, "a", NULL);

  g_assert_cmpuint (strlen (longest), ==, 107);
  assert_refused (fixture, longer, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "too long");
  listener = cardea_listener_new (longest, on_incoming, fixture, &error);
  g_assert_no_error (error);
}

static void
test_relative (Fixture *fixture, gconstpointer data)
{
  assert_refused (fixture, "cardea/agent", CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION, "absolute");
}

static void
test_passed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaListener) listener = NULL;
  struct stat info;

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  listener = cardea_listener_new_for_fd (bind_to (fixture->path, TRUE), on_incoming, fixture, &error);
  g_assert_no_error (error);
  assert_serves (fixture);
  /* It is not ours to remove. */
  g_clear_pointer (&listener, cardea_listener_free);
  g_assert_cmpint (lstat (fixture->path, &info), ==, 0);
}

static void
test_passed_wrong (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) not_listening = NULL;
  g_autoptr (GError) no_socket = NULL;
  int fd;

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  fd = bind_to (fixture->path, FALSE);
  g_assert_null (cardea_listener_new_for_fd (fd, on_incoming, fixture, &not_listening));
  g_assert_error (not_listening, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);

  fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_null (cardea_listener_new_for_fd (fd, on_incoming, fixture, &no_socket));
  g_assert_error (no_socket, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
}

#define ADD(name, function) g_test_add ("/listener/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("new", test_new);
  ADD ("second", test_second);
  ADD ("served-by-other", test_served_by_other);
  ADD ("stale", test_stale);
  ADD ("race", test_race);
  ADD ("folder/mode", test_folder_mode);
  ADD ("folder/owner", test_folder_owner);
  ADD ("folder/link", test_folder_link);
  ADD ("folder/file", test_folder_file);
  ADD ("path/file", test_path_file);
  ADD ("path/link", test_path_link);
  ADD ("path/length", test_path_length);
  ADD ("path/relative", test_relative);
  ADD ("lock-link", test_lock_link);
  ADD ("passed", test_passed);
  ADD ("passed-wrong", test_passed_wrong);
  return g_test_run ();
}
