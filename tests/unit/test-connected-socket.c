/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What counts as a connected stream socket, the things that do not first. None of them leaves a descriptor
 * behind, and what the caller has of it stays as it was. */

#include "agent/base/connected-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket-api/wire/error.h"

#define PATIENCE_MS 20000

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* Takes @fd. */
static void
assert_refused (int fd, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_assert_null (cardea_connected_socket_new (fd, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
  g_assert_nonnull (strstr (error->message, why));
  g_assert_cmpint (fcntl (fd, F_GETFD), <, 0);
}

static int
make_tcp (int family)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* On a free port of the loopback interface. */
static int
make_listener (struct sockaddr_in *address)
{
  socklen_t length = sizeof *address;
  int fd = make_tcp (AF_INET);

  *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_assert_cmpint (bind (fd, (struct sockaddr *)address, sizeof *address), ==, 0);
  g_assert_cmpint (listen (fd, 4), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)address, &length), ==, 0);
  return fd;
}

static void
make_tcp_pair (int ends[2])
{
  struct sockaddr_in address;
  int listener = make_listener (&address);

  ends[0] = make_tcp (AF_INET);
  g_assert_cmpint (connect (ends[0], (struct sockaddr *)&address, sizeof address), ==, 0);
  ends[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (ends[1], >=, 0);
  close (listener);
}

static void
test_no_socket (void)
{
  guint before = count_descriptors ();
  int pair[2];

  assert_refused (open ("/dev/null", O_RDWR), "no socket");
  assert_refused (open ("/proc/self/exe", O_RDONLY), "no socket");
  assert_refused (open ("/", O_RDONLY), "no socket");
  assert_refused (eventfd (0, 0), "no socket");
  g_assert_cmpint (pipe (pair), ==, 0);
  assert_refused (pair[0], "no socket");
  assert_refused (pair[1], "no socket");
  g_assert_cmpint (openpty (&pair[0], &pair[1], NULL, NULL, NULL), ==, 0);
  assert_refused (pair[0], "no socket");
  assert_refused (pair[1], "no socket");
  g_assert_cmpuint (count_descriptors (), ==, before);
}

/* A name in the file system is not the socket itself. */
static void
test_path (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cardea-connected-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "s", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  assert_refused (open (path, O_PATH | O_CLOEXEC), "no socket");
  close (fd);
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_cmpint (rmdir (folder), ==, 0);
}

/* The other kinds of sockets, also where they have a peer. */
static void
test_wrong_kinds (void)
{
  static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (9) };
  guint before = count_descriptors ();
  int pair[2];

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    g_assert_cmpint (socketpair (AF_UNIX, types[i] | SOCK_CLOEXEC, 0, pair), ==, 0);
    assert_refused (pair[0], "no stream socket");
    assert_refused (pair[1], "no stream socket");
  }
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  pair[0] = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (pair[0], (struct sockaddr *)&address, sizeof address), ==, 0);
  assert_refused (pair[0], "no stream socket");
  assert_refused (socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), "no stream socket");
  g_assert_cmpuint (count_descriptors (), ==, before);
}

/* The caller's server goes on. */
static void
test_listening (void)
{
  struct sockaddr_in address;
  int listener = make_listener (&address);
  int fd = make_tcp (AF_INET);

  assert_refused (dup (listener), "listens");
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  close (fd);
  close (listener);
}

/* Never connected, of either kind, and one whose connecting has not come to its end. */
static void
test_not_connected (void)
{
  struct sockaddr_in address;
  int listener = make_listener (&address);
  int filler[64];
  guint n = 0;
  gboolean waiting = FALSE;

  assert_refused (make_tcp (AF_INET), "not connected");
  assert_refused (make_tcp (AF_INET6), "not connected");
  assert_refused (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "not connected");

  /* With a full backlog nobody answers any more. */
  while (!waiting && n < G_N_ELEMENTS (filler)) {
    struct pollfd entry = { .events = POLLOUT };

    filler[n] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    entry.fd = filler[n];
    if (connect (filler[n], (struct sockaddr *)&address, sizeof address) != 0)
      waiting = errno == EINPROGRESS && poll (&entry, 1, 200) == 0;
    n++;
  }
  g_assert_true (waiting);
  assert_refused (dup (filler[n - 1]), "not connected");
  for (guint i = 0; i < n; i++)
    close (filler[i]);
  close (listener);
}

