/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reaching a server and talking to it until TLS begins: servers that stall, hang up or say too much, in
 * another thread. */

#include "socket-api/cli/own-connection.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/wire/error.h"
#include "tests/fixtures/tunnel.h"

#define PATIENCE_US (20 * G_TIME_SPAN_SECOND)

/* The other end of a socket: lines that are expected, and what is said to each; NULL ends. */
typedef struct
{
  int fd;
  const char *const *lines; /* what to say first, what to expect, what to say, ... */
  gboolean hangs_up;
} Server;

static gpointer
serve_in_thread (gpointer data)
{
  const Server *server = data;

  for (guint i = 0; server->lines[i] != NULL; i++)
    if (i % 2 == 0)
      g_assert_cmpint (send (server->fd, server->lines[i], strlen (server->lines[i]), MSG_NOSIGNAL), >=, 0);
    else {
      g_autofree char *buffer = g_malloc0 (strlen (server->lines[i]) + 1);

      g_assert_cmpint (recv (server->fd, buffer, strlen (server->lines[i]), MSG_WAITALL), ==,
                       (gssize)strlen (server->lines[i]));
      g_assert_cmpstr (buffer, ==, server->lines[i]);
    }
  if (server->hangs_up)
    g_assert_cmpint (shutdown (server->fd, SHUT_WR), ==, 0);
  return NULL;
}

/* What is left to read from the server goes to @rest. */
static gboolean
talk_with (const char *const *lines, gboolean hangs_up, gint64 patience, char **rest, GError **error)
{
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new ("smtp", "a.example");
  Server server = { .lines = lines, .hangs_up = hangs_up };
  char buffer[64] = "";
  GThread *thread;
  gboolean ok;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  server.fd = ends[1];
  thread = g_thread_new ("server", serve_in_thread, &server);
  ok = cardea_own_connection_talk (ends[0], talk, g_get_monotonic_time () + patience, error);
  g_thread_join (thread);
  if (rest != NULL) {
    (void)!recv (ends[0], buffer, sizeof buffer - 1, MSG_DONTWAIT);
    *rest = g_strdup (buffer);
  }
  close (ends[0]);
  close (ends[1]);
  return ok;
}

#define TALK(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_talks (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (
      talk_with (TALK ("220 hi\r\n", "EHLO localhost\r\n", "250 STARTTLS\r\n", "STARTTLS\r\n", "220 go\r\n"),
                 FALSE, PATIENCE_US, NULL, &error));
  g_assert_no_error (error);
}

static void
test_hangs_up (void)
{
  g_autoptr (GError) first = NULL;
  g_autoptr (GError) later = NULL;

  g_assert_false (talk_with (TALK (""), TRUE, PATIENCE_US, NULL, &first));
  g_assert_error (first, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_false (talk_with (TALK ("220 hi\r\n", "EHLO localhost\r\n", "250-STARTTLS\r\n"), TRUE, PATIENCE_US,
                             NULL, &later));
  g_assert_error (later, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (later), "step")), ==,
                   "starttls");
}

static void
test_stalls (void)
{
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  g_assert_false (talk_with (TALK ("220 hi"), FALSE, 300 * G_TIME_SPAN_MILLISECOND, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 300 * G_TIME_SPAN_MILLISECOND);
}

/* Lines for ten seconds, or until nobody takes them. */
static gpointer
drip_in_thread (gpointer data)
{
  for (guint i = 0; i < 200 && send (GPOINTER_TO_INT (data), "220-\r\n", 6, MSG_NOSIGNAL) == 6; i++)
    g_usleep (50000);
  return NULL;
}

/* Saying something now and then does not put off the end. */
static void
test_drips (void)
{
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new ("smtp", "a.example");
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();
  GThread *thread;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  thread = g_thread_new ("server", drip_in_thread, GINT_TO_POINTER (ends[1]));
  g_assert_false (cardea_own_connection_talk (ends[0], talk, begun + 300 * G_TIME_SPAN_MILLISECOND, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 5 * G_TIME_SPAN_SECOND);
  close (ends[0]);
  g_thread_join (thread);
  close (ends[1]);
}

/* In one piece with the consent it is an error; none of it is left for TLS. */
static void
test_injected (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *rest = NULL;

  g_assert_false (talk_with (TALK ("220 hi\r\n", "EHLO localhost\r\n", "250 STARTTLS\r\n", "STARTTLS\r\n",
                                   "220 go\r\n250 injected\r\n"),
                             FALSE, PATIENCE_US, &rest, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_cmpstr (rest, ==, "");
}

static gint64
soon (void)
{
  return g_get_monotonic_time () + PATIENCE_US;
}

/* Somebody listens, directly or behind a proxy; and nobody. */
static void
test_reaches (gconstpointer data)
{
  CardeaTunnelKind kind = (CardeaTunnelKind)GPOINTER_TO_INT (data);
  g_autoptr (CardeaTunnel) tunnel = cardea_tunnel_new (kind);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *proxy = g_strdup_printf (
      "%s://127.0.0.1:%u", kind == CARDEA_TUNNEL_HTTP ? "http" : "socks5", cardea_tunnel_get_port (tunnel));
  g_autoptr (GError) error = NULL;
  int direct = cardea_own_connection_new ("127.0.0.1", port, "direct", soon (), &error);
  int by_proxy;

  g_assert_no_error (error);
  g_assert_cmpint (direct, >=, 0);
  by_proxy = cardea_own_connection_new ("localhost", port, proxy, soon (), &error);
  g_assert_no_error (error);
  g_assert_cmpint (by_proxy, >=, 0);
  g_assert_cmpuint (cardea_tunnel_count (tunnel), ==, 1);
  close (direct);
  close (by_proxy);
}

static void
assert_not_reached (guint16 port, const char *proxy, gint64 deadline, CardeaErrorCode code, const char *step)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (cardea_own_connection_new ("127.0.0.1", port, proxy, deadline, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, (int)code);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error),
                                                       code == CARDEA_ERROR_TIMED_OUT ? "what" : "step")),
                   ==, step);
}

/* A port that is taken by nobody who listens; a proxy that is none. */
static void
test_not_reached (void)
{
  g_autoptr (GSocketListener) silent = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (silent, NULL, NULL);
  g_autofree char *proxy = g_strdup_printf ("http://127.0.0.1:%u", port);

  /* It takes the connection, and never answers: the deadline does. */
  assert_not_reached (1, proxy, g_get_monotonic_time () + 300 * G_TIME_SPAN_MILLISECOND,
                      CARDEA_ERROR_TIMED_OUT, "connect");
  assert_not_reached (port, "nonsense://127.0.0.1:1", soon (), CARDEA_ERROR_CONNECT_FAILED, "connect");
  g_socket_listener_close (silent);
  assert_not_reached (port, "direct", soon (), CARDEA_ERROR_CONNECT_FAILED, "connect");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/own-connection/talks", test_talks);
  g_test_add_func ("/own-connection/hangs-up", test_hangs_up);
  g_test_add_func ("/own-connection/stalls", test_stalls);
  g_test_add_func ("/own-connection/drips", test_drips);
  g_test_add_func ("/own-connection/injected", test_injected);
  g_test_add_data_func ("/own-connection/http", GINT_TO_POINTER (CARDEA_TUNNEL_HTTP), test_reaches);
  g_test_add_data_func ("/own-connection/socks5", GINT_TO_POINTER (CARDEA_TUNNEL_SOCKS5), test_reaches);
  g_test_add_func ("/own-connection/not-reached", test_not_reached);
  return g_test_run ();
}
