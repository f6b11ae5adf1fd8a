/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ways to a server: by proxies that a program asked itself, and by the same ones that the agent asks; through
 * a relay of the program's own. */

#include "socket-api/client/client.h"
#include "tests/fixtures/echo-client.h"
#include "tests/fixtures/tunnel.h"
#include "tests/fixtures/wrapper.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

/* A program's own relay, in another thread, at the other end of a Unix socket. */
static gpointer
relay_in_thread (gpointer data)
{
  int *fds = data;

  cardea_tunnel_carry (fds[0], fds[1]);
  close (fds[0]);
  close (fds[1]);
  return NULL;
}

static void
test_unix_socket (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GThread) relay = NULL;
  int ends[2], fds[2], stream;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  fds[0] = ends[1];
  fds[1] = cardea_tunnel_dial (world->port);
  relay = g_thread_new ("relay", relay_in_thread, fds);
  stream = test_wrap_echo (world, ends[0], NULL);
  g_assert_true (test_echo_lives (stream));
  close (stream);
  g_thread_join (g_steal_pointer (&relay));
}

/* By a proxy that the program talked to itself. */
static void
test_tunnel (gconstpointer data)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (CardeaTunnel) tunnel = cardea_tunnel_new ((CardeaTunnelKind)GPOINTER_TO_INT (data));
  int stream = test_wrap_echo (world, cardea_tunnel_connect (tunnel, "localhost", world->port), NULL);

  g_assert_true (test_echo_lives (stream));
  g_assert_cmpuint (cardea_tunnel_count (tunnel), ==, 1);
  close (stream);
}

/* The same proxies, asked by the agent. */
static void
test_proxy (gconstpointer data)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  CardeaTunnelKind kind = (CardeaTunnelKind)GPOINTER_TO_INT (data);
  g_autoptr (CardeaTunnel) tunnel = cardea_tunnel_new (kind);
  g_autofree char *proxy = g_strdup_printf (
      "%s://127.0.0.1:%u", kind == CARDEA_TUNNEL_HTTP ? "http" : "socks5", cardea_tunnel_get_port (tunnel));
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (world->lab), &error);
  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i, s:{s:s, s:s}}", "host", "localhost", "port", (int)world->port, "options",
                 "certificate", world->fingerprint, "proxy", proxy);
  int stream = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS,
                                      NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (stream, FALSE, NULL));
  test_wrap_expect (stream, CARDEA_ECHO_GREETING);
  g_assert_true (test_echo_lives (stream));
  g_assert_cmpuint (cardea_tunnel_count (tunnel), ==, 1);
  close (stream);
}

#define TUNNEL(name, function, kind)                                                                         \
  g_test_add_data_func ("/agent-wrap-ways/" name, GINT_TO_POINTER (kind), function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-wrap-ways/unix-socket", test_unix_socket);
  TUNNEL ("http-tunnel", test_tunnel, CARDEA_TUNNEL_HTTP);
  TUNNEL ("socks5-tunnel", test_tunnel, CARDEA_TUNNEL_SOCKS5);
  TUNNEL ("http-proxy", test_proxy, CARDEA_TUNNEL_HTTP);
  TUNNEL ("socks5-proxy", test_proxy, CARDEA_TUNNEL_SOCKS5);
  return g_test_run ();
}
