/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea connect --starttls, run as it is installed, between a scripted server and a scripted agent. */

#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fixtures/fake-agent/fake-agent.h"

#define SESSION "{\"id\":\"s1\",\"server_name\":\"mail.example\",\"port\":25,\"certificate\":null}"
#define READY "{\"parameters\":{\"step\":\"ready\",\"session\":" SESSION "},\"continues\":true}"
#define ENDED                                                                                                \
  "{\"parameters\":{\"step\":\"ended\",\"end\":{\"how\":\"clean\",\"alert\":null,\"message\":\"\","          \
  "\"bytes_in\":0,\"bytes_out\":0}}}"

/* A server of one connection: what it says, and what it is told in between, one after the other. */
typedef struct
{
  GSocketListener *listener;
  guint16 port;
  const char *const *lines;
  GThread *thread;
  GString *rest; /* what came after them */
} Server;

static void
read_exactly (int fd, char *buffer, gsize length)
{
  g_assert_cmpint (recv (fd, buffer, length, MSG_WAITALL), ==, (gssize)length);
}

static gpointer
serve_in_thread (gpointer data)
{
  Server *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  int fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  char byte;

  g_assert_true (g_unix_set_fd_nonblocking (fd, FALSE, NULL));
  for (guint i = 0; self->lines[i] != NULL; i++)
    if (i % 2 == 0)
      g_assert_cmpint (send (fd, self->lines[i], strlen (self->lines[i]), MSG_NOSIGNAL), >=, 0);
    else {
      g_autofree char *line = g_malloc0 (strlen (self->lines[i]) + 1);

      read_exactly (fd, line, strlen (self->lines[i]));
      g_assert_cmpstr (line, ==, self->lines[i]);
    }
  while (recv (fd, &byte, 1, 0) == 1)
    g_string_append_c (self->rest, byte);
  return NULL;
}

static Server *
server_new (const char *const *lines)
{
  Server *self = g_new0 (Server, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) effective = NULL;

  self->listener = g_socket_listener_new ();
  g_assert_true (g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_DEFAULT, NULL, &effective, NULL));
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  self->lines = lines;
  self->rest = g_string_new (NULL);
  self->thread = g_thread_new ("server", serve_in_thread, self);
  return self;
}

static void
server_free (Server *self)
{
  g_object_unref (self->listener);
  g_string_free (self->rest, TRUE);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Server, server_free)

/* Runs the command; returns its exit code. @out and @err may be NULL. */
static int
run (const char *socket, const char *arguments, char **out, char **err)
{
  g_autofree char *line =
      g_strdup_printf ("%s --socket %s connect %s", g_getenv ("CARDEA_COMMAND"), socket, arguments);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, out, err, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* The agent's side: the call with its descriptor. */
typedef struct
{
  Server *server;
  json_t *call;
  int descriptor;
} Wrapping;

static void
play_wrap (int fd, gpointer data)
{
  Wrapping *self = data;
  int ends[2];

  self->call = fake_agent_read_call_with_fd (fd, &self->descriptor);
  g_assert_cmpint (self->descriptor, >=, 0);
  g_assert_cmpint (send (self->descriptor, "hello of TLS", 12, MSG_NOSIGNAL), ==, 12);
  close (self->descriptor);
  g_thread_join (self->server->thread); /* the command has no copy, or this would not be the end */
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (send (ends[0], "250 under TLS\r\n", 15, 0), ==, 15);
  close (ends[0]);
  fake_agent_reply_with_fds (fd, READY, &ends[1], 1);
  fake_agent_reply (fd, ENDED);
  fake_agent_expect_end (fd);
}

static const char *const smtp[] = { "220 hi\r\n",   "EHLO localhost\r\n", "250-a\r\n250 STARTTLS\r\n",
                                    "STARTTLS\r\n", "220 go\r\n",         NULL };

/* The agent gets the very connection, at the byte where TLS begins; nobody else has it any more. */
static void
test_wraps (void)
{
  g_autoptr (Server) server = server_new (smtp);
  Wrapping wrapping = { server, NULL, -1 };
  FakeAgent *agent = fake_agent_new (1, play_wrap, &wrapping);
  g_autofree char *arguments =
      g_strdup_printf ("--starttls smtp --server-name mail.example --proxy direct --timeout 60 --alpn smtp "
                       "--no-interaction 127.0.0.1:%u",
                       server->port);
  g_autofree char *out = NULL;
  json_t *parameters, *options;
  json_int_t timeout;

  g_assert_cmpint (run (fake_agent_get_path (agent), arguments, &out, NULL), ==, 0);
  fake_agent_free (agent);
  g_assert_cmpstr (out, ==, "250 under TLS\r\n");
  g_assert_cmpstr (server->rest->str, ==, "hello of TLS");

  g_assert_cmpstr (json_string_value (json_object_get (wrapping.call, "method")), ==,
                   "org.cardea.agent.OpenWrap");
  parameters = json_object_get (wrapping.call, "parameters");
  g_assert_cmpuint (json_object_size (parameters), ==, 3);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "server_name")), ==, "mail.example");
  g_assert_cmpint (json_integer_value (json_object_get (parameters, "port")), ==, server->port);
  options = json_object_get (parameters, "options");
  g_assert_cmpuint (json_object_size (options), ==, 3);
  timeout = json_integer_value (json_object_get (options, "timeout_ms"));
  g_assert_cmpint (timeout, >, 0);
  g_assert_cmpint (timeout, <=, 60000);
  g_assert_nonnull (json_object_get (options, "alpn"));
  g_assert_nonnull (json_object_get (options, "interaction"));
  json_decref (wrapping.call);
}

