/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is below NSS never waits, whatever a copy of its socket is set to. The sockets here block, as a
 * program's do: a call that waited would be ended by the alarm. */

#include "agent/tls/transport.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <prerror.h>
#include <signal.h>
#include <sslerr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 20

typedef struct
{
  PRFileDesc *transport;
  int copy; /* of the transport's socket */
  int peer;
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  int ends[2];

  alarm (PATIENCE_S);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  fixture->copy = dup (ends[0]);
  fixture->peer = ends[1];
  fixture->transport = cardea_transport_new (ends[0]);
  g_assert_nonnull (fixture->transport);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->transport != NULL)
    PR_Close (fixture->transport);
  close (fixture->copy);
  close (fixture->peer);
  alarm (0);
}

/* To read from, as of a server that speaks TLS. */
static void
begin (Fixture *fixture)
{
  char byte;

  g_assert_cmpint (send (fixture->peer, "\26", 1, 0), ==, 1);
  g_assert_cmpint (PR_Read (fixture->transport, &byte, 1), ==, 1);
}

/* A greeting is no record. */
static void
test_clear (Fixture *fixture, gconstpointer data)
{
  char buffer[8];

  g_assert_cmpint (send (fixture->peer, "220 hello\r\n", 11, 0), ==, 11);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (PR_Recv (fixture->transport, buffer, 5, 0, PR_INTERVAL_NO_WAIT), ==, -1);
    g_assert_cmpint (PR_GetError (), ==, SSL_ERROR_RX_UNKNOWN_RECORD_TYPE);
  }
}

/* An alert may be all that a server says. */
static void
test_alert (Fixture *fixture, gconstpointer data)
{
  char buffer[8];

  g_assert_cmpint (send (fixture->peer, "\25\3\3", 3, 0), ==, 3);
  g_assert_cmpint (PR_Recv (fixture->transport, buffer, 5, 0, PR_INTERVAL_NO_WAIT), ==, 3);
  g_assert_cmpint (send (fixture->peer, "22", 2, 0), ==, 2);
  g_assert_cmpint (PR_Recv (fixture->transport, buffer, 5, 0, PR_INTERVAL_NO_WAIT), ==, 2);
}

static void
test_reading (Fixture *fixture, gconstpointer data)
{
  char buffer[8];

  g_assert_cmpint (PR_Read (fixture->transport, buffer, sizeof buffer), ==, -1);
  g_assert_cmpint (PR_GetError (), ==, PR_WOULD_BLOCK_ERROR);
  begin (fixture);
  g_assert_cmpint (send (fixture->peer, "ab", 2, 0), ==, 2);
  /* Somebody else takes what poll spoke of. */
  g_assert_cmpint (recv (fixture->copy, buffer, 2, 0), ==, 2);
  g_assert_cmpint (PR_Recv (fixture->transport, buffer, sizeof buffer, 0, PR_INTERVAL_NO_TIMEOUT), ==, -1);
  g_assert_cmpint (PR_GetError (), ==, PR_WOULD_BLOCK_ERROR);
  g_assert_cmpint (send (fixture->peer, "cd", 2, 0), ==, 2);
  g_assert_cmpint (PR_Recv (fixture->transport, buffer, 1, PR_MSG_PEEK, PR_INTERVAL_NO_WAIT), ==, 1);
  g_assert_cmpint (PR_Recv (fixture->transport, buffer, sizeof buffer, 0, PR_INTERVAL_NO_WAIT), ==, 2);
  g_assert_cmpmem (buffer, 2, "cd", 2);
  g_assert_cmpint (shutdown (fixture->peer, SHUT_WR), ==, 0);
  g_assert_cmpint (PR_Read (fixture->transport, buffer, sizeof buffer), ==, 0);
}

static void
test_writing (Fixture *fixture, gconstpointer data)
{
  static char bytes[1 << 20];
  PRInt32 n;

  while ((n = PR_Write (fixture->transport, bytes, sizeof bytes)) > 0)
    ;
  g_assert_cmpint (n, ==, -1);
  g_assert_cmpint (PR_GetError (), ==, PR_WOULD_BLOCK_ERROR);
  /* No signal, which NSPR would have ignored, and an error that ends the connection. */
  signal (SIGPIPE, SIG_DFL);
  g_assert_cmpint (shutdown (fixture->copy, SHUT_RDWR), ==, 0);
  g_assert_cmpint (PR_Send (fixture->transport, bytes, 1, 0, PR_INTERVAL_NO_TIMEOUT), ==, -1);
  g_assert_cmpint (PR_GetError (), ==, PR_CONNECT_RESET_ERROR);
}

