/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program whose connections are measured. It speaks plain HTTP/1.1 over a stream that comes from the
 * agent or from a TCP port, where stunnel or socat do the same job, so that whoever carries the bytes is all
 * that differs. Each answer is looked at: a resumed session needs no signature, so it is only counted where
 * that is what is measured, and there nothing else is. */

/* clang-format off */
/*   load rate VIA CLIENTS SECONDS   connections one after another: "COUNT SECONDS MEDIAN-MS" to the first byte
 *   load resumed VIA SECONDS        the same of those that resume a session, after a first one that cannot
 *   load down VIA BYTES             one download of /big: "SECONDS"
 *   load up VIA BYTES               one upload: "SECONDS"
 *   load idle VIA COUNT             "ready" with so many streams open; ends with its standard input
 *
 * VIA is agent:SOCKET:PORT:CERTIFICATE or tcp:PORT. */
/* clang-format on */

#include "socket-api/client/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 30
#define PIECE (64 * 1024)
#define MARK "cardea-bench:"
#define MARK_RESUMED "cardea-bench:r"

static void G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN die (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "load: %s\n", message);
  exit (1);
}

static void
be_patient (int fd)
{
  struct timeval limit = { .tv_sec = PATIENCE_S };

  (void)g_unix_set_fd_nonblocking (fd, FALSE, NULL);
  (void)setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  (void)setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static int
connect_tcp (guint16 port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    die ("port %u: %s", port, g_strerror (errno));
  (void)setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  return fd;
}

static int
connect_agent (const char *path, guint16 port, const char *certificate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (path, &error);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", port,
                                             "options", "certificate", certificate);
  int fd = -1;

  if (client != NULL)
    fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, PATIENCE_S * 1000, NULL,
                                &error);
  if (fd < 0)
    die ("%s", error->message);
  return fd;
}

static int
open_stream (const char *via)
{
  g_auto (GStrv) words = g_strsplit (via, ":", 4);
  guint n = g_strv_length (words);
  int fd = -1;

  if (n == 4 && g_str_equal (words[0], "agent"))
    fd = connect_agent (words[1], (guint16)atoi (words[2]), words[3]);
  else if (n == 2 && g_str_equal (words[0], "tcp"))
    fd = connect_tcp ((guint16)atoi (words[1]));
  else
    die ("\"%s\" is neither agent:SOCKET:PORT:CERTIFICATE nor tcp:PORT", via);
  be_patient (fd);
  return fd;
}

static void
send_all (int fd, const char *bytes, gsize length)
{
  while (length > 0) {
    gssize sent = send (fd, bytes, length, MSG_NOSIGNAL);

    if (sent < 0)
      die ("sending: %s", g_strerror (errno));
    bytes += sent;
    length -= (gsize)sent;
  }
}

static gsize
receive (int fd, char *buffer, gsize size)
{
  gssize got = recv (fd, buffer, size, 0);

  if (got < 0)
    die ("receiving: %s", g_strerror (errno));
  return (gsize)got;
}

static void
request (int fd, const char *head, const char *connection)
{
  g_autofree char *text =
      g_strdup_printf ("%s HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", head, connection);

  send_all (fd, text, strlen (text));
}

/* Reads answers until @n of them were complete, and returns when the first byte came. The answers of "/" are
 * one line, which starts with the mark. */
static gint64
expect_answers_with (int fd, guint n, gboolean resumed)
{
  char text[4096] = "";
  gsize length = 0;
  gint64 first = 0;

  while (n > 0) {
    gsize got = receive (fd, text + length, sizeof text - 1 - length);
    char *mark, *end;

    if (got == 0)
      die ("the answer ended early: %s", text);
    if (first == 0)
      first = g_get_monotonic_time ();
    length += got;
    text[length] = '\0';
    while (n > 0 && (mark = strstr (text, MARK)) != NULL && (end = strchr (mark, '\n')) != NULL) {
      if (g_str_has_prefix (mark, MARK_RESUMED) != resumed)
        die ("the session was%s resumed: %s", resumed ? " not" : "", mark);
      length -= (gsize)(end + 1 - text);
      memmove (text, end + 1, length + 1);
      n--;
    }
  }
  return first;
}

static gint64
expect_answers (int fd, guint n)
{
  return expect_answers_with (fd, n, FALSE);
}

typedef struct
{
  const char *via;
  gboolean resumed; /* as they have to be */
  gint64 end;
  GArray *times; /* of double: milliseconds to the first byte */
} Client;

