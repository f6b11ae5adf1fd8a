/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reaching a server: which proxies, then GSocketClient, then nothing but a descriptor.
 *
 * The two steps are apart because the proxies have to be asked for as https (see proxy-answer.h). One
 * cancellable of ours stands behind both, pulled by the caller's or by the clock, and which of them it was
 * decides what the caller is told. */

#include "agent/tls/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/tls/proxy-answer.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "agent/base/source.h"

typedef struct
{
  char *host; /* normalised */
  guint16 port;
  GCancellable *cancellable; /* ours */
  GCancellable *callers;     /* or NULL */
  gulong callers_handler;
  GSource *timeout;
  gboolean timed_out;
  CardeaProxyAnswer *proxies; /* NULL until known */
  gint64 round_trip_us;
} Dial;

/* Under which a connection being made keeps when its making began. */
static const char STARTED_KEY[] = "cardea-dial-started";

static void
dial_free (gpointer data)
{
  Dial *self = data;
  if (self->callers)
    g_cancellable_disconnect (self->callers, self->callers_handler);
  cardea_source_clear (&self->timeout);
  g_clear_object (&self->callers);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->proxies);
  g_free (self->host);
  g_free (self);
}

static gboolean
on_timeout (gpointer data)
{
  Dial *self = data;
  self->timed_out = TRUE;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_callers_cancelled (GCancellable *callers, gpointer data)
{
  g_cancellable_cancel (data);
}

static Dial *
dial_new (guint timeout_ms, GCancellable *cancellable)
{
  Dial *self = g_new0 (Dial, 1);
  self->cancellable = g_cancellable_new ();
  self->timeout = g_timeout_source_new (timeout_ms > 0 ? timeout_ms : CARDEA_LIMIT_CONNECT_MS);
  g_source_set_callback (self->timeout, on_timeout, self, NULL);
  g_source_attach (self->timeout, g_main_context_get_thread_default ());
  if (cancellable) {
    self->callers = g_object_ref (cancellable);
    self->callers_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_callers_cancelled),
                                                   g_object_ref (self->cancellable), g_object_unref);
  }
  return self;
}

static gboolean
is_of_proxy (const GError *cause)
{
  return g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED) ||
         g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED) ||
         g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH) ||
         g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED);
}

/* Where every way leads through a proxy, the name that was not found and the port that refused are the
 * proxy's. */
static const char *
get_step (const Dial *self, const GError *cause)
{
  if (!self->proxies || is_of_proxy (cause) || !cardea_proxy_answer_has_direct (self->proxies))
    return "proxy";
  return cause->domain == G_RESOLVER_ERROR ? "resolve" : "connect";
}

static GError *
make_failure (const Dial *self, const GError *cause)
{
  const char *step = get_step (self, cause);
  const char *remedy = "check that the server runs, and the network";
  if (g_str_equal (step, "resolve"))
    remedy = "check the spelling, and the network";
  else if (g_str_equal (step, "proxy"))
    remedy = "check the proxy settings";
  g_autofree char *message =
      g_strdup_printf ("%s:%u cannot be reached: %s; %s", self->host, self->port, cause->message, remedy);
  GError *failure = cardea_error_new (CARDEA_ERROR_CONNECT_FAILED, "%s", message);
  cardea_error_take_parameter (failure, "step", json_string (step));
  cardea_error_take_parameter (failure, "message", json_string (message));
  return failure;
}

/* Takes @cause. */
static void
fail (GTask *task, GError *cause)
{
  g_autoptr (GError) owned = cause;
  Dial *self = g_task_get_task_data (task);
  GError *failure;
  if (self->timed_out) {
    failure = cardea_error_new (CARDEA_ERROR_TIMED_OUT,
                                "%s:%u did not answer in time; check that the server runs, and the network",
                                self->host, self->port);
    cardea_error_take_parameter (failure, "what", json_string ("connect"));
  } else if (g_cancellable_is_cancelled (self->cancellable)) {
    failure = cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was cancelled");
  } else {
    failure = make_failure (self, cause);
  }
  g_task_return_error (task, failure);
}

