/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program brings its own connection: what may be wrong with it, with its other end and with the program
 * itself, and that otherwise it is a connection like each other one. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/echo-client.h"
#include "tests/fixtures/seam.h"
#include "tests/fixtures/tunnel.h"
#include "tests/fixtures/wrapper.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define STALLED 12 /* streams that cannot go on: more than the agent has threads for them */

static void
assert_serving (TestWrapWorld *self)
{
  int stream = test_wrap_echo (self, cardea_tunnel_dial (self->port), NULL);

  g_assert_true (test_echo_lives (stream));
  close (stream);
}

/* Takes @fd. Nothing of the session came about. */
static GError *
wrap_error (TestWrapWorld *self, int fd, const char *options)
{
  GError *error = NULL;

  g_assert_cmpint (test_wrap_with (self->lab, fd, "localhost", self->port, options, NULL, &error), ==, -1);
  agent_contract_check_error (cardea_lab_get_socket (self->lab), error);
  return error;
}

/* TCP between the test, which has ends[1], and whom it is wrapped for. */
static void
make_pair (int ends[2])
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *)&address, &length), ==, 0);
  ends[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (ends[0], (struct sockaddr *)&address, length), ==, 0);
  ends[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (ends[1], >=, 0);
  close (listener);
}

static void
test_connects (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (json_t) session = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autofree char *sessions = NULL;
  g_autofree char *how = NULL;
  int fd = cardea_tunnel_dial (world->port);
  int copy = dup (fd);
  int stream = test_wrap_echo (world, fd, &session);

  g_assert_true (test_echo_lives (stream));
  reply = json_pack ("{s:O}", "session", session);
  agent_contract_check_reply (cardea_lab_get_socket (world->lab), "Wrap", reply);
  g_assert_cmpstr (json_string_value (json_object_get (session, "server_name")), ==, "localhost");
  g_assert_cmpint (json_integer_value (json_object_get (session, "port")), ==, world->port);
  g_assert_true (json_is_true (json_object_get (session, "accepted")));
  g_assert_cmpint (
      cardea_lab_cardea (world->lab, (const char *[]){ "sessions", NULL }, NULL, &sessions, NULL), ==, 0);
  g_assert_nonnull (strstr (sessions, json_string_value (json_object_get (session, "id"))));
  g_assert_cmpint (fcntl (copy, F_GETFL) & O_NONBLOCK, ==, 0);

  g_assert_cmpint (shutdown (stream, SHUT_WR), ==, 0);
  test_echo_assert_ends (stream);
  how = test_wrap_await_end (world->lab, session);
  g_assert_cmpstr (how, ==, "clean");
  test_wrap_assert_ended (copy);
  close (stream);
}

/* With progress, the stream as a descriptor, and its end. */
static void
test_open (void)
{
  static const char *const steps[] = { "verifying", "choosing", "pin", "signing", "ready", "ended" };
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (world->lab), &error);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:s}}", "server_name", "localhost", "port",
                                             (int)world->port, "options", "certificate", world->fingerprint);
  gboolean continues = TRUE;
  int fd = cardea_tunnel_dial (world->port);
  int stream;

  cardea_client_set_descriptor (client, fd);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.OpenWrap", parameters, &error));
  close (fd);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (json_t) reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, &error);

    g_assert_no_error (error);
    agent_contract_check_reply (cardea_lab_get_socket (world->lab), "OpenWrap", reply);
    g_assert_cmpstr (json_string_value (json_object_get (reply, "step")), ==, steps[i]);
    g_assert_true (continues == (i + 1 < G_N_ELEMENTS (steps)));
    if (!g_str_equal (steps[i], "ready"))
      continue;
    stream = cardea_client_take_fd (client);
    test_wrap_expect (stream, CARDEA_ECHO_GREETING);
    close (stream);
  }
}

