/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wrap and OpenWrap as a program calls them: what may come along, what may be asked for, and what becomes of
 * the socket. */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/api/methods.h"
#include "socket-api/wire/error.h"
#include "tests/unit/service-fixture.h"

#define INVALID "org.varlink.service.InvalidParameter"
#define TARGET "\"server_name\":\"Mail.Example.\",\"port\":25"

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder))
    n++;
  return n;
}

/* The call with these descriptors, which are closed here. */
static void
send_with (ApiClient *client, const char *method, const char *parameters, const int *fds, guint n)
{
  gboolean upgrade = g_str_equal (method, "Wrap");
  g_autofree char *message =
      g_strdup_printf ("{\"method\":\"org.cardea.agent.%s\",\"parameters\":%s,\"%s\":true}", method,
                       parameters, upgrade ? "upgrade" : "more");
  g_autofree char *control = g_malloc0 (CMSG_SPACE (MAX (n, 1) * sizeof (int)));
  struct iovec vector = { message, strlen (message) + 1 };
  struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };

  if (n > 0) {
    struct cmsghdr *rights;

    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE (n * sizeof (int));
    rights = CMSG_FIRSTHDR (&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN (n * sizeof (int));
    memcpy (CMSG_DATA (rights), fds, n * sizeof (int));
  }
  g_assert_cmpint (sendmsg (api_client_get_fd (client), &header, MSG_NOSIGNAL), ==, (gssize)vector.iov_len);
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

static void
make_pair (int type, int ends[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, ends), ==, 0);
}

static gboolean
has_ended (gpointer data)
{
  struct pollfd entry = { .fd = GPOINTER_TO_INT (data), .events = POLLIN };

  return poll (&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
}

/* The other end sees that nobody has it any more. */
static void
assert_closed (int peer)
{
  char byte;

  api_wait (has_ended, GINT_TO_POINTER (peer));
  g_assert_cmpint (recv (peer, &byte, 1, MSG_DONTWAIT), ==, 0);
  close (peer);
}

/* None, two, and one that is nothing of the kind; each is closed, and each call has its error. */
static void
test_descriptors (ServiceFixture *fixture, gconstpointer data)
{
  const char *method = data;
  static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };

  for (guint i = 0; i < 2 + G_N_ELEMENTS (types); i++) {
    g_autoptr (ApiClient) client = service_connect (fixture);
    int first[2], second[2];

    make_pair (i >= 2 ? types[i - 2] : SOCK_STREAM, first);
    make_pair (SOCK_STREAM, second);
    send_with (client, method, "{" TARGET "}", (int[]){ first[0], second[0] }, i == 0 ? 0 : i == 1 ? 2 : 1);
    service_expect_error (fixture, client, INVALID, "descriptor");
    if (i == 0)
      close (first[0]);
    if (i != 1)
      close (second[0]);
    if (i == 2)
      close (first[1]); /* a datagram socket has no end to see */
    else
      assert_closed (first[1]);
    assert_closed (second[1]);
  }
  g_assert_null (fake_broker_get_request (fixture->broker));
}

/* Not a socket at all. */
static void
test_files (ServiceFixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { "/dev/null", "/dev/ptmx", "/proc/self/exe", "/" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    guint before = count_descriptors ();
    ApiClient *client = service_connect (fixture);
    int fd = open (paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY);

    send_with (client, i % 2 ? "Wrap" : "OpenWrap", "{" TARGET "}", &fd, 1);
    service_expect_error (fixture, client, INVALID, "descriptor");
    api_client_free (client);
    api_wait (service_is_deserted, fixture);
    g_assert_cmpuint (count_descriptors (), ==, before);
  }
}

/* What means nothing with a socket of one's own is no wish to be overlooked. Its connection is left alone: so
 * much is the caller's mistake. */
static void
test_options (ServiceFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *parameters, *name;
  } cases[] = {
    { "{" TARGET ",\"options\":{\"proxy\":\"direct\"}}", "options.proxy" },
    { "{" TARGET ",\"options\":{\"proxy\":\"http://127.0.0.1:1\"}}", "options.proxy" },
    { "{" TARGET ",\"options\":{\"server_name\":\"mail.example\"}}", "options.server_name" },
    { "{" TARGET ",\"options\":{\"terminal\":\"always\"}}", "options.terminal" },
    { "{" TARGET ",\"options\":{\"terminal\":\"if_needed\"}}", "options.terminal" },
    { "{" TARGET ",\"options\":{\"tls13\":true}}", "options.tls13" },
    { "{" TARGET ",\"host\":\"mail.example\"}", "host" },
    { "{\"host\":\"mail.example\",\"port\":25}", "host" },
    { "{\"server_name\":\"mail.example\"}", "port" },
    { "{\"server_name\":\"mail.example\",\"port\":0}", "port" },
    { "{\"server_name\":\"mail.example\",\"port\":65536}", "port" },
    { "{\"server_name\":\"a b\",\"port\":25}", "server_name" },
    { "{\"server_name\":\"\",\"port\":25}", "server_name" },
    { "{\"server_name\":null,\"port\":25}", "server_name" },
    { "{}", "server_name" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ApiClient) client = service_connect (fixture);
    int ends[2], copy;

    make_pair (SOCK_STREAM, ends);
    copy = dup (ends[0]);
    send_with (client, i % 2 ? "Wrap" : "OpenWrap", cases[i].parameters, ends, 1);
    service_expect_error (fixture, client, INVALID, cases[i].name);
    g_assert_cmpint (send (copy, "x", 1, MSG_NOSIGNAL), ==, 1);
    g_assert_false (has_ended (GINT_TO_POINTER (ends[1])));
    close (copy);
    close (ends[1]);
  }
  g_assert_null (fake_broker_get_request (fixture->broker));
}

