/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dialling servers and proxies on this machine; settings and the resolver of names are fakes. */

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/tls/dial.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/proxy-settings.h"

#define PATIENCE_S 30
#define LONG_MS (PATIENCE_S * 1000)

/* A resolver that knows no name. */
#define FAKE_TYPE_NAMES (fake_names_get_type ())
G_DECLARE_FINAL_TYPE (FakeNames, fake_names, FAKE, NAMES, GResolver)

struct _FakeNames
{
  GResolver parent;
};

G_DEFINE_FINAL_TYPE (FakeNames, fake_names, G_TYPE_RESOLVER)

static void
fake_names_lookup_async (GResolver *resolver, const char *name, GResolverNameLookupFlags flags,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, data);
  g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "“%s” is not known", name);
}

static GList *
fake_names_lookup_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
fake_names_class_init (FakeNamesClass *klass)
{
  GResolverClass *resolver = G_RESOLVER_CLASS (klass);
  resolver->lookup_by_name_with_flags_async = fake_names_lookup_async;
  resolver->lookup_by_name_with_flags_finish = fake_names_lookup_finish;
}

static void
fake_names_init (FakeNames *self)
{
}

static int
bind_somewhere (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, length), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &length), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

static int
listen_somewhere (guint16 *port)
{
  int fd = bind_somewhere (port);
  const struct timeval patience = { .tv_sec = PATIENCE_S };
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
  g_assert_cmpint (listen (fd, 4), ==, 0);
  return fd;
}

static void
shut (int fd)
{
  g_assert_cmpint (close (fd), ==, 0);
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static int
dial (const char *host, guint16 port, const char *proxy, guint timeout_ms, GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  cardea_dial_async (host, port, proxy, timeout_ms, cancellable, on_dialled, &result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  gint64 round_trip_us = -1;
  int fd = cardea_dial_finish (result, &round_trip_us, error);
  g_assert_true (fd < 0 || (round_trip_us >= 0 && round_trip_us < PATIENCE_S * G_USEC_PER_SEC));
  return fd;
}

static void
assert_failure (const char *host, guint16 port, const char *proxy, const char *step)
{
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (dial (host, port, proxy, LONG_MS, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  json_t *parameters = cardea_error_get_parameters (error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "step")), ==, step);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "message")), ==, error->message);
}

static void
assert_invalid (const char *host, guint16 port, const char *proxy, const char *parameter)
{
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (dial (host, port, proxy, LONG_MS, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
  json_t *named = json_object_get (cardea_error_get_parameters (error), "parameter");
  g_assert_cmpstr (json_string_value (named), ==, parameter);
}

static void
test_invalid (void)
{
  const char *const proxies[] = { "",
                                  "nonsense",
                                  "DIRECT",
                                  "direct://proxy",
                                  "http://",
                                  "http:///",
                                  "https://127.0.0.1:1",
                                  "ftp://127.0.0.1:1",
                                  "http://127.0.0.1:99999",
                                  "pac+http://127.0.0.1/",
                                  "http://a b/" };
  assert_invalid ("127.0.0.1", 0, "direct", "port");
  assert_invalid ("127.1", 443, "direct", "host");
  assert_invalid ("[::1]", 443, NULL, "host");
  for (gsize i = 0; i < G_N_ELEMENTS (proxies); i++)
    assert_invalid ("127.0.0.1", 443, proxies[i], "options.proxy");
}

static void
test_refused (void)
{
  guint16 port = 0;
  int silent = bind_somewhere (&port);
  assert_failure ("127.0.0.1", port, "direct", "connect");
  assert_failure ("localhost", port, "direct", "connect");
  shut (silent);
}

static void
test_unknown_name (void)
{
  g_autoptr (GResolver) before = g_resolver_get_default ();
  g_autoptr (GResolver) fake = g_object_new (FAKE_TYPE_NAMES, NULL);
  g_resolver_set_default (fake);
  assert_failure ("server.example", 443, "direct", "resolve");
  assert_failure ("server.example", 443, "http://proxy.example:3128", "proxy");
  g_resolver_set_default (before);
}

static void
assert_reaches (const char *host, int listener, guint16 port, const char *proxy)
{
  g_autoptr (GError) error = NULL;
  int fd = dial (host, port, proxy, LONG_MS, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, O_NONBLOCK);
  int accepted = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (accepted, >=, 0);
  g_assert_cmpint (send (fd, "hello", 5, MSG_NOSIGNAL), ==, 5);
  char buffer[8];
  g_assert_cmpint (recv (accepted, buffer, sizeof buffer, 0), ==, 5);
  shut (fd);
  g_assert_cmpint (recv (accepted, buffer, sizeof buffer, 0), ==, 0); /* no other descriptor keeps it open */
  shut (accepted);
}

static void
test_direct (void)
{
  guint16 port = 0;
  int listener = listen_somewhere (&port);
  assert_reaches ("127.0.0.1", listener, port, "direct");
  assert_reaches ("LocalHost.", listener, port, "direct");
  shut (listener);
}

static void
test_settings (void)
{
  guint16 port = 0;
  int listener = listen_somewhere (&port);
  g_autofree char *uri = g_strdup_printf ("https://127.0.0.1:%u", port);
  cardea_proxy_settings_set ("direct://");
  assert_reaches ("127.0.0.1", listener, port, NULL);
  g_assert_cmpstr (cardea_proxy_settings_get_asked (), ==, uri);

  cardea_proxy_settings_set (NULL);
  assert_failure ("127.0.0.1", port, NULL, "proxy");
  cardea_proxy_settings_set ("https://127.0.0.1:1 quic://127.0.0.1:1");
  assert_failure ("127.0.0.1", port, NULL, "proxy");
  cardea_proxy_settings_set ("https://127.0.0.1:1 direct://");
  assert_reaches ("127.0.0.1", listener, port, NULL);
  shut (listener);
}

static void
test_settings_ipv6 (void)
{
  cardea_proxy_settings_set ("http://127.0.0.1:1");
  assert_failure ("::1", 443, NULL, "proxy");
  g_assert_cmpstr (cardea_proxy_settings_get_asked (), ==, "https://[::1]:443");
}

/* A proxy for one connection: what it expects to read and what it answers, in turn; then it speaks as the
 * server. */
typedef struct
{
  int listener;
  struct
  {
    const char *expected;
    gsize expected_length; /* 0: until an empty line */
    const char *answer;
    gsize answer_length;
  } turns[2];
  char *request; /* what was read until the empty line */
} Proxy;

#define SERVER_SAYS "from behind the proxy"

static char *
receive_head (int fd)
{
  g_autoptr (GString) head = g_string_new (NULL);
  char byte;
  while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
    g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 1);
    g_string_append_c (head, byte);
  }
  return g_string_free (g_steal_pointer (&head), FALSE);
}