/* What the server said in the clear is nobody's: neither the stream's nor the error's. */
static void
test_spoken_early (void)
{
  static const char early[] = "220 STARTTLS-INJECTED ready\r\n250 and more\r\n";
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  int ends[2];

  make_pair (ends);
  test_wrap_send (ends[1], early, strlen (early));
  error = wrap_error (world, ends[0], NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_null (strstr (error->message, "INJECTED"));
  test_wrap_assert_ended (ends[1]);
  assert_serving (world);
}

/* It ended the connection before the call, in either way. */
static void
test_peer_gone (void)
{
  const struct linger now = { .l_onoff = 1 };
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) closed = NULL;
  g_autoptr (GError) reset = NULL;
  struct pollfd entry = { .events = POLLIN };
  int ends[2];

  make_pair (ends);
  close (ends[1]);
  closed = wrap_error (world, ends[0], NULL);
  g_assert_error (closed, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);

  make_pair (ends);
  g_assert_cmpint (setsockopt (ends[1], SOL_SOCKET, SO_LINGER, &now, sizeof now), ==, 0);
  close (ends[1]);
  entry.fd = ends[0];
  g_assert_cmpint (poll (&entry, 1, PATIENCE_MS), ==, 1);
  reset = wrap_error (world, ends[0], NULL);
  g_assert_error (reset, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  assert_serving (world);
}

static void
test_silent (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  int ends[2], copy;

  make_pair (ends);
  copy = dup (ends[0]);
  error = wrap_error (world, ends[0], "{\"timeout_ms\": 700}");
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "what")), ==,
                   "verifying");
  test_wrap_assert_ended (ends[1]);
  test_wrap_assert_ended (copy);
}

/* Nothing of what it is refused for was sent, and it cannot go on in the clear by mistake. */
static void
test_denied (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  int ends[2], copy;

  make_pair (ends);
  copy = dup (ends[0]);
  g_assert_cmpint (test_wrap_with (world->lab, ends[0], "localhost", 1, NULL, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  test_wrap_assert_silent_end (ends[1]);
  test_wrap_assert_ended (copy);
}

/* The name that is given is the one that is verified, whoever is connected to. */
static void
test_wrong_name (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new ("[allow]\nservers=mail.example:25\n");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (
      test_wrap_with (world->lab, cardea_tunnel_dial (world->port), "mail.example", 25, NULL, NULL, &error),
      ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "reason")), ==,
                   "wrong_name");
  g_assert_cmpuint (cardea_echo_server_count_served (world->server), ==, 0);
}

/* The program goes while its server is silent. */
static void
test_caller_gone (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i}", "server_name", "localhost", "port", (int)world->port);
  CardeaClient *client = cardea_client_new (cardea_lab_get_socket (world->lab), &error);
  struct pollfd entry = { .events = POLLIN };
  int ends[2];

  make_pair (ends);
  cardea_client_set_descriptor (client, ends[0]);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.OpenWrap", parameters, &error));
  close (ends[0]);
  entry.fd = ends[1];
  g_assert_cmpint (poll (&entry, 1, PATIENCE_MS), ==, 1);
  cardea_client_free (client);
  test_wrap_assert_ended (ends[1]);
  assert_serving (world);
}

/* A copy that goes on writing: the server refuses what it gets. */
static void
test_copy_writes (void)
{
  static const char garbage[] = "\x17\x03\x03\x00\x1e not sealed by anybody, surely";
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (json_t) session = NULL;
  g_autofree char *how = NULL;
  int fd = cardea_tunnel_dial (world->port);
  int copy = dup (fd);
  int stream = test_wrap_echo (world, fd, &session);

  test_wrap_send (copy, garbage, sizeof garbage - 1);
  test_echo_assert_ends (stream);
  how = test_wrap_await_end (world->lab, session);
  g_assert_cmpstr (how, ==, "protocol_error");
  test_wrap_assert_ended (copy);
  close (stream);
  assert_serving (world);
}

