/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The secret type: what it refuses, and that its pages are what it promises. */

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/secret/pair.h"
#include "socket-api/secret/secret.h"

#define NOBODY 65534

/* Takes the place of the C library's, to see what pages hold when they are given back. */
static const guint8 *watched;
static gboolean watched_was_erased;
static gboolean watched_was_unmapped;

int munmap (void *address, size_t length);

int
munmap (void *address, size_t length)
{
  if (address == watched && watched) {
    watched_was_unmapped = TRUE;
    watched_was_erased = TRUE;
    for (size_t i = 0; i < length; i++)
      watched_was_erased = watched_was_erased && watched[i] == 0;
    watched = NULL;
  }
  return (int)syscall (SYS_munmap, address, length);
}

/* The read end of a pipe that holds @bytes and then ends. */
static int
make_pipe (const void *bytes, gsize length)
{
  int ends[2];
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (ends[1], bytes, length), ==, (gssize)length);
  g_assert_cmpint (close (ends[1]), ==, 0);
  return ends[0];
}

static CardeaSecret *
read_secret (const void *bytes, gsize length, gboolean strip_newline, GError **error)
{
  int fd = make_pipe (bytes, length);
  CardeaSecret *secret = cardea_secret_new_from_fd (fd, CARDEA_LIMIT_PIN_BYTES, strip_newline, 10000, error);
  g_assert_cmpint (close (fd), ==, 0);
  return secret;
}

