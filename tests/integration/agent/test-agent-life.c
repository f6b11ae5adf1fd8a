/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent from start to stop: its socket, its configuration, the PIN of a machine without a person, and how
 * streams end. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/lab.h"

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static char *
build_path (const char *name)
{
  return g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), name, NULL);
}

/* A stream to `openssl s_server` that neither side has used yet. */
static int
open_stream (CardeaLab *lab, guint16 port, const char *file, char **id)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, file);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port,
                                             "options", "certificate", fingerprint);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  client = cardea_client_new (cardea_lab_get_socket (lab), &error);
  g_assert_no_error (error);
  fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS, &reply,
                              &error);
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (fd, FALSE, NULL));
  if (id != NULL)
    *id = g_strdup (json_string_value (json_object_get (json_object_get (reply, "session"), "id")));
  return fd;
}

static const char *const rev_server[] = { "-Verify", "2", "-verify_return_error", "-CAfile", "ca.pem",
                                          "-rev",    NULL };

static char *
await_end (CardeaLab *lab, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (lab), &error);
  g_autoptr (json_t) parameters = json_pack ("{s:s}", "session", id);
  g_autoptr (json_t) reply =
      cardea_client_call (client, "org.cardea.agent.AwaitEnd", parameters, CARDEA_CLIENT_CALL_MS, &error);

  g_assert_no_error (error);
  return g_strdup (json_string_value (json_object_get (json_object_get (reply, "end"), "how")));
}

static int
run_agent (CardeaLab *lab, const char *const *arguments, char **err)
{
  g_autofree char *agent = build_path ("agent/cardea-agent");
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, agent);
  for (guint i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer)arguments[i]);
  g_ptr_array_add (argv, NULL);
  return cardea_lab_run (lab, (const char *const *)argv->pdata, NULL, NULL, err);
}

static void
test_second_start (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *config = cardea_lab_path (lab, "agent.conf");
  g_autofree char *state = cardea_lab_path (lab, "state");
  g_autofree char *err = NULL;
  g_autofree char *out = NULL;
  const char *argv[] = { "--config",          config, "--socket", cardea_lab_get_socket (lab),
                         "--state-directory", state,  NULL };

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  g_assert_cmpint (run_agent (lab, argv, &err), ==, 1);
  g_assert_nonnull (strstr (err, "already"));
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL), ==, 0);
}

/* As soon as there is a socket a stop is one, not a death. */
static void
test_stopped_at_start (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();

  for (guint i = 0; i < 5; i++) {
    GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);

    g_subprocess_send_signal (agent, SIGTERM);
    g_assert_true (g_subprocess_wait (agent, NULL, NULL));
    g_assert_true (g_subprocess_get_if_exited (agent));
    g_assert_cmpint (g_subprocess_get_exit_status (agent), ==, 0);
  }
}

/* Killed without a chance to clean up: the next one starts, and the hosts of the first are gone. */
static void
test_stale_socket (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *out = NULL;
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);

  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, NULL, NULL), ==, 0);
  g_subprocess_send_signal (agent, SIGKILL);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  g_assert_true (g_file_test (cardea_lab_get_socket (lab), G_FILE_TEST_EXISTS));
  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  g_assert_cmpint (g_access (cardea_lab_get_socket (lab), W_OK), ==, 0);
  cardea_lab_wait_for_log (lab, "agent", "istening");
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL), ==, 0);
}

static void
test_bad_directory (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *directory = cardea_lab_path (lab, "open");
  g_autofree char *socket = cardea_lab_path (lab, "open/agent");
  g_autofree char *config = cardea_lab_path (lab, "agent.conf");
  g_autofree char *err = NULL;

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_cmpint (chmod (directory, 0755), ==, 0);
  cardea_lab_write (lab, "agent.conf", "[agent]\nheadless=true\n");
  g_assert_cmpint (run_agent (lab, (const char *[]){ "--config", config, "--socket", socket, NULL }, &err),
                   !=, 0);
  g_test_message ("%s", err);
  g_assert_nonnull (strstr (err, directory));
}

static void
test_bad_configuration (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *path = cardea_lab_path (lab, "bad.conf");
  g_autofree char *where = g_strdup_printf ("%s:3:", path);
  g_autofree char *err = NULL;

  cardea_lab_write (lab, "bad.conf", "[agent]\nheadless=true\nheadles=false\n");
  g_assert_cmpint (
      run_agent (lab, (const char *[]){ "--config", path, "--socket", cardea_lab_get_socket (lab), NULL },
                 &err),
      ==, 1);
  g_assert_nonnull (strstr (err, where));
  g_assert_nonnull (strstr (err, "headles"));
}