/* Something came: to the copy, or by way of the agent to the stream. */
static gboolean
has_come (gpointer data)
{
  const int *fds = data;
  char byte;

  return recv (fds[0], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ||
         recv (fds[1], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* Takes a byte of a record away before the agent sees it: nobody wakes the agent for so little, and it may
 * come to look by itself. */
static void
steal_a_byte (int copy, int stream)
{
  static const char text[] = "there and back again";
  const int much = 1 << 20, little = 1;
  int fds[] = { copy, stream };
  char stolen;

  g_assert_cmpint (setsockopt (copy, SOL_SOCKET, SO_RCVLOWAT, &much, sizeof much), ==, 0);
  do {
    test_wrap_send (stream, text, strlen (text));
    g_assert_true (cardea_lab_wait_until (has_come, fds));
    while (recv (stream, &stolen, 1, MSG_DONTWAIT) == 1)
      ;
  } while (recv (copy, &stolen, 1, MSG_DONTWAIT) != 1);
  g_assert_cmpint (setsockopt (copy, SOL_SOCKET, SO_RCVLOWAT, &little, sizeof little), ==, 0);
}

/* A copy that goes on reading: what the agent gets is no record any more. */
static void
test_copy_reads (void)
{
  static const char bytes[65536];
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (json_t) session = NULL;
  g_autofree char *how = NULL;
  int fd = cardea_tunnel_dial (world->port);
  int copy = dup (fd);
  int stream = test_wrap_echo (world, fd, &session);

  steal_a_byte (copy, stream);
  /* The made-up length of the record is reached, or the end comes before. */
  (void)!send (stream, bytes, sizeof bytes, MSG_NOSIGNAL);
  test_wrap_assert_ended (stream);
  how = test_wrap_await_end (world->lab, session);
  g_assert_cmpstr (how, ==, "protocol_error");
  test_wrap_assert_ended (copy);
  assert_serving (world);
}

/* Until nothing moves any more. */
static void
fill (int stream)
{
  static const char bytes[65536];
  struct pollfd entry = { .fd = stream, .events = POLLOUT };

  while (poll (&entry, 1, 200) == 1)
    g_assert_cmpint (send (stream, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL), >, 0);
}

/* Sockets that block, and peers that take nothing: each such stream waits for itself, none for another. */
static void
test_blocking (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new ("[agent]\nio-threads=1\n");
  int streams[STALLED], copies[STALLED];
  int lively = test_wrap_echo (world, cardea_tunnel_dial (world->port), NULL);

  for (guint i = 0; i < STALLED; i++) {
    int fd = cardea_tunnel_dial (world->port);

    copies[i] = dup (fd);
    g_assert_true (g_unix_set_fd_nonblocking (copies[i], FALSE, NULL));
    streams[i] = test_wrap_echo (world, fd, NULL);
    g_assert_true (g_unix_set_fd_nonblocking (copies[i], FALSE, NULL));
    fill (streams[i]);
    g_assert_true (test_echo_lives (lively));
  }
  assert_serving (world);
  for (guint i = 0; i < STALLED; i++) {
    close (streams[i]);
    test_wrap_assert_ended (copies[i]);
  }
  g_assert_true (test_echo_lives (lively));
  close (lively);
}

/* The end is everybody's, also of those who kept a copy. */
static void
test_disconnected (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (json_t) session = NULL;
  g_autofree char *how = NULL;
  int fd = cardea_tunnel_dial (world->port);
  int copy = dup (fd);
  int stream = test_wrap_echo (world, fd, &session);
  const char *id = json_string_value (json_object_get (session, "id"));

  g_assert_cmpint (
      cardea_lab_cardea (world->lab, (const char *[]){ "disconnect", id, NULL }, NULL, NULL, NULL), ==, 0);
  test_echo_assert_ends (stream);
  how = test_wrap_await_end (world->lab, session);
  g_assert_cmpstr (how, ==, "disconnected");
  test_wrap_assert_ended (copy);
  close (stream);
}

/* A TLS connection within the stream of another. */
static void
test_within_a_stream (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  int outer = test_wrap_echo (world, cardea_tunnel_dial (world->port), NULL);

  /* The echo is no server: what comes back is our own hello. */
  error = wrap_error (world, outer, "{\"timeout_ms\": 15000}");
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  assert_serving (world);
}

/* The socket of the call itself: the agent at both ends. */
static void
test_own_call (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:i}}", "server_name", "localhost", "port",
                                             (int)world->port, "options", "timeout_ms", 500);
  gboolean continues = TRUE;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, cardea_lab_get_socket (world->lab), sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  client = cardea_client_new_for_fd (fd);
  cardea_client_set_descriptor (client, fd);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.OpenWrap", parameters, &error));
  while (error == NULL)
    json_decref (cardea_client_receive (client, PATIENCE_MS, &continues, &error));
  assert_serving (world);
}

