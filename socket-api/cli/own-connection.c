/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to a server that begins in the clear.
 *
 * GSocketClient knows names, addresses and proxies; the proxies are those for https, as the agent asks for
 * them. A proxy that is itself reached by TLS would leave no plain socket to hand over, so it is refused. */

#include "socket-api/cli/own-connection.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

#define DIRECT "direct"

static void set_failed (GError **error, const char *step, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
set_failed (GError **error, const char *step, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  cardea_set_error (error, CARDEA_ERROR_CONNECT_FAILED, "%s", message);
  if (error != NULL) {
    cardea_error_take_parameter (*error, "step", json_string (step));
    cardea_error_take_parameter (*error, "message", json_string (message));
  }
}

static void
set_late (GError **error, const char *what)
{
  cardea_set_error (error, CARDEA_ERROR_TIMED_OUT, "The server did not answer in time");
  if (error != NULL)
    cardea_error_take_parameter (*error, "what", json_string (what));
}

static int
remaining_ms (gint64 deadline)
{
  gint64 left = (deadline - g_get_monotonic_time () + 999) / 1000;

  return (int)CLAMP (left, 0, G_MAXINT);
}

/* One attempt, in a main context of its own. */
typedef struct
{
  GSocketConnection *connection;
  GError *error;
  gboolean done;
  gboolean late;
  GCancellable *cancellable;
} Attempt;

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->connection =
      g_socket_client_connect_to_uri_finish (G_SOCKET_CLIENT (source), result, &attempt->error);
  attempt->done = TRUE;
}

static gboolean
on_late (gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->late = TRUE;
  g_cancellable_cancel (attempt->cancellable);
  return G_SOURCE_REMOVE;
}

static void
run_attempt (Attempt *attempt, GSocketClient *client, const char *uri, guint16 port, gint64 deadline)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) timer = g_timeout_source_new ((guint)remaining_ms (deadline));

  g_main_context_push_thread_default (context);
  g_source_set_callback (timer, on_late, attempt, NULL);
  g_source_attach (timer, context);
  g_socket_client_connect_to_uri_async (client, uri, port, attempt->cancellable, on_connected, attempt);
  while (!attempt->done)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timer);
  g_main_context_pop_thread_default (context);
}

static const char *
get_step (const GError *cause)
{
  if (cause->domain == G_RESOLVER_ERROR)
    return "resolve";
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED) ||
      g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED) ||
      g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH) ||
      g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED))
    return "proxy";
  return "connect";
}

/* A connection whose bytes are those of its socket. */
static int
take_descriptor (GSocketConnection *connection, GError **error)
{
  int fd;

  if (G_IS_TCP_WRAPPER_CONNECTION (connection)) {
    set_failed (
        error, "proxy",
        "The proxy is reached by TLS, which leaves no connection to hand over; name another with --proxy");
    return -1;
  }
  fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (connection)), F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    set_failed (error, "connect", "The connection cannot be handed over: %s", g_strerror (errno));
  return fd;
}

static GSocketClient *
make_client (const char *proxy)
{
  GSocketClient *client = g_socket_client_new ();
  g_autoptr (GProxyResolver) chosen = NULL;

  if (proxy != NULL && g_str_equal (proxy, DIRECT))
    g_socket_client_set_enable_proxy (client, FALSE);
  else if (proxy != NULL) {
    chosen = g_simple_proxy_resolver_new (proxy, NULL);
    g_socket_client_set_proxy_resolver (client, chosen);
  }
  return client;
}

int
cardea_own_connection_new (const char *host, guint16 port, const char *proxy, gint64 deadline, GError **error)
{
  g_return_val_if_fail (host != NULL, -1);

  g_autoptr (GSocketClient) client = make_client (proxy);
  g_autofree char *uri = g_uri_join (G_URI_FLAGS_NONE, "https", NULL, host, port, "", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Attempt attempt = { .cancellable = cancellable };
  int fd = -1;

  run_attempt (&attempt, client, uri, port, deadline);
  if (attempt.connection != NULL)
    fd = take_descriptor (attempt.connection, error);
  else if (attempt.late)
    set_late (error, "connect");
  else
    set_failed (error, get_step (attempt.error), "%s:%u cannot be reached: %s", host, port,
                attempt.error->message);
  g_clear_object (&attempt.connection);
  g_clear_error (&attempt.error);
  return fd;
}

static gboolean
wait_for (int fd, short events, gint64 deadline, GError **error)
{
  struct pollfd entry = { .fd = fd, .events = events };
  int n;

  do
    n = poll (&entry, 1, remaining_ms (deadline));
  while (n < 0 && errno == EINTR);
  if (n == 0)
    set_late (error, "starttls");
  else if (n < 0)
    set_failed (error, "starttls", "Waiting for the server failed: %s", g_strerror (errno));
  return n > 0;
}

static gboolean
is_for_later (void)
{
  return errno == EAGAIN || errno == EINTR;
}

static gboolean
send_all (int fd, GBytes *message, gint64 deadline, GError **error)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (message, &length);

  while (length > 0) {
    gssize n;

    if (!wait_for (fd, POLLOUT, deadline, error))
      return FALSE;
    n = send (fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && !is_for_later ()) {
      set_failed (error, "starttls", "The server closed the connection before TLS began: %s",
                  g_strerror (errno));
      return FALSE;
    }
    bytes += MAX (n, 0);
    length -= (gsize)MAX (n, 0);
  }
  return TRUE;
}

/* All that is there, so that what came too much is seen. */
static gboolean
receive_some (int fd, CardeaStarttls *talk, gint64 deadline, GError **error)
{
  guint8 buffer[4096];
  gssize n;

  if (!wait_for (fd, POLLIN, deadline, error))
    return FALSE;
  n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n > 0)
    return cardea_starttls_feed (talk, buffer, (gsize)n, error);
  if (n < 0 && is_for_later ())
    return TRUE;
  set_failed (error, "starttls", "The server closed the connection before TLS began%s%s", n < 0 ? ": " : "",
              n < 0 ? g_strerror (errno) : "");
  return FALSE;
}

gboolean
cardea_own_connection_talk (int fd, CardeaStarttls *talk, gint64 deadline, GError **error)
{
  g_return_val_if_fail (fd >= 0 && talk != NULL, FALSE);

  while (!cardea_starttls_is_done (talk)) {
    g_autoptr (GBytes) output = cardea_starttls_take_output (talk);

    if (output != NULL && !send_all (fd, output, deadline, error))
      return FALSE;
    if (!receive_some (fd, talk, deadline, error))
      return FALSE;
  }
  return TRUE;
}
