/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Questions on a terminal, in the whole agent: `cardea connect` on a pseudo-terminal and the real prompt. The
 * test holds the other end, like any program that wanted to answer its own questions. */

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/console.h"

#define PIN "31415926"

static CardeaAsks *
new_with_card (void)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  static char *prompt;

  g_free (prompt);
  prompt = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "ui/cardea-prompt", NULL);
  asks->prompt = prompt;
  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

/* It sends a request and ends when the page was read. */
static Console *
connect_on_console (CardeaAsks *asks, const char *option)
{
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script =
      g_strdup_printf ("printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | "
                       "exec %s --socket %s connect %s --certificate %s localhost:%u",
                       cardea, cardea_lab_get_socket (asks->lab), option, fingerprint, asks->port);

  return console_new (script);
}

static void
choose_and_unlock (Console *console)
{
  console_wait_for (console, "Server: localhost:");
  console_wait_for (console, "1. Mock client");
  console_wait_for (console, "Your choice: ");
  console_type (console, "1\n");
  console_wait_for (console, "Token: Mock card");
  console_wait_for (console, "PIN: ");
  console_type (console, PIN "\n");
}

static gboolean
is_logged_out (gpointer data)
{
  CardeaAsks *asks = data;
  g_autofree char *out = NULL;

  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", "--json", NULL }, NULL, &out, NULL);
  return strstr (out, "\"logged_in\": true") == NULL;
}

/* The PIN is asked for at each connection, shown nowhere, and nothing is left of it. */
static void
test_connects (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();

  for (guint i = 0; i < 2; i++) {
    g_autoptr (Console) console = connect_on_console (asks, i == 0 ? "--terminal" : "");
    g_autofree char *out = NULL;

    choose_and_unlock (console);
    console_wait_for (console, "saw CN=Mock client");
    g_assert_cmpint (console_finish (console), ==, 0);
    g_assert_null (strstr (console->screen->str, PIN));
    g_assert_null (strchr (console->screen->str, '\033'));
    g_assert_true (cardea_lab_wait_until (is_logged_out, asks));
    cardea_lab_cardea (asks->lab, (const char *[]){ "decisions", "--json", NULL }, NULL, &out, NULL);
    g_assert_null (strstr (out, "localhost"));
  }
}

/* A key that wants the PIN for its signature is found out when it is used: one PIN is typed all the same, and
 * counts for that connection only. */
static void
test_always (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();

  asks->mock_object = "always-authenticate=true";
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (Console) console = connect_on_console (asks, "--terminal");

    choose_and_unlock (console);
    console_wait_for (console, "saw CN=Mock client");
    g_assert_cmpint (console_finish (console), ==, 0);
    g_assert_null (strstr (strstr (console->screen->str, "PIN: ") + 1, "PIN: "));
    g_assert_true (cardea_lab_wait_until (is_logged_out, asks));
  }
}

static void
test_wrong_pin (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  g_autoptr (Console) console = connect_on_console (asks, "--terminal");

  console_wait_for (console, "Your choice: ");
  console_type (console, "1\n");
  console_wait_for (console, "PIN: ");
  console_type (console, "27182818\n");
  console_wait_for (console, "The PIN was wrong.");
  console_wait_for (console, "PIN: ");
  console_type (console, PIN "\n");
  console_wait_for (console, "saw CN=Mock client");
  g_assert_cmpint (console_finish (console), ==, 0);
}

static void
test_cancelled (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  g_autoptr (Console) console = connect_on_console (asks, "--terminal");

  console_wait_for (console, "Your choice: ");
  console_type (console, "\n");
  g_assert_cmpint (console_finish (console), !=, 0);
}

/* The program goes, its question with it, and what is typed can be seen again. */
static void
test_interrupted (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  g_autoptr (Console) console = connect_on_console (asks, "--terminal");

  console_wait_for (console, "Your choice: ");
  console_type (console, "1\n");
  console_wait_for (console, "PIN: ");
  console_type (console, "31\003");
  g_assert_cmpint (console_finish (console), !=, 0);
  g_assert_true (cardea_lab_wait_until (console_is_put_back, console));
}