/* Milliseconds to the first byte. */
static double
connect_once (const char *via, gboolean resumed)
{
  gint64 start = g_get_monotonic_time ();
  int fd = open_stream (via);
  gint64 first;

  request (fd, "GET /", "close");
  first = expect_answers_with (fd, 1, resumed);
  close (fd);
  return (double)(first - start) / 1000;
}

static gpointer
connect_until_the_end (gpointer data)
{
  Client *self = data;

  do {
    double ms = connect_once (self->via, self->resumed);

    g_array_append_val (self->times, ms);
  } while (g_get_monotonic_time () < self->end);
  return NULL;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  double difference = *(const double *)a - *(const double *)b;

  return (difference > 0) - (difference < 0);
}

static void
measure_rate (const char *via, gboolean resumed, guint n_clients, double seconds)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (double));
  g_autofree Client *clients = g_new0 (Client, n_clients);
  g_autofree GThread **threads = g_new0 (GThread *, n_clients);

  for (guint i = 0; i < n_clients; i++) {
    clients[i].via = via;
    clients[i].resumed = resumed;
    clients[i].end = start + (gint64)(seconds * G_USEC_PER_SEC);
    clients[i].times = g_array_new (FALSE, FALSE, sizeof (double));
    threads[i] = g_thread_new ("client", connect_until_the_end, &clients[i]);
  }
  for (guint i = 0; i < n_clients; i++) {
    g_thread_join (threads[i]);
    g_array_append_vals (all, clients[i].times->data, clients[i].times->len);
    g_array_unref (clients[i].times);
  }
  double elapsed = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_array_sort (all, compare_times);
  printf ("%u %.6f %.3f\n", all->len, elapsed, g_array_index (all, double, all->len / 2));
}

static void
measure_resumed (const char *via, double seconds)
{
  connect_once (via, FALSE);
  measure_rate (via, TRUE, 1, seconds);
}

static void
measure_download (const char *via, guint64 bytes)
{
  g_autofree char *buffer = g_malloc (PIECE);
  int fd = open_stream (via);
  gint64 start = g_get_monotonic_time ();
  guint64 total = 0;

  request (fd, "GET /big", "close");
  for (gsize got; (got = receive (fd, buffer, PIECE)) > 0;)
    total += got;
  if (total < bytes)
    die ("%" G_GUINT64_FORMAT " bytes came of %" G_GUINT64_FORMAT, total, bytes);
  printf ("%.6f\n", (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  close (fd);
}

/* The server answers before it has read the body; that it answers a second request shows that it has. */
static void
measure_upload (const char *via, guint64 bytes)
{
  g_autofree char *buffer = g_malloc0 (PIECE);
  g_autofree char *head = g_strdup_printf (
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %" G_GUINT64_FORMAT "\r\n\r\n", bytes);
  int fd = open_stream (via);
  gint64 start = g_get_monotonic_time ();

  send_all (fd, head, strlen (head));
  for (guint64 left = bytes; left > 0; left -= MIN (left, PIECE))
    send_all (fd, buffer, MIN (left, PIECE));
  request (fd, "GET /", "close");
  expect_answers (fd, 2);
  printf ("%.6f\n", (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  close (fd);
}

/* One answer on each, so that nobody has put off any work. */
static void
hold_idle (const char *via, guint n)
{
  g_autoptr (GArray) streams = g_array_new (FALSE, FALSE, sizeof (int));
  char byte;

  for (guint i = 0; i < n; i++) {
    int fd = open_stream (via);

    request (fd, "GET /", "keep-alive");
    expect_answers (fd, 1);
    g_array_append_val (streams, fd);
  }
  printf ("ready\n");
  fflush (stdout);
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  for (guint i = 0; i < n; i++)
    close (g_array_index (streams, int, i));
}

int
main (int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";

  if (argc == 5 && g_str_equal (what, "rate"))
    measure_rate (argv[2], FALSE, (guint)MAX (atoi (argv[3]), 1), g_ascii_strtod (argv[4], NULL));
  else if (argc == 4 && g_str_equal (what, "resumed"))
    measure_resumed (argv[2], g_ascii_strtod (argv[3], NULL));
  else if (argc == 4 && g_str_equal (what, "down"))
    measure_download (argv[2], g_ascii_strtoull (argv[3], NULL, 10));
  else if (argc == 4 && g_str_equal (what, "up"))
    measure_upload (argv[2], g_ascii_strtoull (argv[3], NULL, 10));
  else if (argc == 4 && g_str_equal (what, "idle"))
    hold_idle (argv[2], (guint)atoi (argv[3]));
  else
    die ("usage: load rate VIA CLIENTS SECONDS | resumed VIA SECONDS | down VIA BYTES | up VIA BYTES | idle "
         "VIA COUNT");
  return 0;
}