static void
test_manner (ServiceFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *method, *flags, *name, *parameter;
  } cases[] = {
    { "Wrap", NULL, INVALID, "upgrade" },
    { "Wrap", ",\"more\":true", INVALID, "upgrade" },
    { "OpenWrap", NULL, "org.varlink.service.ExpectedMore", NULL },
    { "OpenWrap", ",\"upgrade\":true", INVALID, "upgrade" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ApiClient) client = service_connect (fixture);

    service_send_call (client, cases[i].method, "{" TARGET "}", cases[i].flags);
    service_expect_error (fixture, client, cases[i].name, cases[i].parameter);
  }
}

/* The socket is the request's, and the name that is verified the one that is connected to. */
static void
test_request (ServiceFixture *fixture, gconstpointer data)
{
  const char *method = data;
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (CardeaWireReply) reply = NULL;
  const CardeaRequest *request;
  gint64 round_trip;
  int ends[2], fd;

  make_pair (SOCK_STREAM, ends);
  send_with (client, method, "{" TARGET ",\"options\":{\"alpn\":[\"smtp\"],\"timeout_ms\":5000}}", ends, 1);
  reply = service_expect_reply (fixture, client, method);
  request = fake_broker_get_request (fixture->broker);
  g_assert_cmpstr (request->host, ==, "mail.example");
  g_assert_cmpstr (cardea_request_get_server_name (request), ==, "mail.example");
  g_assert_null (request->server_name);
  g_assert_cmpuint (request->port, ==, 25);
  g_assert_cmpuint (request->timeout_ms, ==, 5000);
  fd = cardea_connected_socket_take (request->socket, &round_trip);
  g_assert_cmpint (send (fd, "x", 1, 0), ==, 1);
  g_assert_false (has_ended (GINT_TO_POINTER (ends[1])));
  close (fd);
  close (ends[1]);
}

/* Refused, or given up while nothing was sent yet: nobody goes on in the clear. */
static void
test_refused (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (ApiClient) next = service_connect (fixture);
  int ends[2], copy;

  make_pair (SOCK_STREAM, ends);
  copy = dup (ends[0]);
  fake_broker_fail_next (fixture->broker, cardea_error_new (CARDEA_ERROR_DENIED, "No."));
  send_with (client, "Wrap", "{" TARGET "}", ends, 1);
  service_expect_error (fixture, client, "org.cardea.agent.Denied", NULL);
  /* The stand-in for the broker keeps the last request. */
  service_send_call (next, "Connect", "{\"host\":\"a.example\",\"port\":1}", ",\"upgrade\":true");
  cardea_wire_reply_free (service_expect_reply (fixture, next, "Connect"));
  assert_closed (ends[1]);
  assert_closed (copy);
}

static gboolean
is_cancelled (gpointer data)
{
  return fake_broker_count_cancelled (((ServiceFixture *)data)->broker) > 0;
}

static gboolean
is_waiting (gpointer data)
{
  return fake_broker_count_waiting (((ServiceFixture *)data)->broker) > 0;
}

static void
test_caller_gone (ServiceFixture *fixture, gconstpointer data)
{
  ApiClient *client = service_connect (fixture);
  int ends[2];

  fake_broker_hold (fixture->broker);
  make_pair (SOCK_STREAM, ends);
  send_with (client, data, "{" TARGET "}", ends, 1);
  api_wait (is_waiting, fixture);
  api_client_free (client);
  api_wait (is_cancelled, fixture);
  close (ends[1]);
}

/* The threads of streams close theirs when they come to it. */
static gboolean
has_no_more_than (gpointer data)
{
  return count_descriptors () <= *(const guint *)data;
}

