/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pump between pipes and a stream that the test plays. */

#include "socket-api/cli/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY (8 * 1024 * 1024)

/* A pump on a thread. The test holds the other ends. */
typedef struct
{
  int in[2];
  int out[2];
  int stream[2]; /* 0: the pump's */
  GThread *thread;
  GError *error;
  gboolean ok;
} Bench;

static gpointer
pump_in_thread (gpointer data)
{
  Bench *bench = data;

  bench->ok = cardea_pump_run (bench->in[0], bench->out[1], bench->stream[0], TRUE, &bench->error);
  return NULL;
}

static void
bench_start (Bench *bench)
{
  g_assert_true (g_unix_open_pipe (bench->in, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (bench->out, FD_CLOEXEC, NULL));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bench->stream));
  g_assert_true (g_unix_set_fd_nonblocking (bench->stream[0], TRUE, NULL));
  bench->thread = g_thread_new ("pump", pump_in_thread, bench);
}

static void
close_end (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Waits for the pump, then closes what is left. */
static void
bench_finish (Bench *bench)
{
  g_thread_join (bench->thread);
  g_assert_cmpint (fcntl (bench->in[0], F_GETFL) & O_NONBLOCK, ==, 0);
  g_assert_cmpint (fcntl (bench->out[1], F_GETFL) & O_NONBLOCK, ==, 0);
  for (int i = 0; i < 2; i++) {
    close_end (&bench->in[i]);
    close_end (&bench->out[i]);
    close_end (&bench->stream[i]);
  }
}

static void
write_all (int fd, const void *bytes, gsize length)
{
  const char *at = bytes;

  while (length > 0) {
    gssize n = write (fd, at, length);

    g_assert_cmpint (n, >, 0);
    at += n;
    length -= (gsize)n;
  }
}

/* Everything up to the end of @fd, which the caller frees. */
static GByteArray *
read_all (int fd)
{
  GByteArray *all = g_byte_array_new ();
  guint8 buffer[65536];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    g_byte_array_append (all, buffer, (guint)n);
  g_assert_cmpint (n, ==, 0);
  return all;
}

static void
expect_bytes (int fd, const char *expected)
{
  char buffer[64];
  gsize length = strlen (expected);

  for (gsize n = 0; n < length;) {
    gssize got = read (fd, buffer, MIN (sizeof buffer, length - n));

    g_assert_cmpint (got, >, 0);
    g_assert_cmpmem (buffer, got, expected + n, got);
    n += (gsize)got;
  }
}

static void
expect_end (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
}

/* The input ends first; the server answers after it saw that. */
static void
test_input_ends (void)
{
  Bench bench = { 0 };

  bench_start (&bench);
  write_all (bench.in[1], "question", 8);
  close_end (&bench.in[1]);
  expect_bytes (bench.stream[1], "question");
  expect_end (bench.stream[1]);
  write_all (bench.stream[1], "answer", 6);
  expect_bytes (bench.out[0], "answer");
  close_end (&bench.stream[1]);
  bench_finish (&bench);
  g_assert_no_error (bench.error);
  g_assert_true (bench.ok);
}

/* The server ends while the input stays open: the pump ends. */
static void
test_server_ends (void)
{
  Bench bench = { 0 };

  bench_start (&bench);
  write_all (bench.stream[1], "bye", 3);
  g_assert_no_errno (shutdown (bench.stream[1], SHUT_WR));
  expect_bytes (bench.out[0], "bye");
  expect_end (bench.stream[1]);
  bench_finish (&bench);
  g_assert_no_error (bench.error);
  g_assert_true (bench.ok);
}

typedef struct
{
  int fd; /* closed when all is written */
  const guint8 *bytes;
} Feed;

static gpointer
feed_in_thread (gpointer data)
{
  const Feed *feed = data;

  write_all (feed->fd, feed->bytes, MANY);
  close (feed->fd);
  return NULL;
}

/* Exactly so many: the pump's user closes the output, not the pump. */
static gpointer
read_many_in_thread (gpointer data)
{
  GByteArray *all = g_byte_array_sized_new (MANY);
  guint8 buffer[65536];

  while (all->len < MANY) {
    gssize n = read (GPOINTER_TO_INT (data), buffer, sizeof buffer);

    g_assert_cmpint (n, >, 0);
    g_byte_array_append (all, buffer, (guint)n);
  }
  return all;
}

static guint8 *
make_bytes (guint32 seed)
{
  guint8 *bytes = g_malloc (MANY);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  for (gsize i = 0; i < MANY; i++)
    bytes[i] = (guint8)g_rand_int (random);
  return bytes;
}

/* Many bytes both ways at once. The server ends once it has all. */
static void
test_many (void)
{
  Bench bench = { 0 };
  g_autofree guint8 *up = make_bytes (1);
  g_autofree guint8 *down = make_bytes (2);
  g_autoptr (GByteArray) received = NULL;
  g_autoptr (GByteArray) printed = NULL;
  Feed feeds[2];
  GThread *threads[3];

  bench_start (&bench);
  feeds[0] = (Feed){ .fd = g_steal_fd (&bench.in[1]), .bytes = up };
  feeds[1] = (Feed){ .fd = fcntl (bench.stream[1], F_DUPFD_CLOEXEC, 0), .bytes = down };
  threads[0] = g_thread_new ("up", feed_in_thread, &feeds[0]);
  threads[1] = g_thread_new ("down", feed_in_thread, &feeds[1]);
  threads[2] = g_thread_new ("output", read_many_in_thread, GINT_TO_POINTER (bench.out[0]));
  received = read_all (bench.stream[1]);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  printed = g_thread_join (threads[2]);
  close_end (&bench.stream[1]);
  bench_finish (&bench);
  g_assert_no_error (bench.error);
  g_assert_cmpmem (received->data, received->len, up, MANY);
  g_assert_cmpmem (printed->data, printed->len, down, MANY);
}

/* Nobody reads the output: what goes up is not held up by that. */
static void
test_stuck_output (void)
{
  Bench bench = { 0 };
  g_autofree guint8 *bytes = g_malloc0 (MANY);
  gsize sent = 0;
  gssize n;

  bench_start (&bench);
  g_assert_true (g_unix_set_fd_nonblocking (bench.stream[1], TRUE, NULL));
  /* Until nothing goes any more: the pipe, the pump and the socket are full. */
  for (int quiet = 0; quiet < 20;) {
    GPollFD entry = { .fd = bench.stream[1], .events = G_IO_OUT };

    if (g_poll (&entry, 1, 10) == 0) {
      quiet++;
      continue;
    }
    n = write (bench.stream[1], bytes, 65536);
    g_assert_true (n > 0 || errno == EAGAIN);
    sent += n > 0 ? (gsize)n : 0;
  }
  g_assert_cmpuint (sent, <, MANY);
  write_all (bench.in[1], "still alive", 11);
  g_assert_true (g_unix_set_fd_nonblocking (bench.stream[1], FALSE, NULL));
  expect_bytes (bench.stream[1], "still alive");
  close_end (&bench.out[0]);
  bench_finish (&bench);
  g_assert_error (bench.error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&bench.error);
}

static void
test_output_closed (void)
{
  Bench bench = { 0 };

  bench_start (&bench);
  close_end (&bench.out[0]);
  write_all (bench.stream[1], "x", 1);
  bench_finish (&bench);
  g_assert_false (bench.ok);
  g_assert_error (bench.error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_clear_error (&bench.error);
}

/* The server takes no more but still talks. */
static void
test_server_deaf (void)
{
  Bench bench = { 0 };

  bench_start (&bench);
  g_assert_no_errno (shutdown (bench.stream[1], SHUT_RD));
  write_all (bench.in[1], "lost", 4);
  write_all (bench.stream[1], "said", 4);
  expect_bytes (bench.out[0], "said");
  close_end (&bench.stream[1]);
  bench_finish (&bench);
  g_assert_no_error (bench.error);
  g_assert_true (bench.ok);
}

static void
test_input_is_folder (void)
{
  Bench bench = { 0 };
  int folder = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, bench.stream));
  g_assert_false (cardea_pump_run (folder, STDERR_FILENO, bench.stream[0], TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  close (folder);
  close_end (&bench.stream[0]);
  close_end (&bench.stream[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/pump/input-ends", test_input_ends);
  g_test_add_func ("/pump/server-ends", test_server_ends);
  g_test_add_func ("/pump/many", test_many);
  g_test_add_func ("/pump/stuck-output", test_stuck_output);
  g_test_add_func ("/pump/output-closed", test_output_closed);
  g_test_add_func ("/pump/server-deaf", test_server_deaf);
  g_test_add_func ("/pump/input-is-folder", test_input_is_folder);
  return g_test_run ();
}