/* It was one. */
static void
test_reset (void)
{
  const struct linger now = { .l_onoff = 1 };
  g_autoptr (GError) error = NULL;
  struct pollfd entry = { .events = POLLIN };
  int ends[2];

  make_tcp_pair (ends);
  g_assert_cmpint (setsockopt (ends[1], SOL_SOCKET, SO_LINGER, &now, sizeof now), ==, 0);
  close (ends[1]);
  entry.fd = ends[0];
  g_assert_cmpint (poll (&entry, 1, PATIENCE_MS), ==, 1);
  g_assert_null (cardea_connected_socket_new (ends[0], &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "step")), ==,
                   "connect");
  g_assert_nonnull (strstr (error->message, g_strerror (ECONNRESET)));
  g_assert_cmpint (fcntl (ends[0], F_GETFD), <, 0);
}

static void
assert_ended (int fd)
{
  struct pollfd entry = { .fd = fd, .events = POLLIN };
  char byte;

  g_assert_cmpint (poll (&entry, 1, PATIENCE_MS), ==, 1);
  g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 0);
}

static void
assert_alive (int from, int to)
{
  struct pollfd entry = { .fd = to, .events = POLLIN };
  char byte = 'x';

  g_assert_cmpint (send (from, &byte, 1, MSG_NOSIGNAL), ==, 1);
  g_assert_cmpint (poll (&entry, 1, PATIENCE_MS), ==, 1);
  g_assert_cmpint (recv (to, &byte, 1, 0), ==, 1);
}

/* Both kinds are taken with the caller's flags as they were; what nobody takes ends, for copies as well. */
static void
test_nobody_takes (gconstpointer data)
{
  gboolean local = GPOINTER_TO_INT (data);
  guint before = count_descriptors ();
  g_autoptr (GError) error = NULL;
  CardeaConnectedSocket *socket;
  int ends[2], copy;

  if (local)
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  else
    make_tcp_pair (ends);
  copy = dup (ends[0]);
  socket = cardea_connected_socket_new (ends[0], &error);
  g_assert_no_error (error);
  g_assert_true (cardea_connected_socket_is_local (socket) == local);
  g_assert_cmpint (fcntl (ends[0], F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_cmpint (fcntl (copy, F_GETFL) & O_NONBLOCK, ==, 0);
  assert_alive (ends[1], copy);

  cardea_connected_socket_ref (socket);
  cardea_connected_socket_unref (socket);
  assert_alive (ends[1], copy);
  cardea_connected_socket_unref (socket);
  assert_ended (ends[1]);
  assert_ended (copy);
  close (copy);
  close (ends[1]);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_taken (void)
{
  CardeaConnectedSocket *socket;
  gint64 round_trip = -1;
  int ends[2], fd;

  make_tcp_pair (ends);
  socket = cardea_connected_socket_new (ends[0], NULL);
  fd = cardea_connected_socket_take (socket, &round_trip);
  g_assert_cmpint (fd, ==, ends[0]);
  g_assert_cmpint (round_trip, >, 0);
  g_assert_cmpint (round_trip, <, G_USEC_PER_SEC);
  cardea_connected_socket_unref (socket);
  assert_alive (fd, ends[1]);
  cardea_connected_socket_end (fd);
  assert_ended (ends[1]);
  close (ends[1]);
}

/* A copy was told to wait for what nobody reads: the end does not. */
static void
test_linger (void)
{
  const struct linger forever = { .l_onoff = 1, .l_linger = 600 };
  static char bytes[65536];
  gint64 begin;
  int ends[2];

  make_tcp_pair (ends);
  while (send (ends[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    ;
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_LINGER, &forever, sizeof forever), ==, 0);
  begin = g_get_monotonic_time ();
  cardea_connected_socket_end (ends[0]);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connected-socket/no-socket", test_no_socket);
  g_test_add_func ("/connected-socket/path", test_path);
  g_test_add_func ("/connected-socket/wrong-kinds", test_wrong_kinds);
  g_test_add_func ("/connected-socket/listening", test_listening);
  g_test_add_func ("/connected-socket/not-connected", test_not_connected);
  g_test_add_func ("/connected-socket/reset", test_reset);
  g_test_add_data_func ("/connected-socket/nobody-takes-tcp", GINT_TO_POINTER (FALSE), test_nobody_takes);
  g_test_add_data_func ("/connected-socket/nobody-takes-local", GINT_TO_POINTER (TRUE), test_nobody_takes);
  g_test_add_func ("/connected-socket/taken", test_taken);
  g_test_add_func ("/connected-socket/linger", test_linger);
  return g_test_run ();
}