/* The flags are the caller's, whichever they are. */
static void
test_flags (Fixture *fixture, gconstpointer data)
{
  char byte;

  g_assert_cmpint (fcntl (fixture->copy, F_GETFL) & O_NONBLOCK, ==, 0);
  g_assert_cmpint (fcntl (fixture->copy, F_SETFL, O_RDWR | O_NONBLOCK), ==, 0);
  g_assert_cmpint (PR_Read (fixture->transport, &byte, 1), ==, -1);
  g_assert_cmpint (fcntl (fixture->copy, F_GETFL) & O_NONBLOCK, !=, 0);
  g_assert_cmpint (fcntl (fixture->copy, F_SETFL, O_RDWR), ==, 0);
  g_assert_cmpint (PR_Read (fixture->transport, &byte, 1), ==, -1);
  g_assert_cmpint (PR_GetError (), ==, PR_WOULD_BLOCK_ERROR);
}

static void
test_closing (Fixture *fixture, gconstpointer data)
{
  char byte;

  begin (fixture);
  g_assert_cmpint (PR_Shutdown (fixture->transport, PR_SHUTDOWN_SEND), ==, PR_SUCCESS);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
  g_assert_cmpint (send (fixture->peer, "x", 1, 0), ==, 1);
  g_assert_cmpint (PR_Read (fixture->transport, &byte, 1), ==, 1);
  PR_Close (g_steal_pointer (&fixture->transport));
  /* The copy is of no use any more. */
  g_assert_cmpint (recv (fixture->copy, &byte, 1, 0), ==, 0);
  g_assert_cmpint (send (fixture->peer, "x", 1, MSG_NOSIGNAL), ==, -1);
}

/* What NSS asks before it begins: a peer, and whether calls wait. */
static void
test_questions (Fixture *fixture, gconstpointer data)
{
  PRSocketOptionData option = { .option = PR_SockOpt_Nonblocking };
  PRNetAddr peer;
  PRInt16 ready = 1;

  g_assert_cmpint (PR_GetPeerName (fixture->transport, &peer), ==, PR_SUCCESS);
  g_assert_cmpint (peer.raw.family, ==, PR_AF_INET);
  g_assert_cmpuint (peer.inet.ip, ==, 0);
  g_assert_cmpint (PR_GetSocketOption (fixture->transport, &option), ==, PR_SUCCESS);
  g_assert_true (option.value.non_blocking);
  option.option = PR_SockOpt_Linger;
  g_assert_cmpint (PR_GetSocketOption (fixture->transport, &option), ==, PR_FAILURE);
  g_assert_cmpint (PR_SetSocketOption (fixture->transport, &option), ==, PR_FAILURE);
  g_assert_cmpint (fixture->transport->methods->poll (fixture->transport, PR_POLL_READ, &ready), ==,
                   PR_POLL_READ);
  g_assert_cmpint (ready, ==, 0);
}

/* TCP: its peer's address, and what makes records go out at once and a dead peer be noticed. */
static void
test_tcp (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address, size = sizeof (int);
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int no_delay = 0, keep_alive = 0;
  PRFileDesc *transport;
  PRNetAddr peer;

  g_assert_cmpint (bind (listener, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *)&address, &length), ==, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  transport = cardea_transport_new (fd);
  g_assert_cmpint (PR_GetPeerName (transport, &peer), ==, PR_SUCCESS);
  g_assert_cmpint (peer.inet.port, ==, address.sin_port);
  g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), ==, 0);
  g_assert_cmpint (getsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &keep_alive, &size), ==, 0);
  g_assert_true (no_delay && keep_alive);
  PR_Close (transport);
  g_assert_cmpint (fcntl (fd, F_GETFD), <, 0);
  close (listener);
}

#define TRANSPORT(name, function)                                                                            \
  g_test_add (name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TRANSPORT ("/transport/clear", test_clear);
  TRANSPORT ("/transport/alert", test_alert);
  TRANSPORT ("/transport/reading", test_reading);
  TRANSPORT ("/transport/writing", test_writing);
  TRANSPORT ("/transport/flags", test_flags);
  TRANSPORT ("/transport/closing", test_closing);
  TRANSPORT ("/transport/questions", test_questions);
  TRANSPORT ("/transport/tcp", test_tcp);
  return g_test_run ();
}