static void
close_descriptor (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

/* The connection's descriptor without the connection, which closes its own. */
static int
take_descriptor (GSocketConnection *connection, GError **error)
{
  int fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (connection)), F_DUPFD_CLOEXEC, 3);
  if (fd >= 0 && fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK) == 0)
    return fd;
  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (errno), "%s", g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

static gint64
get_elapsed (GSocketConnection *connection)
{
  const gint64 *started = g_object_get_data (G_OBJECT (connection), STARTED_KEY);
  return started ? g_get_monotonic_time () - *started : 0;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Dial *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  int fd = connection ? take_descriptor (connection, &error) : -1;
  if (fd < 0) {
    fail (task, error);
    return;
  }
  self->round_trip_us = get_elapsed (connection);
  g_task_return_pointer (task, GINT_TO_POINTER (fd), close_descriptor);
}

/* Several addresses may be tried beside each other: the time belongs to each try. */
static void
on_client_event (GSocketClient *client, GSocketClientEvent event, GSocketConnectable *connectable,
                 GIOStream *connection, gpointer data)
{
  if (event != G_SOCKET_CLIENT_CONNECTING || !connection)
    return;
  gint64 *started = g_new (gint64, 1);
  *started = g_get_monotonic_time ();
  g_object_set_data_full (G_OBJECT (connection), STARTED_KEY, started, g_free);
}

/* Takes @task. */
static void
connect_to_host (GTask *task)
{
  Dial *self = g_task_get_task_data (task);
  if (cardea_proxy_answer_is_empty (self->proxies)) {
    fail (task, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PROXY_FAILED,
                                     "the settings name no proxy of a known kind"));
    g_object_unref (task);
    return;
  }
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = g_network_address_new (self->host, self->port);
  g_socket_client_set_proxy_resolver (client, G_PROXY_RESOLVER (self->proxies));
  g_signal_connect (client, "event", G_CALLBACK (on_client_event), NULL);
  g_socket_client_connect_async (client, address, self->cancellable, on_connected, task);
}

static void
on_proxies_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Dial *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_auto (GStrv) proxies = g_proxy_resolver_lookup_finish (G_PROXY_RESOLVER (source), result, &error);
  if (!proxies) {
    fail (task, error);
    return;
  }
  self->proxies = cardea_proxy_answer_new ((const char *const *)proxies);
  connect_to_host (g_steal_pointer (&task));
}

static gboolean
prepare (Dial *self, const char *host, guint16 port, const char *proxy, GError **error)
{
  self->host = cardea_host_name_normalise (host, error);
  self->port = port;
  if (!self->host)
    return FALSE;
  if (port == 0) {
    cardea_set_error (error, CARDEA_ERROR_INVALID_PARAMETER, "Port 0 cannot be connected to");
    if (error)
      cardea_error_take_parameter (*error, "parameter", json_string ("port"));
    return FALSE;
  }
  if (proxy)
    self->proxies = cardea_proxy_answer_new_from_choice (proxy, error);
  return !proxy || self->proxies;
}

void
cardea_dial_async (const char *host, guint16 port, const char *proxy, guint timeout_ms,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Dial *self = dial_new (timeout_ms, cancellable);
  g_task_set_source_tag (task, cardea_dial_async);
  g_task_set_task_data (task, self, dial_free);
  GError *error = NULL;
  if (!prepare (self, host, port, proxy, &error)) {
    g_task_return_error (task, error);
    return;
  }
  if (self->proxies) {
    connect_to_host (g_steal_pointer (&task));
    return;
  }
  g_autofree char *uri = g_uri_join (G_URI_FLAGS_NONE, "https", NULL, self->host, port, "", NULL, NULL);
  g_proxy_resolver_lookup_async (g_proxy_resolver_get_default (), uri, self->cancellable, on_proxies_found,
                                 g_steal_pointer (&task));
}

int
cardea_dial_finish (GAsyncResult *result, gint64 *round_trip_us, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_dial_async), -1);
  g_autoptr (GError) failure = NULL;
  int fd = GPOINTER_TO_INT (g_task_propagate_pointer (G_TASK (result), &failure));
  if (failure) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return -1;
  }
  const Dial *self = g_task_get_task_data (G_TASK (result));
  if (round_trip_us)
    *round_trip_us = self->round_trip_us;
  return fd;
}