/* Hundreds of calls of every fate leave as many descriptors as before. */
static void
test_no_leak (ServiceFixture *fixture, gconstpointer data)
{
  guint limit = 0;

  for (guint i = 0; i < 400; i++) {
    ApiClient *client = service_connect (fixture);
    int ends[2];

    make_pair (i % 4 == 1 ? SOCK_SEQPACKET : SOCK_STREAM, ends);
    if (i % 4 == 2)
      fake_broker_fail_next (fixture->broker, cardea_error_new (CARDEA_ERROR_DENIED, "No."));
    send_with (client, i % 2 ? "OpenWrap" : "Wrap", i % 4 == 3 ? "{}" : "{" TARGET "}", ends, 1);
    cardea_wire_reply_free (api_client_receive (client));
    api_client_free (client);
    close (ends[1]);
    api_wait (service_is_deserted, fixture);
    /* The stand-in keeps one request and one server's end. */
    if (i == 7)
      limit = count_descriptors ();
  }
  api_wait (has_no_more_than, &limit);
}

/* A sandboxed program, which cannot be had on a socket of the test's: the calls themselves. */
typedef struct
{
  char *error; /* or NULL */
  gboolean upgraded;
} Sink;

static void
on_send (gpointer data, GBytes *message, int fd)
{
  Sink *sink = data;
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);
  g_autoptr (GBytes) without_nul = g_bytes_new (bytes, length - 1);
  g_autoptr (CardeaWireReply) reply = cardea_wire_reply_parse (without_nul, NULL);

  sink->error = g_strdup (reply->error);
}

static void
on_over (gpointer data)
{
}

static void
on_upgrade (gpointer data, CardeaUpgraded upgraded, gpointer user_data)
{
  ((Sink *)data)->upgraded = TRUE;
  upgraded (-1, NULL, user_data);
}

static const CardeaCallSink call_sink = { on_send, on_over, on_upgrade, on_over };

/* Takes @fd. */
static void
wrap_confined (ServiceFixture *fixture, int fd, Sink *sink)
{
  g_autoptr (CardeaCaller) caller = cardea_caller_new (CARDEA_CALLER_CONFINED, CARDEA_CONFINEMENT_FLATPAK,
                                                       "org.example.App", "flatpak:org.example.App", 1);
  CardeaWireCall *wire = g_new0 (CardeaWireCall, 1);
  g_autoptr (CardeaCall) call = NULL;
  guint n_methods;
  const CardeaMethod *methods = cardea_methods_get (&n_methods);

  wire->method = g_strdup ("org.cardea.agent.Wrap");
  wire->parameters = json_loads ("{" TARGET "}", 0, NULL);
  wire->upgrade = TRUE;
  call = cardea_call_new (wire, caller, &call_sink, sink);
  cardea_call_give_descriptor (call, fd);
  cardea_dispatch (methods, n_methods, call, &fixture->context);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static int
make_tcp_connection (int *peer)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", port);
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (client, address, 0, NULL, NULL);
  g_autoptr (GSocketConnection) accepted = g_socket_listener_accept (listener, NULL, NULL, NULL);

  *peer = dup (g_socket_get_fd (g_socket_connection_get_socket (accepted)));
  return dup (g_socket_get_fd (g_socket_connection_get_socket (connection)));
}

static void
test_confined (ServiceFixture *fixture, gconstpointer data)
{
  Sink local = { NULL, FALSE };
  Sink tcp = { NULL, FALSE };
  int ends[2], peer;

  make_pair (SOCK_STREAM, ends);
  wrap_confined (fixture, ends[0], &local);
  g_assert_cmpstr (local.error, ==, "org.varlink.service.PermissionDenied");
  assert_closed (ends[1]);
  g_assert_null (fake_broker_get_request (fixture->broker));

  wrap_confined (fixture, make_tcp_connection (&peer), &tcp);
  g_assert_true (tcp.upgraded);
  g_assert_nonnull (fake_broker_get_request (fixture->broker)->socket);
  close (peer);
  g_free (local.error);
  g_free (tcp.error);
}

int
main (int argc, char *argv[])
{
  service_begin (&argc, &argv);
#define WRAP(name, function, data)                                                                           \
  g_test_add ("/methods-wrap/" name, ServiceFixture, data, service_set_up, function, service_tear_down)
  WRAP ("descriptors", test_descriptors, "Wrap");
  WRAP ("descriptors-open", test_descriptors, "OpenWrap");
  WRAP ("files", test_files, NULL);
  WRAP ("options", test_options, NULL);
  WRAP ("manner", test_manner, NULL);
  WRAP ("request", test_request, "Wrap");
  WRAP ("refused", test_refused, NULL);
  WRAP ("caller-gone", test_caller_gone, "Wrap");
  WRAP ("caller-gone-open", test_caller_gone, "OpenWrap");
  WRAP ("no-leak", test_no_leak, NULL);
  WRAP ("confined", test_confined, NULL);
  return service_run ();
}