/* A new server is allowed by Reload; a broken file changes nothing and is told; so does SIGHUP. */
static void
test_reload (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autofree char *path = cardea_lab_path (lab, "agent.conf");
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *broken = NULL;
  g_autofree char *gibberish = NULL;
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "ec.pem");
  const char *fetch[] = { "connect", "localhost", number, "--certificate", fingerprint, NULL };
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ 1, 0 }, NULL, NULL);
  g_auto (GStrv) parts = NULL;

  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 1);
  g_assert_true (g_file_get_contents (path, &before, NULL, NULL));
  parts = g_strsplit (before, "localhost:1;", 2);
  after = g_strdup_printf ("%slocalhost:%u;%s", parts[0], port, parts[1]);
  cardea_lab_write (lab, "agent.conf", after);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL), ==, 0);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, &out, NULL), ==, 0);

  broken = g_strconcat (after, "[nonsense]\nx=y\n", NULL);
  cardea_lab_write (lab, "agent.conf", broken);
  cardea_lab_cardea (lab, (const char *[]){ "reload", NULL }, NULL, NULL, &err);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 0);
  gibberish = g_strconcat (after, "[gibberish]\nx=y\n", NULL);
  cardea_lab_write (lab, "agent.conf", gibberish);
  g_subprocess_send_signal (agent, SIGHUP);
  cardea_lab_wait_for_log (lab, "agent", "gibberish");
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 0);
}

/* A token that is made while the agent runs is seen after a reload. */
static void
test_reload_sees_new_token (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &before, NULL), ==, 0);
  g_assert_null (strstr (before, "Another"));
  g_assert_cmpint (cardea_lab_run (lab,
                                   (const char *[]){ "softhsm2-util", "--init-token", "--free", "--label",
                                                     "Another", "--pin", "1234", "--so-pin", "1234", NULL },
                                   NULL, NULL, NULL),
                   ==, 0);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL), ==, 0);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "tokens", NULL }, NULL, &after, NULL), ==, 0);
  g_assert_nonnull (strstr (after, "Another"));
  cardea_lab_wait_for_log (lab, "agent", "token=Another");
}

/* One refused PIN, one try: SoftHSM then says that few are left, and only a person may try again. */
static void
test_wrong_pin (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "rsa.pem");
  g_autofree char *right = cardea_lab_path (lab, "pin");
  g_autofree char *pin = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  const char *fetch[] = { "connect", "localhost", number, "--certificate", fingerprint, NULL };
  GSubprocess *agent;

  g_assert_true (g_file_get_contents (right, &pin, NULL, NULL));
  const char *login[] = { "pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so",
                          "--login",     "--pin",    pin,
                          "-O",          NULL };
  cardea_lab_write (lab, "pin", "00000000");
  agent = cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, &first), ==, 1);
  g_assert_nonnull (strstr (first, "PIN"));
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, &second), ==, 1);

  /* Also not by an agent that knows nothing but the mark. */
  g_subprocess_send_signal (agent, SIGTERM);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 1);

  cardea_lab_write (lab, "pin", pin);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 1);
  g_assert_cmpint (cardea_lab_run (lab, login, NULL, NULL, NULL), ==, 0);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL), ==, 0);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 0);
}

static void
assert_pin_unusable (const char *pin, int mode)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_nginx (lab);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "rsa.pem");
  g_autofree char *path = cardea_lab_path (lab, "pin");
  g_autofree char *right = NULL;
  g_autofree char *err = NULL;
  const char *fetch[] = { "connect", "localhost", number, "--certificate", fingerprint, NULL };

  g_assert_true (g_file_get_contents (path, &right, NULL, NULL));
  if (pin != NULL)
    cardea_lab_write (lab, "pin", pin);
  g_assert_cmpint (chmod (path, mode), ==, 0);
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, &err), ==, 1);
  g_test_message ("%s", err);
  g_assert_nonnull (strstr (err, "PIN"));
  cardea_lab_write (lab, "pin", right);
  g_assert_cmpint (cardea_lab_cardea (lab, fetch, GET, NULL, NULL), ==, 0);
}

static void
test_empty_pin (void)
{
  assert_pin_unusable ("", 0600);
}

static void
test_long_pin (void)
{
  g_autofree char *pin = g_strnfill (300, '7');

  assert_pin_unusable (pin, 0600);
}

static void
test_readable_pin (void)
{
  assert_pin_unusable (NULL, 0644);
}

/* SIGTERM: the live stream may finish, a new connection may not begin. */
static void
test_drain (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, rev_server);
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ port, 0 }, "[agent]\ndrain-seconds=60\n", NULL);
  int fd = open_stream (lab, port, "ec.pem", NULL);
  char buffer[16];

  g_subprocess_send_signal (agent, SIGTERM);
  cardea_lab_wait_for_log (lab, "agent", "topping");
  g_assert_cmpint (send (fd, "abc\n", 4, MSG_NOSIGNAL), ==, 4);
  g_assert_cmpint (recv (fd, buffer, 4, MSG_WAITALL), ==, 4);
  g_assert_cmpmem (buffer, 4, "cba\n", 4);
  g_assert_nonnull (g_subprocess_get_identifier (agent));
  close (fd);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (agent));
  g_assert_cmpint (g_subprocess_get_exit_status (agent), ==, 0);
}