/* Whatever becomes of the prompt, the terminal is mended. */
static void
test_prompt_killed (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  g_autoptr (Console) console = connect_on_console (asks, "--terminal");
  g_autoptr (GArray) children = NULL;
  g_autofree char *name = NULL;

  console_wait_for (console, "Your choice: ");
  children = cardea_lab_get_children (asks->agent);
  for (guint i = 0; i < children->len; i++) {
    g_autofree char *path = g_strdup_printf ("/proc/%d/comm", g_array_index (children, int, i));
    g_autofree char *comm = NULL;

    if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_has_prefix (comm, "cardea-prompt"))
      kill (g_array_index (children, int, i), SIGKILL);
  }
  g_assert_cmpint (console_finish (console), !=, 0);
}

/* Another program is asked for itself, though a terminal's login was there a moment ago. */
static void
test_others_are_asked (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  g_autoptr (Console) console = connect_on_console (asks, "--terminal");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *options =
      g_strdup_printf ("{\"certificate\": \"%s\", \"interaction\": \"never\"}", fingerprint);
  g_autoptr (GError) error = NULL;

  choose_and_unlock (console);
  console_wait_for (console, "saw CN=Mock client");
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpint (console_finish (console), ==, 0);
}

/* A token without a PIN: what is typed would be no consent. */
static void
test_no_pin (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  g_autoptr (Console) console = NULL;

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  console = connect_on_console (asks, "--terminal");
  console_wait_for (console, "No Certificate Fits");
  console_wait_for (console, "Its token has no PIN");
  console_wait_for (console, "Your choice: ");
  console_type (console, "1\n");
  console_wait_for (console, "There is no such choice.");
  console_type (console, "c\n");
  g_assert_cmpint (console_finish (console), !=, 0);
}

/* Takes @fd; the option and what comes along. */
static void
assert_refused (CardeaAsks *asks, const char *options, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (asks->lab), &error);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:o}", "host", "localhost", "port", (int)asks->port,
                                             "options", json_loads (options, 0, NULL));

  g_assert_no_error (error);
  cardea_client_set_descriptor (client, fd);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, &error));
  g_assert_null (cardea_asks_finish (g_steal_pointer (&client), &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "parameter")), ==,
                   "options.terminal");
  if (fd >= 0)
    close (fd);
}

static void
test_refused (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ();
  guint before = cardea_lab_count_fds (asks->agent);
  int ends[2], master, slave;

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (openpty (&master, &slave, NULL, NULL, NULL), ==, 0);
  assert_refused (asks, "{\"terminal\": \"always\"}", ends[0]);
  assert_refused (asks, "{\"terminal\": \"always\"}", ends[1]);
  assert_refused (asks, "{\"terminal\": \"if_needed\"}", open ("/dev/null", O_RDWR));
  assert_refused (asks, "{\"terminal\": \"always\"}", open ("/proc/self/exe", O_RDONLY));
  assert_refused (asks, "{\"terminal\": \"always\"}", -1);
  assert_refused (asks, "{\"terminal\": \"sometimes\"}", dup (slave));
  assert_refused (asks, "{}", slave);
  assert_refused (asks, "{\"terminal\": \"always\"}", master);
  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "status", NULL }, NULL, NULL, NULL), ==,
                   0);
  g_assert_cmpuint (cardea_lab_count_fds (asks->agent), <=, before + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-terminal/connects", test_connects);
  g_test_add_func ("/agent-terminal/always", test_always);
  g_test_add_func ("/agent-terminal/wrong-pin", test_wrong_pin);
  g_test_add_func ("/agent-terminal/cancelled", test_cancelled);
  g_test_add_func ("/agent-terminal/interrupted", test_interrupted);
  g_test_add_func ("/agent-terminal/prompt-killed", test_prompt_killed);
  g_test_add_func ("/agent-terminal/others-are-asked", test_others_are_asked);
  g_test_add_func ("/agent-terminal/no-pin", test_no_pin);
  g_test_add_func ("/agent-terminal/refused", test_refused);
  return g_test_run ();
}
