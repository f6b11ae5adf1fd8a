/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client against an agent that plays by the rules, and one that does not. */

#include "socket-api/client/client.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/client/locate.h"
#include "socket-api/client/remote-error.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/fake-agent/fake-agent.h"

#define METHOD "org.cardea.agent.ListTokens"

static guint
count_fds (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* What the agent sends after one call; then it waits for the client to close. */
typedef struct
{
  const char *bytes;
  gsize length;
  gboolean one_by_one;
  gboolean close_at_once;
} Script;

static void
play_script (int fd, gpointer data)
{
  const Script *script = data;
  json_t *call = fake_agent_read_call (fd);

  g_assert_nonnull (call);
  json_decref (call);
  for (gsize i = 0; script->one_by_one && i < script->length; i++)
    fake_agent_send (fd, script->bytes + i, 1);
  if (!script->one_by_one)
    fake_agent_send (fd, script->bytes, script->length);
  if (!script->close_at_once)
    fake_agent_expect_end (fd);
}

static json_t *
call_script (const Script *script, int timeout_ms, GError **error)
{
  guint before = count_fds ();
  FakeAgent *agent = fake_agent_new (1, play_script, (gpointer)script);
  CardeaClient *client = cardea_client_new (fake_agent_get_path (agent), error);
  json_t *reply;

  g_assert_nonnull (client);
  reply = cardea_client_call (client, METHOD, NULL, timeout_ms, error);
  cardea_client_free (client);
  fake_agent_free (agent);
  g_assert_cmpuint (count_fds (), ==, before);
  return reply;
}

#define SCRIPT(text)                                                                                         \
  {                                                                                                          \
    .bytes = text, .length = sizeof (text)                                                                   \
  }

static void
test_call (void)
{
  Script whole = SCRIPT ("{\"parameters\":{\"tokens\":[]}}");
  Script split = SCRIPT ("{\"parameters\":{\"tokens\":[1]}}");
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply = call_script (&whole, 20000, &error);
  g_autoptr (json_t) other = NULL;

  g_assert_no_error (error);
  g_assert_true (json_is_array (json_object_get (reply, "tokens")));
  split.one_by_one = TRUE;
  other = call_script (&split, 20000, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_size (json_object_get (other, "tokens")), ==, 1);
}

static void
assert_fails (const Script *script, int timeout_ms, CardeaErrorCode code)
{
  g_autoptr (GError) error = NULL;
  json_t *reply = call_script (script, timeout_ms, &error);

  g_assert_null (reply);
  g_assert_error (error, CARDEA_ERROR, (int)code);
  g_assert_cmpstr (error->message, !=, "");
}

static void
test_bad_replies (void)
{
  const Script garbage[] = {
    SCRIPT ("garbage"),
    SCRIPT (""),
    SCRIPT ("[]"),
    SCRIPT ("{\"parameters\":[]}"),
    SCRIPT ("{\"parameters\":{},\"parameters\":{}}"),
    SCRIPT ("{\"parameters\":{},\"surprise\":1}"),
    SCRIPT ("{\"parameters\":{},\"continues\":true}"),
    SCRIPT ("{\"error\":\"nodots\"}"),
    SCRIPT ("\xff\xfe"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (garbage); i++)
    assert_fails (&garbage[i], 20000, CARDEA_ERROR_PROTOCOL);
}

static void
test_gone (void)
{
  Script nothing = { .bytes = "", .close_at_once = TRUE };
  Script half = { .bytes = "{\"param", .length = 7, .close_at_once = TRUE };

  assert_fails (&nothing, 20000, CARDEA_ERROR_SERVICE);
  assert_fails (&half, 20000, CARDEA_ERROR_SERVICE);
}

static void
test_silent (void)
{
  Script silent = { .bytes = "" };
  Script half = { .bytes = "{\"param", .length = 7 };

  assert_fails (&silent, 30, CARDEA_ERROR_TIMED_OUT);
  assert_fails (&half, 30, CARDEA_ERROR_TIMED_OUT);
}

/* A reply of exactly so many bytes before its NUL. */
static char *
make_reply (gsize length)
{
  const char *head = "{\"parameters\":{\"a\":\"";
  const char *tail = "\"}}";
  char *text = g_malloc (length + 1);

  memset (text, 'x', length);
  memcpy (text, head, strlen (head));
  memcpy (text + length - strlen (tail), tail, strlen (tail));
  text[length] = '\0';
  return text;
}

static void
test_limit (void)
{
  g_autofree char *largest = make_reply (CARDEA_LIMIT_REPLY_BYTES);
  g_autofree char *too_large = make_reply (CARDEA_LIMIT_REPLY_BYTES + 1);
  Script fits = { .bytes = largest, .length = CARDEA_LIMIT_REPLY_BYTES + 1 };
  Script exceeds = { .bytes = too_large, .length = CARDEA_LIMIT_REPLY_BYTES + 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply = call_script (&fits, 20000, &error);

  g_assert_no_error (error);
  g_assert_nonnull (reply);
  assert_fails (&exceeds, 20000, CARDEA_ERROR_PROTOCOL);
}

static void
test_errors (void)
{
  Script known =
      SCRIPT ("{\"error\":\"org.cardea.agent.Busy\",\"parameters\":{\"what\":\"streams\",\"retry_ms\":7}}");
  Script unknown = SCRIPT ("{\"error\":\"org.cardea.agent.Eclipse\",\"parameters\":{\"message\":\"dark\"}}");
  g_autoptr (GError) error = NULL;

  g_assert_null (call_script (&known, 20000, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpint (json_integer_value (json_object_get (cardea_error_get_parameters (error), "retry_ms")), ==,
                   7);
  g_assert_nonnull (strstr (error->message, "streams"));
  g_clear_error (&error);

  g_assert_null (call_script (&unknown, 20000, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVICE);
  g_assert_nonnull (strstr (error->message, "org.cardea.agent.Eclipse"));
  g_assert_nonnull (strstr (error->message, "dark"));
}

/* Every error has a sentence, with nothing but what its name says. */
static void
test_error_sentences (void)
{
  g_autoptr (json_t) nothing = json_object ();

  for (int i = 0; i < CARDEA_N_ERRORS; i++) {
    const char *name = cardea_error_code_to_name ((CardeaErrorCode)i);

    if (name == NULL)
      continue;
    g_autoptr (GError) error = cardea_remote_error_new (name, nothing);

    g_assert_error (error, CARDEA_ERROR, i);
    g_assert_null (strstr (error->message, "org."));
  }
}

static void
play_two (int fd, gpointer data)
{
  static const char TWO[] = "{\"parameters\":{\"n\":1},\"continues\":true}\0{\"parameters\":{\"n\":2}}";
  json_t *call = fake_agent_read_call (fd);

  g_assert_true (json_is_true (json_object_get (call, "more")));
  json_decref (call);
  fake_agent_send (fd, TWO, sizeof TWO);
  fake_agent_expect_end (fd);
}

static gboolean
on_reply (json_t *parameters, gpointer data)
{
  int *sum = data;

  *sum = *sum * 10 + (int)json_integer_value (json_object_get (parameters, "n"));
  return TRUE;
}

static void
test_more (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_two, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (fake_agent_get_path (agent), &error);
  int sum = 0;

  g_assert_true (cardea_client_call_more (client, METHOD, NULL, 20000, on_reply, &sum, &error));
  g_assert_no_error (error);
  g_assert_cmpint (sum, ==, 12);
}

/* A reply that came along with another is there without anything to read, and waiting spends nothing. */
static void
test_wait (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_two, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (fake_agent_get_path (agent), &error);
  gboolean continues = FALSE;

  g_assert_false (cardea_client_wait (client, 10));
  g_assert_true (cardea_client_send_more (client, METHOD, NULL, &error));
  for (int n = 1; n <= 2; n++) {
    g_autoptr (json_t) reply = NULL;

    g_assert_true (cardea_client_wait (client, 20000));
    g_assert_true (cardea_client_wait (client, 0));
    reply = cardea_client_receive (client, 20000, &continues, &error);
    g_assert_no_error (error);
    g_assert_cmpint (json_integer_value (json_object_get (reply, "n")), ==, n);
    g_assert_cmpint (continues, ==, n == 1);
  }
  g_assert_false (cardea_client_wait (client, 10));
}

static gboolean
on_reply_stop (json_t *parameters, gpointer data)
{
  int *n = data;

  (*n)++;
  return FALSE;
}

static void
test_more_stop (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_two, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (fake_agent_get_path (agent), &error);
  int n = 0;

  g_assert_true (cardea_client_call_more (client, METHOD, NULL, 20000, on_reply_stop, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 1);
  g_assert_null (cardea_client_call (client, METHOD, NULL, 20000, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVICE);
}

static void
play_upgrade (int fd, gpointer data)
{
  static const char REPLY[] = "{\"parameters\":{\"session\":{}}}\0server speaks first";
  json_t *call = fake_agent_read_call (fd);
  char bytes[4] = { 0 };

  g_assert_true (json_is_true (json_object_get (call, "upgrade")));
  json_decref (call);
  fake_agent_send (fd, REPLY, sizeof REPLY - 1);
  g_assert_cmpint (recv (fd, bytes, sizeof bytes, MSG_WAITALL), ==, 4);
  g_assert_cmpmem (bytes, 4, "pong", 4);
}

static void
test_upgrade (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_upgrade, NULL);
  g_autoptr (GError) error = NULL;
  CardeaClient *client = cardea_client_new (fake_agent_get_path (agent), &error);
  g_autoptr (json_t) reply = NULL;
  char bytes[64] = { 0 };
  gsize n = 0;
  int fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", NULL, 20000, &reply, &error);

  g_assert_no_error (error);
  cardea_client_free (client);
  g_assert_true (json_is_object (json_object_get (reply, "session")));
  while (n < strlen ("server speaks first")) {
    GPollFD entry = { .fd = fd, .events = G_IO_IN };
    gssize got;

    g_assert_cmpint (g_poll (&entry, 1, 20000), ==, 1);
    got = recv (fd, bytes + n, sizeof bytes - n, 0);
    g_assert_cmpint (got, >, 0);
    n += (gsize)got;
  }
  g_assert_cmpstr (bytes, ==, "server speaks first");
  g_assert_cmpint (send (fd, "pong", 4, MSG_NOSIGNAL), ==, 4);
  close (fd);
}

static void
test_upgrade_refused (void)
{
  Script refused = SCRIPT ("{\"error\":\"org.cardea.agent.Cancelled\"}");
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_script, &refused);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (fake_agent_get_path (agent), &error);

  g_assert_cmpint (cardea_client_upgrade (client, "org.cardea.agent.Connect", NULL, 20000, NULL, &error), ==,
                   -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
}

/* The agent's side of Wrap: what came along, and what was asked. */
static void
play_wrap (int fd, gpointer data)
{
  g_autoptr (json_t) call = fake_agent_read_call_with_fd (fd, data);
  g_autofree char *text = json_dumps (call, JSON_SORT_KEYS | JSON_COMPACT);

  g_assert_cmpstr (text, ==,
                   "{\"method\":\"org.cardea.agent.Wrap\",\"parameters\":{\"port\":25,\"server_name\":"
                   "\"a.example\"},\"upgrade\":true}");
  fake_agent_reply (fd, "{\"parameters\":{}}");
  fake_agent_expect_end (fd);
}

/* The socket is the agent's alone afterwards, and nobody's where nothing could be sent. */
static void
test_wrap (void)
{
  int theirs = -1, ends[2], stream;
  FakeAgent *agent = fake_agent_new (1, play_wrap, &theirs);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (fake_agent_get_path (agent), &error);
  char byte;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  stream = cardea_client_wrap (client, ends[0], "a.example", 25, NULL, 20000, NULL, &error);
  g_assert_no_error (error);
  close (stream);
  fake_agent_free (agent);
  g_assert_cmpint (recv (ends[1], &byte, 1, MSG_DONTWAIT), ==, -1);
  close (theirs);
  g_assert_cmpint (recv (ends[1], &byte, 1, MSG_DONTWAIT), ==, 0);
  close (ends[1]);
}

static void
test_wrap_bad_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = NULL;
  int ends[2], agent[2];
  char byte;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, agent), ==, 0);
  client = cardea_client_new_for_fd (agent[0]);
  g_assert_cmpint (cardea_client_wrap (client, ends[0], "\xff", 25, NULL, 20000, NULL, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
  g_assert_cmpint (recv (ends[1], &byte, 1, MSG_DONTWAIT), ==, 0);
  g_assert_cmpint (recv (agent[1], &byte, 1, MSG_DONTWAIT), ==, -1);
  close (ends[1]);
  close (agent[1]);
}

static void
play_fds (int fd, gpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  int fds[8];
  json_t *call = fake_agent_read_call (fd);

  json_decref (call);
  for (guint i = 0; i < n; i++)
    fds[i] = dup (STDERR_FILENO);
  fake_agent_reply_with_fds (fd, "{\"parameters\":{}}", fds, n);
  fake_agent_expect_end (fd);
}

static void
test_descriptor (void)
{
  guint before = count_fds ();
  FakeAgent *agent = fake_agent_new (1, play_fds, GUINT_TO_POINTER (1));
  g_autoptr (GError) error = NULL;
  CardeaClient *client = cardea_client_new (fake_agent_get_path (agent), &error);
  g_autoptr (json_t) reply = cardea_client_call (client, METHOD, NULL, 20000, &error);
  int fd = cardea_client_take_fd (client);

  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_cmpint (cardea_client_take_fd (client), ==, -1);
  close (fd);
  cardea_client_free (client);
  fake_agent_free (agent);
  g_assert_cmpuint (count_fds (), ==, before);
}

static void
test_too_many_descriptors (void)
{
  for (guint n = 2; n <= 8; n += 6) {
    guint before = count_fds ();
    FakeAgent *agent = fake_agent_new (1, play_fds, GUINT_TO_POINTER (n));
    g_autoptr (GError) error = NULL;
    CardeaClient *client = cardea_client_new (fake_agent_get_path (agent), &error);

    g_assert_null (cardea_client_call (client, METHOD, NULL, 20000, &error));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
    cardea_client_free (client);
    fake_agent_free (agent);
    g_assert_cmpuint (count_fds (), ==, before);
  }
}

static void
test_not_running (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cardea-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "agent", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_client_new (path, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVICE);
  g_assert_nonnull (strstr (error->message, "systemctl --user start cardea-agent.socket"));
  g_rmdir (folder);
}

static void
test_find_socket (void)
{
  g_autofree char *long_path = g_strnfill (108, 'x');
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_unsetenv ("CARDEA_SOCKET");
  g_unsetenv ("XDG_RUNTIME_DIR");
  g_assert_null (cardea_client_find_socket (NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVICE);
  g_clear_error (&error);

  g_setenv ("XDG_RUNTIME_DIR", "/run/user/7", TRUE);
  path = cardea_client_find_socket (NULL, &error);
  g_assert_cmpstr (path, ==, "/run/user/7/cardea/agent");
  g_clear_pointer (&path, g_free);

  g_setenv ("CARDEA_SOCKET", "/elsewhere", TRUE);
  path = cardea_client_find_socket (NULL, &error);
  g_assert_cmpstr (path, ==, "/elsewhere");
  g_clear_pointer (&path, g_free);

  path = cardea_client_find_socket ("/chosen", &error);
  g_assert_cmpstr (path, ==, "/chosen");
  g_clear_pointer (&path, g_free);

  g_assert_null (cardea_client_find_socket (long_path, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVICE);
  g_clear_error (&error);
  long_path[107] = '\0';
  path = cardea_client_find_socket (long_path, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/call", test_call);
  g_test_add_func ("/client/bad-replies", test_bad_replies);
  g_test_add_func ("/client/gone", test_gone);
  g_test_add_func ("/client/silent", test_silent);
  g_test_add_func ("/client/limit", test_limit);
  g_test_add_func ("/client/errors", test_errors);
  g_test_add_func ("/client/error-sentences", test_error_sentences);
  g_test_add_func ("/client/more", test_more);
  g_test_add_func ("/client/wait", test_wait);
  g_test_add_func ("/client/more-stop", test_more_stop);
  g_test_add_func ("/client/upgrade", test_upgrade);
  g_test_add_func ("/client/upgrade-refused", test_upgrade_refused);
  g_test_add_func ("/client/wrap", test_wrap);
  g_test_add_func ("/client/wrap-bad-name", test_wrap_bad_name);
  g_test_add_func ("/client/descriptor", test_descriptor);
  g_test_add_func ("/client/too-many-descriptors", test_too_many_descriptors);
  g_test_add_func ("/client/not-running", test_not_running);
  g_test_add_func ("/client/find-socket", test_find_socket);
  return g_test_run ();
}