/* A stream that does not finish is ended when the time is over. */
static void
test_drain_is_bounded (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, rev_server);
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ port, 0 }, "[agent]\ndrain-seconds=1\n", NULL);
  int fd = open_stream (lab, port, "ec.pem", NULL);
  char buffer[16];

  g_subprocess_send_signal (agent, SIGTERM);
  g_assert_cmpint (recv (fd, buffer, sizeof buffer, 0), ==, 0);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (agent), ==, 0);
  close (fd);
}

static void
test_disconnect (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, rev_server);
  g_autofree char *id = NULL;
  g_autofree char *how = NULL;
  char buffer[16];
  int fd;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  fd = open_stream (lab, port, "ec.pem", &id);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "disconnect", id, NULL }, NULL, NULL, NULL), ==,
                   0);
  g_assert_cmpint (recv (fd, buffer, sizeof buffer, 0), ==, 0);
  how = await_end (lab, id);
  g_assert_cmpstr (how, ==, "disconnected");
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "disconnect", "0123", NULL }, NULL, NULL, NULL),
                   ==, 1);
  close (fd);
}

/* The server dies: the program sees an end, AwaitEnd and the exit code tell that it was no clean one. */
static void
test_truncated (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_free_port (lab);
  g_autofree char *accept = g_strdup_printf ("127.0.0.1:%u", port);
  g_autofree char *id = NULL;
  g_autofree char *how = NULL;
  GSubprocess *server;
  char buffer[16];
  int fd;

  server =
      cardea_lab_spawn (lab, "rev",
                        (const char *[]){ "openssl", "s_server", "-accept", accept, "-tls1_3", "-cert",
                                          "server.pem", "-cert_chain", "server.pem", "-key", "server.key",
                                          "-Verify", "2", "-CAfile", "ca.pem", "-rev", NULL });
  cardea_lab_wait_for_log (lab, "rev", "ACCEPT");
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  fd = open_stream (lab, port, "ec.pem", &id);
  g_subprocess_send_signal (server, SIGKILL);
  g_assert_cmpint (recv (fd, buffer, sizeof buffer, 0), ==, 0);
  close (fd);
  how = await_end (lab, id);
  g_assert_cmpstr (how, ==, "truncated");
}

/* The socket comes from the service manager. */
static void
test_socket_activation (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *agent = build_path ("agent/cardea-agent");
  g_autofree char *config = cardea_lab_path (lab, "passed.conf");
  g_autofree char *state = cardea_lab_path (lab, "state");
  g_autofree char *directory = cardea_lab_path (lab, "run");
  g_autofree char *out = NULL;
  g_autofree char *script = g_strdup_printf ("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"");
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  address = g_unix_socket_address_new (cardea_lab_get_socket (lab));
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_true (g_socket_bind (socket, address, FALSE, &error));
  g_assert_true (g_socket_listen (socket, &error));
  cardea_lab_write (lab, "passed.conf",
                    "[agent]\nheadless=true\n[modules]\np11-kit=false\nnss-database=false\n"
                    "[authorities]\nsystem=false\nnss-database=false\n");
  g_subprocess_launcher_take_fd (launcher, dup (g_socket_get_fd (socket)), 3);
  process = g_subprocess_launcher_spawn (launcher, &error, "sh", "-c", script, agent, "--config", config,
                                         "--state-directory", state, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "status", NULL }, NULL, &out, NULL), ==, 0);
  g_subprocess_send_signal (process, SIGTERM);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
  g_assert_true (g_file_test (cardea_lab_get_socket (lab), G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-life/second-start", test_second_start);
  g_test_add_func ("/agent-life/stopped-at-start", test_stopped_at_start);
  g_test_add_func ("/agent-life/stale-socket", test_stale_socket);
  g_test_add_func ("/agent-life/bad-directory", test_bad_directory);
  g_test_add_func ("/agent-life/bad-configuration", test_bad_configuration);
  g_test_add_func ("/agent-life/reload", test_reload);
  g_test_add_func ("/agent-life/reload-sees-new-token", test_reload_sees_new_token);
  g_test_add_func ("/agent-life/wrong-pin", test_wrong_pin);
  g_test_add_func ("/agent-life/empty-pin", test_empty_pin);
  g_test_add_func ("/agent-life/long-pin", test_long_pin);
  g_test_add_func ("/agent-life/readable-pin", test_readable_pin);
  g_test_add_func ("/agent-life/drain", test_drain);
  g_test_add_func ("/agent-life/drain-is-bounded", test_drain_is_bounded);
  g_test_add_func ("/agent-life/disconnect", test_disconnect);
  g_test_add_func ("/agent-life/truncated", test_truncated);
  g_test_add_func ("/agent-life/socket-activation", test_socket_activation);
  return g_test_run ();
}
