/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The virtual card as a program, and what is left of a rig whose test dies. */

#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/fixtures/lab.h"
#include "tests/fixtures/pcsc-rig/pcsc-rig.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the place of vpcd. */
static int
listen_for_card (char **port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &length), ==, 0);
  *port = g_strdup_printf ("%u", ntohs (address.sin_port));
  return fd;
}

static void
ask (int fd, const char *request, gsize request_length, const char *answer, gsize answer_length)
{
  g_autofree char *buffer = g_malloc (answer_length);

  g_assert_cmpint (send (fd, request, request_length, MSG_NOSIGNAL), ==, request_length);
  g_assert_cmpint (recv (fd, buffer, answer_length, MSG_WAITALL), ==, answer_length);
  g_assert_cmpmem (buffer, answer_length, answer, answer_length);
}

static void
test_program (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("pcsc-card-XXXXXX", &error);
  g_autofree char *control = g_build_filename (folder, "card.conf", NULL);
  g_autofree char *port = NULL;
  g_autoptr (GSubprocess) program = NULL;
  int listener = listen_for_card (&port), fd;

  test_card_make (folder, "card", NULL, "9A:p256");
  program = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, g_getenv ("CARDEA_VIRTUAL_CARD"), control,
                              port, NULL);
  g_assert_no_error (error);
  fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  ask (fd, "\0\1\4", 3, "\0\11;\205\1\200s\200!\200\326", 11);
  g_assert_cmpint (send (fd, "\0\1\1", 3, MSG_NOSIGNAL), ==, 3); /* power, which has no answer */
  ask (fd, "\0\4\0\x20\0\x80", 6, "\0\2\x6d\0", 4);
  close (fd);
  g_assert_true (g_subprocess_wait_check (program, NULL, NULL));
  close (listener);
  test_remove_folder (folder);
}

static GArray *
children_of (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (int));

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  words = g_strsplit (g_strstrip (text), " ", -1);
  for (gsize i = 0; words[i] != NULL && *words[i] != '\0'; i++) {
    int child = atoi (words[i]);

    g_array_append_val (pids, child);
  }
  return pids;
}

static void
hold_a_rig (int ready)
{
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);
  PcscRig *rig = pcsc_rig_new (2);

  pcsc_rig_insert (rig, 0, card);
  g_assert_cmpint (write (ready, pcsc_rig_get_socket (rig), strlen (pcsc_rig_get_socket (rig))), >, 0);
  for (;;)
    pause ();
}

/* Killed, a test cleans up nothing: the room and its pcscd go all the same. */
static void
test_killed_test (void)
{
  g_autoptr (GArray) rooms = NULL;
  g_autoptr (GArray) daemons = NULL;
  g_autofree char *folder = NULL;
  char socket[108] = "";
  int ends[2];
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    hold_a_rig (ends[1]);
  g_assert_cmpint (read (ends[0], socket, sizeof socket - 1), >, 0);
  rooms = children_of (child);
  g_assert_cmpuint (rooms->len, ==, 1);
  daemons = children_of (g_array_index (rooms, int, 0));
  g_assert_cmpuint (daemons->len, ==, 1);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  g_assert_true (cardea_lab_wait_until (cardea_lab_is_gone, GINT_TO_POINTER (g_array_index (rooms, int, 0))));
  g_assert_true (
      cardea_lab_wait_until (cardea_lab_is_gone, GINT_TO_POINTER (g_array_index (daemons, int, 0))));
  folder = g_path_get_dirname (socket);
  test_remove_folder (folder);
  close (ends[0]);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pcsc-card/program", test_program);
  g_test_add_func ("/pcsc-card/killed-test", test_killed_test);
  return g_test_run ();
}
