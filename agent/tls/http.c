/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fetching by HTTP/1.0.
 *
 * One request and one body over a socket that is then closed: what OpenSSL's and NSS's own OCSP clients do,
 * and every responder takes. An HTTP library would do it as well, and bring HTTP/2, compression, cookies and
 * logins, each a parser of what strangers send, into the process that holds PINs. */

#include "agent/tls/http.h"

#include <string.h>

#include "agent/tls/http-response.h"
#include "agent/tls/proxy-answer.h"
#include "agent/tls/revocation-place.h"

#define HTTP_PORT 80

typedef struct
{
  GUri *uri;
  GBytes *body; /* or NULL */
  char *content_type;
  guint16 port;
  gboolean by_proxy; /* an HTTP one, which is asked with the whole URL */
  char *request;     /* what is sent, the body behind it */
  gsize request_length;
  GSocketConnection *connection;
  CardeaHttpResponse *response;
  guint8 buffer[16384];
} Fetch;

static void
fetch_free (gpointer data)
{
  Fetch *self = data;

  g_clear_object (&self->connection);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->response, cardea_http_response_free);
  g_free (self->content_type);
  g_free (self->request);
  g_free (self);
}

/* An IPv6 address goes in brackets again. */
static char *
make_authority (const Fetch *self)
{
  const char *host = g_uri_get_host (self->uri);
  gboolean brackets = strchr (host, ':') != NULL;
  g_autofree char *name = g_strconcat (brackets ? "[" : "", host, brackets ? "]" : "", NULL);

  return self->port == HTTP_PORT ? g_steal_pointer (&name) : g_strdup_printf ("%s:%u", name, self->port);
}

static char *
make_target (const Fetch *self, const char *authority)
{
  const char *path = g_uri_get_path (self->uri);
  const char *query = g_uri_get_query (self->uri);

  return g_strconcat (self->by_proxy ? "http://" : "", self->by_proxy ? authority : "",
                      *path != '\0' ? path : "/", query != NULL ? "?" : "", query, NULL);
}

static void
make_request (Fetch *self)
{
  g_autofree char *authority = make_authority (self);
  g_autofree char *target = make_target (self, authority);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n",
                          self->body != NULL ? "POST" : "GET", target, authority);
  if (self->body != NULL)
    g_string_append_printf (text, "Content-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n",
                            self->content_type, g_bytes_get_size (self->body));
  g_string_append (text, "\r\n");
  if (self->body != NULL)
    g_string_append_len (text, g_bytes_get_data (self->body, NULL), (gssize)g_bytes_get_size (self->body));
  self->request_length = text->len;
  self->request = g_string_free (text, FALSE);
}

static void read_more (GTask *task);

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Fetch *self = g_task_get_task_data (task);
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  switch (n < 0 ? CARDEA_HTTP_FAILED
                : cardea_http_response_add (self->response, self->buffer, (gsize)n, &error)) {
  case CARDEA_HTTP_MORE:
    read_more (g_steal_pointer (&task));
    break;
  case CARDEA_HTTP_WHOLE:
    g_task_return_pointer (task, cardea_http_response_get_body (self->response),
                           (GDestroyNotify)g_bytes_unref);
    break;
  case CARDEA_HTTP_FAILED:
    g_task_return_error (task, error);
    break;
  }
}

/* Takes @task. */
static void
read_more (GTask *task)
{
  Fetch *self = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->buffer,
                             sizeof self->buffer, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_read,
                             task);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    read_more (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Fetch *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (self->connection == NULL) {
    g_task_return_error (task, error);
    return;
  }
  make_request (self);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                   self->request, self->request_length, G_PRIORITY_DEFAULT,
                                   g_task_get_cancellable (task), on_written, g_object_ref (task));
}

/* Takes @task. @proxy: as GProxyResolver names it. An HTTP proxy is spoken to itself, as many let nobody
 * through to port 80; the others are GSocketClient's. */
static void
connect_by (GTask *task, const char *proxy)
{
  Fetch *self = g_task_get_task_data (task);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = NULL;
  g_autoptr (CardeaProxyAnswer) answer = cardea_proxy_answer_new ((const char *[]){ proxy, NULL });
  GError *error = NULL;

  self->by_proxy = g_ascii_strncasecmp (proxy, "http://", 7) == 0;
  if (self->by_proxy) {
    address = g_network_address_parse_uri (proxy, HTTP_PORT, &error);
    g_socket_client_set_enable_proxy (client, FALSE);
  } else if (!cardea_proxy_answer_is_empty (answer)) {
    address = g_network_address_new (g_uri_get_host (self->uri), self->port);
    g_socket_client_set_proxy_resolver (client, G_PROXY_RESOLVER (answer));
  } else {
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED, "The settings name no known proxy.");
  }
  if (address != NULL)
    g_socket_client_connect_async (client, address, g_task_get_cancellable (task), on_connected,
                                   g_object_ref (task));
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_proxies_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_auto (GStrv) proxies = g_proxy_resolver_lookup_finish (G_PROXY_RESOLVER (source), result, &error);

  if (proxies == NULL || proxies[0] == NULL)
    g_task_return_error (task, error != NULL ? error
                                             : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PROXY_FAILED,
                                                                    "No way leads there."));
  else
    connect_by (g_steal_pointer (&task), proxies[0]);
}

static Fetch *
fetch_new (const CardeaHttpRequest *request)
{
  Fetch *self = g_new0 (Fetch, 1);

  self->uri = g_uri_parse (request->url, G_URI_FLAGS_ENCODED, NULL);
  self->body = request->body != NULL ? g_bytes_ref (request->body) : NULL;
  self->content_type = g_strdup (request->content_type);
  self->response = cardea_http_response_new (request->limit);
  if (self->uri != NULL)
    self->port = g_uri_get_port (self->uri) > 0 ? (guint16)g_uri_get_port (self->uri) : HTTP_PORT;
  return self;
}

void
cardea_http_fetch_async (const CardeaHttpRequest *request, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Fetch *self = fetch_new (request);
  g_autofree char *authority = NULL;
  g_autofree char *origin = NULL;

  g_task_set_source_tag (task, cardea_http_fetch_async);
  g_task_set_task_data (task, self, fetch_free);
  if (!cardea_revocation_place_is_url (request->url, strlen (request->url))) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "This is no URL.");
    return;
  }
  authority = make_authority (self);
  origin = g_strconcat ("http://", authority, "/", NULL);
  g_proxy_resolver_lookup_async (g_proxy_resolver_get_default (), origin, cancellable, on_proxies_found,
                                 g_steal_pointer (&task));
}

GBytes *
cardea_http_fetch_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_http_fetch_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