static void
assert_refused (const void *bytes, gsize length, gboolean strip_newline)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (read_secret (bytes, length, strip_newline, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
assert_content (const CardeaSecret *secret, const void *expected, gsize expected_length)
{
  gsize length = 0;
  const guint8 *bytes = cardea_secret_peek (secret, &length);
  g_assert_cmpmem (bytes, length, expected, expected_length);
  g_assert_cmpuint (cardea_secret_get_length (secret), ==, expected_length);
}

static void
assert_read (const void *bytes, gsize length, gboolean strip_newline, gsize expected_length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSecret) secret = read_secret (bytes, length, strip_newline, &error);
  g_assert_no_error (error);
  assert_content (secret, bytes, expected_length);
}

static void
test_empty (void)
{
  g_autoptr (GError) error = NULL;
  assert_refused ("", 0, FALSE);
  assert_refused ("", 0, TRUE);
  assert_refused ("\n", 1, TRUE);
  g_assert_null (cardea_secret_new ("", 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_nul (void)
{
  assert_refused ("12\00034", 5, FALSE);
  assert_refused ("1234\0", 5, FALSE);
  assert_refused ("1234\0\n", 6, TRUE);
}

static void
test_length (void)
{
  g_autofree char *bytes = g_strnfill (CARDEA_LIMIT_PIN_BYTES + 45, '7');
  assert_read (bytes, CARDEA_LIMIT_PIN_BYTES, FALSE, CARDEA_LIMIT_PIN_BYTES);
  assert_refused (bytes, CARDEA_LIMIT_PIN_BYTES + 1, FALSE);
  assert_refused (bytes, CARDEA_LIMIT_PIN_BYTES + 1, TRUE);
  assert_refused (bytes, CARDEA_LIMIT_PIN_BYTES + 45, FALSE);
}

static void
test_newline (void)
{
  g_autofree char *bytes = g_strnfill (CARDEA_LIMIT_PIN_BYTES + 2, '7');
  bytes[CARDEA_LIMIT_PIN_BYTES] = '\n';
  bytes[CARDEA_LIMIT_PIN_BYTES + 1] = '\n';
  assert_read (bytes, CARDEA_LIMIT_PIN_BYTES + 1, TRUE, CARDEA_LIMIT_PIN_BYTES);
  assert_refused (bytes, CARDEA_LIMIT_PIN_BYTES + 1, FALSE);
  assert_refused (bytes, CARDEA_LIMIT_PIN_BYTES + 2, TRUE);
  assert_read ("1234\n", 5, TRUE, 4);
  assert_read ("1234\n", 5, FALSE, 5);
  assert_read ("1234\n\n", 6, TRUE, 5);
  assert_read ("12\n34", 5, TRUE, 5);
}

static void
test_too_long_for_a_pipe (void)
{
  g_autofree char *bytes = g_strnfill (4097, '7');
  g_autoptr (GError) error = NULL;
  g_assert_null (cardea_secret_new (bytes, 4097, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_autoptr (CardeaSecret) largest = cardea_secret_new (bytes, 4096, &error);
  g_assert_no_error (error);
  int fd = cardea_secret_to_pipe (largest, &error);
  g_assert_no_error (error);
  g_autoptr (CardeaSecret) copy = cardea_secret_new_from_fd (fd, 4096, FALSE, 0, &error);
  g_assert_no_error (error);
  g_assert_true (cardea_secret_equal (largest, copy));
  g_assert_cmpint (close (fd), ==, 0);
}

static void
test_unreadable (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (cardea_secret_new_from_fd (-1, CARDEA_LIMIT_PIN_BYTES, FALSE, -1, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  int folder = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_null (cardea_secret_new_from_fd (folder, CARDEA_LIMIT_PIN_BYTES, FALSE, 1000, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_cmpint (close (folder), ==, 0);
}

/* A writer that never ends costs the timeout and no more, whether it wrote something or not. */
static void
test_timeout (void)
{
  const int timeouts[] = { 0, 20 };
  int ends[2];
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (cardea_secret_new_from_fd (ends[0], CARDEA_LIMIT_PIN_BYTES, FALSE, timeouts[i], &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    g_assert_cmpint (write (ends[1], "12", 2), ==, 2);
  }
  g_assert_cmpint (close (ends[0]), ==, 0);
  g_assert_cmpint (close (ends[1]), ==, 0);
}

static void
test_pipe (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSecret) secret = cardea_secret_new ("123456", 6, &error);
  g_assert_no_error (error);
  int fd = cardea_secret_to_pipe (secret, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  char buffer[16];
  g_assert_cmpint (read (fd, buffer, sizeof buffer), ==, 6);
  g_assert_cmpmem (buffer, 6, "123456", 6);
  g_assert_cmpint (read (fd, buffer, sizeof buffer), ==, 0);
  g_assert_cmpint (close (fd), ==, 0);
}

static void
test_pipe_without_descriptors (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSecret) secret = cardea_secret_new ("123456", 6, &error);
  g_assert_no_error (error);
  struct rlimit before;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  const struct rlimit none = { 0, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  int fd = cardea_secret_to_pipe (secret, &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_assert_cmpint (fd, ==, -1);
  g_assert_nonnull (error);
}

static void
test_equal (void)
{
  g_autoptr (CardeaSecret) one = cardea_secret_new ("1234", 4, NULL);
  g_autoptr (CardeaSecret) same = cardea_secret_new ("1234", 4, NULL);
  g_autoptr (CardeaSecret) last = cardea_secret_new ("1235", 4, NULL);
  g_autoptr (CardeaSecret) longer = cardea_secret_new ("12345", 5, NULL);
  g_assert_true (cardea_secret_equal (one, same));
  g_assert_true (cardea_secret_equal (one, one));
  g_assert_false (cardea_secret_equal (one, last));
  g_assert_false (cardea_secret_equal (one, longer));
}

/* Erased when the last reference goes, not before. */
static void
test_erased (void)
{
  CardeaSecret *secret = cardea_secret_new ("1234", 4, NULL);
  CardeaSecret *second = cardea_secret_ref (secret);
  watched = cardea_secret_peek (secret, NULL);
  watched_was_erased = watched_was_unmapped = FALSE;
  cardea_secret_unref (secret);
  g_assert_false (watched_was_unmapped);
  assert_content (second, "1234", 4);
  cardea_secret_unref (second);
  g_assert_true (watched_was_unmapped);
  g_assert_true (watched_was_erased);
}

/* The two-letter flags of the mapping that holds @address (proc(5), VmFlags). */
static char *
get_mapping_flags (const void *address)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *maps = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &maps, NULL, &error));
  g_auto (GStrv) lines = g_strsplit (maps, "\n", -1);
  gboolean inside = FALSE;
  for (char **line = lines; *line; line++) {
    guint64 from = 0;
    guint64 to = 0;
    if (sscanf (*line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &from, &to) == 2)
      inside = (guint64)(gsize)address >= from && (guint64)(gsize)address < to;
    else if (inside && g_str_has_prefix (*line, "VmFlags:"))
      return g_strconcat (*line, " ", NULL);
  }
  return g_strdup ("");
}

static void
test_page_flags (void)
{
  g_autoptr (CardeaSecret) secret = cardea_secret_new ("1234", 4, NULL);
  g_autofree char *flags = get_mapping_flags (cardea_secret_peek (secret, NULL));
  g_assert_nonnull (strstr (flags, " lo ")); /* locked */
  g_assert_nonnull (strstr (flags, " dd ")); /* not dumped */
  g_assert_nonnull (strstr (flags, " wf ")); /* wiped on fork */
  g_assert_null (strstr (flags, " wr "));    /* immutable */
}

static int
wait_exit_status (pid_t child)
{
  int status = 0;
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void
test_child_sees_nothing (void)
{
  g_autoptr (CardeaSecret) secret = cardea_secret_new ("1234", 4, NULL);
  const guint8 *bytes = cardea_secret_peek (secret, NULL);
  pid_t child = fork ();
  if (child == 0)
    _exit (bytes[0] == 0 && bytes[3] == 0 ? 0 : 1);
  g_assert_cmpint (wait_exit_status (child), ==, 0);
  assert_content (secret, "1234", 4);
}

/* Without memory to lock there is no secret; root's capability would hide it, so root gives it up. */
static void
test_locking_fails (void)
{
  pid_t child = fork ();
  if (child == 0) {
    const struct rlimit none = { 0, 0 };
    g_autoptr (GError) error = NULL;
    if (setrlimit (RLIMIT_MEMLOCK, &none) != 0 ||
        (geteuid () == 0 && setresuid (NOBODY, NOBODY, NOBODY) != 0))
      _exit (2);
    CardeaSecret *secret = cardea_secret_new ("1234", 4, &error);
    _exit (!secret && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ? 0 : 1);
  }
  g_assert_cmpint (wait_exit_status (child), ==, 0);
}

static void
test_protect (void)
{
  pid_t child = fork ();
  if (child == 0) {
    struct rlimit core = { 1, 1 };
    g_autoptr (GError) error = NULL;
    gboolean protected = cardea_secret_protect_process (&error);
    _exit (protected && !error && prctl (PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                   getrlimit (RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0
               ? 0
               : 1);
  }
  g_assert_cmpint (wait_exit_status (child), ==, 0);
}

static void
test_traced (void)
{
  pid_t child = fork ();
  if (child == 0) {
    g_autoptr (GError) error = NULL;
    if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit (2);
    gboolean protected = cardea_secret_protect_process (&error);
    _exit (!protected && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ? 0 : 1);
  }
  g_assert_cmpint (wait_exit_status (child), ==, 0);
}

static void
assert_is (CardeaSecret *secret, const char *wanted, gsize length)
{
  gsize got;
  const guint8 *bytes = cardea_secret_peek (secret, &got);

  g_assert_cmpmem (bytes, got, wanted, length);
}

/* Both at their limit and one past it, and what is no pair. */
static void
test_pair (void)
{
  g_autofree char *long_text = g_strnfill (CARDEA_LIMIT_PIN_BYTES + 1, '7');
  g_autoptr (CardeaSecret) one = cardea_secret_new ("1234", 4, NULL);
  g_autoptr (CardeaSecret) most = cardea_secret_new (long_text, CARDEA_LIMIT_PIN_BYTES, NULL);
  g_autoptr (CardeaSecret) more = cardea_secret_new (long_text, CARDEA_LIMIT_PIN_BYTES + 1, NULL);
  g_autoptr (CardeaSecret) both = cardea_secret_join (one, most, NULL);
  g_autoptr (CardeaSecret) full = cardea_secret_join (most, most, NULL);
  g_autoptr (CardeaSecret) first = NULL, second = NULL, none = NULL;
  static const char *const odd[] = { "1", "\004123", "\0041234", "\3771234" };

  g_assert_true (cardea_secret_split (both, &first, &second, NULL));
  assert_is (first, "1234", 4);
  assert_is (second, long_text, CARDEA_LIMIT_PIN_BYTES);
  g_assert_cmpuint (cardea_secret_get_length (full), ==, CARDEA_LIMIT_PIN_PAIR_BYTES);
  g_assert_null (cardea_secret_join (one, more, NULL));
  g_assert_null (cardea_secret_join (more, one, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autoptr (CardeaSecret) secret = cardea_secret_new (odd[i], strlen (odd[i]), NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (cardea_secret_split (secret, &none, &none, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    g_assert_null (none);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secret/empty", test_empty);
  g_test_add_func ("/secret/nul", test_nul);
  g_test_add_func ("/secret/length", test_length);
  g_test_add_func ("/secret/newline", test_newline);
  g_test_add_func ("/secret/too-long-for-a-pipe", test_too_long_for_a_pipe);
  g_test_add_func ("/secret/unreadable", test_unreadable);
  g_test_add_func ("/secret/timeout", test_timeout);
  g_test_add_func ("/secret/locking-fails", test_locking_fails);
  g_test_add_func ("/secret/erased", test_erased);
  g_test_add_func ("/secret/page-flags", test_page_flags);
  g_test_add_func ("/secret/child-sees-nothing", test_child_sees_nothing);
  g_test_add_func ("/secret/pipe", test_pipe);
  g_test_add_func ("/secret/pipe-without-descriptors", test_pipe_without_descriptors);
  g_test_add_func ("/secret/equal", test_equal);
  g_test_add_func ("/secret/protect", test_protect);
  g_test_add_func ("/secret/traced", test_traced);
  g_test_add_func ("/secret/pair", test_pair);
  return g_test_run ();
}