/* Ends before the agent is asked anything. */
typedef struct
{
  const char *name;
  const char *options;
  const char *said;
  const char *const *lines;
} Failure;

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const Failure failures[] = {
  { "not-offered", "--starttls smtp", "does not offer to begin TLS",
    LINES ("220 hi\r\n", "EHLO localhost\r\n", "250 HELP\r\n") },
  { "injected", "--starttls smtp", "spoke on in the clear",
    LINES ("220 hi\r\n", "EHLO localhost\r\n", "250 STARTTLS\r\n", "STARTTLS\r\n",
           "220 go\r\n250 injected\r\n") },
  { "garbage", "--starttls imap", "--starttls names what is spoken", LINES ("SSH-2.0-x\r\n") },
  { "control-characters", "--starttls pop3", "\\u{1b}[2J", LINES ("-ERR \x1b[2J\r\n") },
  { "stalls", "--starttls smtp --timeout 1", "did not answer in time", LINES ("220 hi") },
  { "stalls-postgres", "--starttls postgres --timeout 1", "did not answer in time", LINES ("") },
};

static void
test_fails (gconstpointer data)
{
  const Failure *failure = data;
  g_autoptr (Server) server = server_new (failure->lines);
  g_autofree char *arguments =
      g_strdup_printf ("%s --proxy direct 127.0.0.1 %u", failure->options, server->port);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  g_assert_cmpint (run ("/nonexistent/agent", arguments, &out, &err), ==, 1);
  g_thread_join (server->thread);
  g_assert_cmpstr (out, ==, "");
  if (strstr (err, failure->said) == NULL || strchr (err, '\x1b') != NULL)
    g_error ("\"%s\" is not in %s", failure->said, err);
}

/* Nobody is connected to for what contradicts itself, or no agent is there in the end. */
static void
test_usage (void)
{
  static const char *const wrong[] = {
    "--starttls ftp h 1",
    "--starttls '' h 1",
    "--starttls smtp --terminal h 1",
    "--starttls smtp h",
  };
  g_autofree char *err = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_cmpint (run ("/nonexistent/agent", wrong[i], NULL, NULL), ==, 2);
  g_assert_cmpint (run ("/nonexistent/agent", wrong[0], NULL, &err), ==, 2);
  g_assert_nonnull (strstr (err, "smtp, imap, pop3, postgres, ldap, xmpp"));
}

static void
test_no_agent (void)
{
  g_autoptr (Server) server = server_new (smtp);
  g_autofree char *arguments = g_strdup_printf ("--starttls smtp --proxy direct 127.0.0.1 %u", server->port);
  g_autofree char *err = NULL;

  g_assert_cmpint (run ("/nonexistent/agent", arguments, NULL, &err), ==, 1);
  g_thread_join (server->thread);
  g_assert_nonnull (strstr (err, "systemctl --user start"));
  g_assert_cmpstr (server->rest->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli-starttls/wraps", test_wraps);
  g_test_add_func ("/cli-starttls/usage", test_usage);
  g_test_add_func ("/cli-starttls/no-agent", test_no_agent);
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++) {
    g_autofree char *path = g_strdup_printf ("/cli-starttls/%s", failures[i].name);

    g_test_add_data_func (path, &failures[i], test_fails);
  }
  return g_test_run ();
}
