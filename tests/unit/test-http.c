/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One small thing from a web server that does as it likes. */

#include "agent/tls/http.h"

#include <string.h>

#include "tests/fixtures/http-server.h"
#include "tests/fixtures/loop.h"
#include "tests/fixtures/proxy-settings.h"

#define LIMIT 1000

typedef struct
{
  CardeaHttpServer *server;
  GMainLoop *loop;
  GCancellable *cancellable;
  GBytes *body;
  GError *error;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = cardea_http_server_new ();
  f->loop = g_main_loop_new (NULL, FALSE);
  f->cancellable = g_cancellable_new ();
  cardea_proxy_settings_set ("direct://");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->server, cardea_http_server_free);
  g_main_loop_unref (f->loop);
  g_object_unref (f->cancellable);
  g_clear_pointer (&f->body, g_bytes_unref);
  g_clear_error (&f->error);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  f->body = cardea_http_fetch_finish (result, &f->error);
  g_assert_true ((f->body == NULL) == (f->error != NULL));
  g_main_loop_quit (f->loop);
}

static void
fetch_url (Fixture *f, const char *url, GBytes *body)
{
  const CardeaHttpRequest request = { url, body, "application/x-question", LIMIT };
  guint guard = test_loop_guard (20);

  g_clear_pointer (&f->body, g_bytes_unref);
  g_clear_error (&f->error);
  cardea_http_fetch_async (&request, f->cancellable, on_fetched, f);
  g_main_loop_run (f->loop);
  g_source_remove (guard);
}

static void
fetch (Fixture *f, const char *name, GBytes *body)
{
  g_autofree char *url = cardea_http_server_make_url (f->server, name);

  fetch_url (f, url, body);
}

static void
answer (Fixture *f, const char *head, const char *body)
{
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

  cardea_http_server_set_answer (f->server, head, bytes);
}

static void
assert_body (Fixture *f, const char *expected)
{
  g_assert_no_error (f->error);
  g_assert_cmpmem (g_bytes_get_data (f->body, NULL), g_bytes_get_size (f->body), expected, strlen (expected));
}

/* What was asked, to the byte: nothing tells who asks. */
static void
assert_asked (Fixture *f, const char *format)
{
  g_autoptr (GBytes) request = cardea_http_server_get_request (f->server);
  g_autofree char *port = g_strdup_printf ("%u", cardea_http_server_get_port (f->server));
  g_auto (GStrv) parts = g_strsplit (format, "PORT", -1);
  g_autofree char *expected = g_strjoinv (port, parts);
  g_autofree char *text = g_strndup (g_bytes_get_data (request, NULL), g_bytes_get_size (request));

  g_assert_cmpstr (text, ==, expected);
}

static void
test_get (Fixture *f, gconstpointer data)
{
  answer (f, NULL, "body");
  fetch (f, "a/b?c=d", NULL);
  assert_body (f, "body");
  assert_asked (f, "GET /a/b?c=d HTTP/1.0\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n");
  fetch (f, "", NULL);
  assert_asked (f, "GET / HTTP/1.0\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n");
}

static void
test_post (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) question = g_bytes_new_static ("question", 8);

  answer (f, "HTTP/1.0 200 OK\r\n\r\n", "body until the end");
  fetch (f, "ask", question);
  assert_body (f, "body until the end");
  assert_asked (f, "POST /ask HTTP/1.0\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\nContent-Type: "
                   "application/x-question\r\nContent-Length: 8\r\n\r\nquestion");
}

static void
test_redirect (Fixture *f, gconstpointer data)
{
  g_autofree char *url = cardea_http_server_make_url (f->server, "there");
  g_autofree char *head = g_strdup_printf ("HTTP/1.0 302 Found\r\nLocation: %s\r\n\r\n", url);
  static const char *const elsewhere[] = { "HTTP/1.0 301 Moved\r\nLocation: https://127.0.0.1/\r\n\r\n",
                                           "HTTP/1.0 307 Moved\r\nLocation: file:///etc/passwd\r\n\r\n" };

  answer (f, head, "");
  fetch (f, "here", NULL);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (elsewhere); i++) {
    answer (f, elsewhere[i], "");
    fetch (f, "here", NULL);
    g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_FAILED);
  }
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 3);
}

static void
test_limit (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (LIMIT + 1, 'x');

  answer (f, NULL, text);
  fetch (f, "", NULL);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  answer (f, "HTTP/1.0 200 OK\r\n\r\n", text);
  fetch (f, "", NULL);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  text[LIMIT] = '\0';
  answer (f, NULL, text);
  fetch (f, "", NULL);
  assert_body (f, text);
}

static void
test_dead (Fixture *f, gconstpointer data)
{
  g_autofree char *url = cardea_http_server_make_url (f->server, "");

  g_clear_pointer (&f->server, cardea_http_server_free);
  fetch_url (f, url, NULL);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static gboolean
on_cancel_due (gpointer data)
{
  Fixture *f = data;

  if (cardea_http_server_count (f->server) == 0)
    return G_SOURCE_CONTINUE;
  g_cancellable_cancel (f->cancellable);
  return G_SOURCE_REMOVE;
}

/* Who waits can stop waiting, whatever the server does. */
static void
test_cancelled (Fixture *f, gconstpointer data)
{
  cardea_http_server_set_manner (f->server, CARDEA_HTTP_SERVER_SILENT);
  g_timeout_add (10, on_cancel_due, f);
  fetch (f, "", NULL);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_bad_urls (Fixture *f, gconstpointer data)
{
  static const char *const urls[] = { "https://127.0.0.1/", "file:///etc/passwd", "http://u:p@127.0.0.1/",
                                      "http://127.0.0.1/\r\nX: y", "http://a%0d%0aX/" };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    fetch_url (f, urls[i], NULL);
    g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  }
}

/* An HTTP proxy is asked with the whole URL; those of other kinds, and no settings, lead nowhere. */
static void
test_proxy (Fixture *f, gconstpointer data)
{
  g_autofree char *proxy = cardea_http_server_make_url (f->server, "");
  static const char *const useless[] = { NULL, "", "https://127.0.0.1:1", "quic://127.0.0.1:1" };

  answer (f, NULL, "by proxy");
  cardea_proxy_settings_set (proxy);
  fetch_url (f, "http://crl.example/list?a", NULL);
  assert_body (f, "by proxy");
  assert_asked (f,
                "GET http://crl.example/list?a HTTP/1.0\r\nHost: crl.example\r\nConnection: close\r\n\r\n");
  g_assert_cmpstr (cardea_proxy_settings_get_asked (), ==, "http://crl.example/");
  fetch_url (f, "http://[::1]:81", NULL);
  assert_asked (f, "GET http://[::1]:81/ HTTP/1.0\r\nHost: [::1]:81\r\nConnection: close\r\n\r\n");
  for (guint i = 0; i < G_N_ELEMENTS (useless); i++) {
    cardea_proxy_settings_set (useless[i]);
    fetch_url (f, "http://crl.example/", NULL);
    g_assert_nonnull (f->error);
  }
  g_assert_cmpuint (cardea_http_server_count (f->server), ==, 2);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "/http/get", test_get },           { "/http/post", test_post },   { "/http/redirect", test_redirect },
    { "/http/limit", test_limit },       { "/http/dead", test_dead },   { "/http/cancelled", test_cancelled },
    { "/http/bad-urls", test_bad_urls }, { "/http/proxy", test_proxy },
  };

  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_proxy_settings_begin ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].path, Fixture, NULL, set_up, cases[i].run, tear_down);
  status = g_test_run ();
  cardea_proxy_settings_end ();
  return status;
}