static gboolean
has_no_more_than (gpointer data)
{
  const TestWrapWorld *world = ((gpointer *)data)[0];

  return cardea_lab_count_fds (world->agent) <= GPOINTER_TO_UINT (((gpointer *)data)[1]);
}

/* Hundreds of every fate: nothing of them is left. */
static void
test_no_leak (void)
{
  g_autoptr (TestWrapWorld) world = test_wrap_world_new (NULL);
  gpointer limit[] = { world, NULL };
  g_autofree char *sessions = NULL;

  for (guint i = 0; i < 300; i++) {
    g_autoptr (GError) error = NULL;
    int ends[2] = { -1, -1 }, stream = -1;

    if (i % 6 == 0)
      stream = test_wrap_echo (world, cardea_tunnel_dial (world->port), NULL);
    else if (i % 6 == 1)
      error = wrap_error (world, open ("/dev/null", O_RDWR | O_CLOEXEC), NULL);
    else {
      make_pair (ends);
      if (i % 6 == 2)
        close (ends[1]);
      else if (i % 6 == 3)
        test_wrap_send (ends[1], "500 no\r\n", 8);
      error = wrap_error (world, ends[0],
                          i % 6 == 4   ? "{\"proxy\": \"direct\"}"
                          : i % 6 == 5 ? "{\"timeout_ms\": 1}"
                                       : NULL);
      if (i % 6 != 2)
        close (ends[1]);
    }
    g_assert_true ((stream >= 0) == (error == NULL));
    if (stream >= 0)
      close (stream);
    if (i == 59)
      limit[1] = GUINT_TO_POINTER (cardea_lab_count_fds (world->agent));
  }
  g_assert_true (cardea_lab_wait_until (has_no_more_than, limit));
  g_assert_cmpint (
      cardea_lab_cardea (world->lab, (const char *[]){ "sessions", "--json", NULL }, NULL, &sessions, NULL),
      ==, 0);
  g_assert_null (strstr (sessions, "\"id\""));
  assert_serving (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-wrap/connects", test_connects);
  g_test_add_func ("/agent-wrap/open", test_open);
  g_test_add_func ("/agent-wrap/spoken-early", test_spoken_early);
  g_test_add_func ("/agent-wrap/peer-gone", test_peer_gone);
  g_test_add_func ("/agent-wrap/silent", test_silent);
  g_test_add_func ("/agent-wrap/denied", test_denied);
  g_test_add_func ("/agent-wrap/wrong-name", test_wrong_name);
  g_test_add_func ("/agent-wrap/caller-gone", test_caller_gone);
  g_test_add_func ("/agent-wrap/copy-writes", test_copy_writes);
  g_test_add_func ("/agent-wrap/copy-reads", test_copy_reads);
  g_test_add_func ("/agent-wrap/blocking", test_blocking);
  g_test_add_func ("/agent-wrap/disconnected", test_disconnected);
  g_test_add_func ("/agent-wrap/within-a-stream", test_within_a_stream);
  g_test_add_func ("/agent-wrap/own-call", test_own_call);
  g_test_add_func ("/agent-wrap/no-leak", test_no_leak);
  return g_test_run ();
}