static gpointer
proxy_in_thread (gpointer data)
{
  Proxy *self = data;
  int fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (self->turns) && self->turns[i].answer; i++) {
    gsize length = self->turns[i].expected_length;
    g_autofree char *got = length > 0 ? g_malloc (length) : (self->request = receive_head (fd), NULL);
    if (length > 0) {
      g_assert_cmpint (recv (fd, got, length, MSG_WAITALL), ==, (gssize)length);
      g_assert_cmpmem (got, length, self->turns[i].expected, length);
    }
    g_assert_cmpint (send (fd, self->turns[i].answer, self->turns[i].answer_length, MSG_NOSIGNAL), ==,
                     (gssize)self->turns[i].answer_length);
  }
  send (fd, SERVER_SAYS, strlen (SERVER_SAYS), MSG_NOSIGNAL); /* a refused client is gone already */
  shut (fd);
  return NULL;
}

static void
assert_server_speaks (int fd)
{
  char buffer[64];
  g_assert_cmpint (fcntl (fd, F_SETFL, 0), ==, 0);
  g_assert_cmpint (recv (fd, buffer, strlen (SERVER_SAYS), MSG_WAITALL), ==, (gssize)strlen (SERVER_SAYS));
  g_assert_cmpmem (buffer, strlen (SERVER_SAYS), SERVER_SAYS, strlen (SERVER_SAYS));
  shut (fd);
}

/* The proxy gets the name, not an address looked up here. */
static void
test_socks5 (void)
{
  static const char REQUEST[] = "\5\1\0\3\016server.example\1\273";
  guint16 port = 0;
  Proxy proxy = { .listener = listen_somewhere (&port),
                  .turns = { { "\5\1\0", 3, "\5\0", 2 },
                             { REQUEST, sizeof REQUEST - 1, "\5\0\0\1\177\0\0\1\0\1", 10 } } };
  GThread *thread = g_thread_new ("proxy", proxy_in_thread, &proxy);
  g_autofree char *uri = g_strdup_printf ("socks5://127.0.0.1:%u", port);
  g_autoptr (GError) error = NULL;
  int fd = dial ("Server.Example", 443, uri, LONG_MS, NULL, &error);
  g_assert_no_error (error);
  assert_server_speaks (fd);
  g_thread_join (thread);
  shut (proxy.listener);
}

static void
test_http_connect (void)
{
  static const char ANSWER[] = "HTTP/1.0 200 OK\r\n\r\n";
  guint16 port = 0;
  Proxy proxy = { .listener = listen_somewhere (&port), .turns = { { NULL, 0, ANSWER, sizeof ANSWER - 1 } } };
  GThread *thread = g_thread_new ("proxy", proxy_in_thread, &proxy);
  g_autofree char *answer = g_strdup_printf ("http://127.0.0.1:%u", port);
  cardea_proxy_settings_set (answer);
  g_autoptr (GError) error = NULL;
  int fd = dial ("server.example", 8443, NULL, LONG_MS, NULL, &error);
  g_assert_no_error (error);
  assert_server_speaks (fd);
  g_thread_join (thread);
  g_assert_true (g_str_has_prefix (proxy.request, "CONNECT server.example:8443 HTTP/1."));
  g_assert_cmpstr (cardea_proxy_settings_get_asked (), ==, "https://server.example:8443");
  g_free (proxy.request);
  shut (proxy.listener);
}

static void
test_proxy_forbids (void)
{
  static const char ANSWER[] = "HTTP/1.0 403 Forbidden\r\n\r\n";
  guint16 port = 0;
  Proxy proxy = { .listener = listen_somewhere (&port), .turns = { { NULL, 0, ANSWER, sizeof ANSWER - 1 } } };
  GThread *thread = g_thread_new ("proxy", proxy_in_thread, &proxy);
  g_autofree char *uri = g_strdup_printf ("http://127.0.0.1:%u", port);
  assert_failure ("server.example", 443, uri, "proxy");
  g_thread_join (thread);
  g_free (proxy.request);
  shut (proxy.listener);
}

static void
test_proxy_absent (void)
{
  guint16 port = 0;
  int silent = bind_somewhere (&port);
  g_autofree char *uri = g_strdup_printf ("socks5://127.0.0.1:%u", port);
  assert_failure ("server.example", 443, uri, "proxy");
  shut (silent);
}

/* A proxy that accepts and says nothing. */
static void
test_timeout (void)
{
  guint16 port = 0;
  int listener = listen_somewhere (&port);
  g_autofree char *uri = g_strdup_printf ("socks5://127.0.0.1:%u", port);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (dial ("server.example", 443, uri, 30, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  json_t *what = json_object_get (cardea_error_get_parameters (error), "what");
  g_assert_cmpstr (json_string_value (what), ==, "connect");
  shut (listener);
}

static void
test_cancelled_before (void)
{
  guint16 port = 0;
  int listener = listen_somewhere (&port);
  const char *const proxies[] = { "direct", NULL };
  cardea_proxy_settings_set ("direct://");
  for (gsize i = 0; i < G_N_ELEMENTS (proxies); i++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    g_autoptr (GError) error = NULL;
    g_cancellable_cancel (cancellable);
    g_assert_cmpint (dial ("127.0.0.1", port, proxies[i], LONG_MS, cancellable, &error), ==, -1);
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  }
  shut (listener);
}

/* Once the proxy was reached, which never answers, the caller goes away. */
typedef struct
{
  int listener;
  GCancellable *cancellable;
} Impatience;

static gpointer
cancel_in_thread (gpointer data)
{
  Impatience *self = data;
  int fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_cancellable_cancel (self->cancellable);
  char buffer[16];
  while (recv (fd, buffer, sizeof buffer, 0) > 0) /* until the dialler let go */
    ;
  shut (fd);
  return NULL;
}

static void
test_cancelled_meanwhile (void)
{
  guint16 port = 0;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Impatience impatience = { listen_somewhere (&port), cancellable };
  GThread *thread = g_thread_new ("cancel", cancel_in_thread, &impatience);
  g_autofree char *uri = g_strdup_printf ("socks5://127.0.0.1:%u", port);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (dial ("server.example", 443, uri, LONG_MS, cancellable, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_thread_join (thread);
  shut (impatience.listener);
}

static int
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  int n = 0;
  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* Runs @data twice and compares: what GLib opens once and keeps is no leak. */
static void
run_without_leak (gconstpointer data)
{
  GTestFunc test = (GTestFunc)data;
  test ();
  int before = count_descriptors ();
  test ();
  /* GIO talks to some proxies on a thread of its own, which may let go of the connection after it was handed
   * over. */
  gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
  while (count_descriptors () > before && g_get_monotonic_time () < deadline)
    if (!g_main_context_iteration (NULL, FALSE))
      g_thread_yield ();
  g_assert_cmpint (count_descriptors (), <=, before);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    GTestFunc test;
  } TESTS[] = {
    { "/dial/invalid", test_invalid },
    { "/dial/refused", test_refused },
    { "/dial/unknown-name", test_unknown_name },
    { "/dial/direct", test_direct },
    { "/dial/settings", test_settings },
    { "/dial/settings-ipv6", test_settings_ipv6 },
    { "/dial/socks5", test_socks5 },
    { "/dial/http-connect", test_http_connect },
    { "/dial/proxy-forbids", test_proxy_forbids },
    { "/dial/proxy-absent", test_proxy_absent },
    { "/dial/timeout", test_timeout },
    { "/dial/cancelled-before", test_cancelled_before },
    { "/dial/cancelled-meanwhile", test_cancelled_meanwhile },
  };

  g_test_init (&argc, &argv, NULL);
  cardea_proxy_settings_begin ();
  for (gsize i = 0; i < G_N_ELEMENTS (TESTS); i++)
    g_test_add_data_func (TESTS[i].name, (gconstpointer)TESTS[i].test, run_without_leak);
  int status = g_test_run ();
  cardea_proxy_settings_end ();
  return status;
}
