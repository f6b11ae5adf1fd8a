/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* New PINs, in the whole agent: `cardea pin` on a pseudo-terminal and the real prompt. The token counts what
 * it was given, and keeps its PIN. */

#include <string.h>

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/console.h"

#define PIN "31415926"
#define PUK "87654321"
#define NEW_PIN "16180339"

static CardeaAsks *
new_with_card (const char *token)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *state = g_build_filename (cardea_lab_get_folder (asks->lab), "mock-state", NULL);
  static char *prompt;

  g_free (prompt);
  prompt = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "ui/cardea-prompt", NULL);
  asks->prompt = prompt;
  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
  g_assert_cmpint (g_mkdir_with_parents (state, 0700), ==, 0);
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, token);
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

static Console *
run (CardeaAsks *asks, const char *arguments)
{
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *script =
      g_strdup_printf ("exec %s --socket %s pin %s", cardea, cardea_lab_get_socket (asks->lab), arguments);

  return console_new (script);
}

/* What the token keeps: its PIN (".pin"), and how often it was given one (".attempts", ".puk-attempts"). */
static char *
read_state (CardeaAsks *asks, const char *what)
{
  g_autofree char *name = g_strconcat ("card", what, NULL);
  g_autofree char *path = g_build_filename (cardea_lab_get_folder (asks->lab), "mock-state", name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("0\n");
}

static void
assert_state (CardeaAsks *asks, const char *what, const char *wanted)
{
  g_autofree char *text = read_state (asks, what);

  g_assert_cmpstr (text, ==, wanted);
}

static void
type_new (Console *console, const char *first, const char *second)
{
  console_wait_for (console, "New PIN: ");
  console_type (console, first);
  console_wait_for (console, "New PIN again: ");
  console_type (console, second);
}

static void
assert_shows_no_pin (Console *console)
{
  g_assert_null (strstr (console->screen->str, PIN));
  g_assert_null (strstr (console->screen->str, NEW_PIN));
  g_assert_null (strstr (console->screen->str, PUK));
  g_assert_null (strchr (console->screen->str, '\033'));
}

static gboolean
has_token (CardeaAsks *asks, const char *text)
{
  g_autofree char *out = NULL;

  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", "--json", NULL }, NULL, &out, NULL);
  return strstr (out, text) != NULL;
}

static void
test_change (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("pin-min=6\npin-max=12");
  g_autoptr (Console) console = run (asks, "change 'Mock card'");

  console_wait_for (console, "Token: Mock card");
  console_wait_for (console, "The new PIN has 6 to 12 characters.");
  console_wait_for (console, "PIN: ");
  console_type (console, PIN "\n");
  console_wait_for (console, "New PIN: ");
  console_type (console, "12345\n");
  console_wait_for (console, "The new PIN is too short.");
  console_wait_for (console, "New PIN: ");
  console_type (console, "1234567890123\n");
  console_wait_for (console, "The new PIN is too long.");
  console_wait_for (console, "New PIN: ");
  console_type (console, PIN "\n");
  console_wait_for (console, "The new PIN has to be another one.");
  type_new (console, NEW_PIN "\n", "16180338\n");
  console_wait_for (console, "The new PIN was not typed twice in the same way.");
  assert_state (asks, ".attempts", "0\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "The PIN of Mock card is changed.");
  g_assert_cmpint (console_finish (console), ==, 0);
  assert_shows_no_pin (console);
  assert_state (asks, ".pin", NEW_PIN);
  assert_state (asks, ".refused", "0\n");
}

/* A wrong PIN costs one try, is told, and is not sent a second time, whoever types it. */
static void
test_wrong (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("");
  g_autoptr (Console) console = run (asks, "change --terminal 'Mock card'");

  console_wait_for (console, "PIN: ");
  console_type (console, "27182818\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "The PIN was wrong.");
  assert_state (asks, ".attempts", "1\n");
  console_wait_for (console, "PIN: ");
  console_type (console, "27182818\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "The PIN was wrong.");
  assert_state (asks, ".attempts", "1\n");
  console_wait_for (console, "PIN: ");
  console_type (console, "\n");
  console_wait_for (console, "the token keeps the one it has");
  g_assert_cmpint (console_finish (console), !=, 0);
  assert_state (asks, ".attempts", "1\n");
  assert_state (asks, ".pin", "0\n");
}

/* The last try is used by who says so in full, and by nothing else. */
static void
test_last_try (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("tries=1");
  g_autoptr (Console) first = run (asks, "change --terminal 'Mock card'");

  console_wait_for (first, "This is the last try.");
  console_wait_for (first, "Type “yes” to go on: ");
  console_type (first, "y\n");
  g_assert_cmpint (console_finish (first), !=, 0);
  assert_state (asks, ".attempts", "0\n");

  g_autoptr (Console) second = run (asks, "change --terminal 'Mock card'");

  console_wait_for (second, "Type “yes” to go on: ");
  console_type (second, "yes\n");
  console_wait_for (second, "PIN: ");
  console_type (second, "27182818\n");
  type_new (second, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (second, "cardea pin unblock");
  g_assert_cmpint (console_finish (second), !=, 0);
  assert_state (asks, ".attempts", "1\n");
  g_assert_true (has_token (asks, "\"pin\": \"locked\""));

  g_autoptr (Console) third = run (asks, "change --terminal 'Mock card'");

  console_wait_for (third, "The token is locked");
  console_wait_for (third, "cardea pin unblock");
  g_assert_cmpint (console_finish (third), !=, 0);
  assert_state (asks, ".attempts", "1\n");
}

/* From locked to ready; the PUK is as dear as a PIN. */
static void
test_unblock (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("tries=1");
  g_autoptr (Console) console = NULL;
  g_autofree char *count =
      g_build_filename (cardea_lab_get_folder (asks->lab), "mock-state", "card.refused", NULL);

  g_assert_true (g_file_set_contents (count, "1\n", -1, NULL));
  cardea_asks_set_mock (asks, "tries=1\n");
  g_assert_true (has_token (asks, "\"pin\": \"locked\""));
  console = run (asks, "unblock --terminal 'Mock card'");
  console_wait_for (console, "PUK: ");
  console_type (console, "11111111\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "The PUK was wrong.");
  assert_state (asks, ".puk-attempts", "1\n");
  console_wait_for (console, "PUK: ");
  console_type (console, PUK "\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "The PIN of Mock card is set.");
  g_assert_cmpint (console_finish (console), ==, 0);
  assert_shows_no_pin (console);
  assert_state (asks, ".puk-attempts", "2\n");
  assert_state (asks, ".attempts", "0\n");
  assert_state (asks, ".pin", NEW_PIN);
  cardea_asks_wait_for_mock (asks, TRUE);
  g_assert_true (has_token (asks, "\"pin\": \"fine\""));
}

static void
test_puk_last_try (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("puk-tries=1");
  g_autoptr (Console) console = run (asks, "unblock --terminal 'Mock card'");

  console_wait_for (console, "nobody can unlock the");
  console_wait_for (console, "Type “yes” to go on: ");
  console_type (console, "yes\n");
  console_wait_for (console, "PUK: ");
  console_type (console, "11111111\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "refused the PUK");
  g_assert_cmpint (console_finish (console), !=, 0);

  g_autoptr (Console) again = run (asks, "unblock --terminal 'Mock card'");

  console_wait_for (again, "A wrong PUK was entered too often");
  g_assert_cmpint (console_finish (again), !=, 0);
  assert_state (asks, ".puk-attempts", "1\n");
}

/* Whatever happens to the terminal or the question, nothing was sent. */
static void
test_given_up (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("");
  static const char *const keys[] = { "\n", "\003", "\004" };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autoptr (Console) console = run (asks, "change --terminal 'Mock card'");

    console_wait_for (console, "PIN: ");
    console_type (console, PIN "\n");
    console_wait_for (console, "New PIN: ");
    console_type (console, keys[i]);
    g_assert_cmpint (console_finish (console), !=, 0);
  }
  assert_state (asks, ".attempts", "0\n");
}

/* The token goes away under the question. */
static void
test_token_pulled (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("");
  g_autoptr (Console) console = run (asks, "change --terminal 'Mock card'");

  console_wait_for (console, "PIN: ");
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  g_assert_cmpint (console_finish (console), !=, 0);
  assert_state (asks, ".attempts", "0\n");
}

/* The right PIN does not help before it is changed, and is neither asked for again nor lost by that. */
static void
test_expired (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("pin-state=expired");
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script =
      g_strdup_printf ("exec %s --socket %s connect --terminal --certificate %s localhost:%u", cardea,
                       cardea_lab_get_socket (asks->lab), fingerprint, asks->port);
  g_autoptr (Console) connect = console_new (script);

  console_wait_for (connect, "Your choice: ");
  console_type (connect, "1\n");
  console_wait_for (connect, "PIN: ");
  console_type (connect, PIN "\n");
  console_wait_for (connect, "cardea pin change");
  g_assert_cmpint (console_finish (connect), !=, 0);

  g_autoptr (Console) console = run (asks, "change --terminal 'Mock card'");

  console_wait_for (console, "PIN: ");
  console_type (console, PIN "\n");
  type_new (console, NEW_PIN "\n", NEW_PIN "\n");
  console_wait_for (console, "The PIN of Mock card is changed.");
  g_assert_cmpint (console_finish (console), ==, 0);
  assert_state (asks, ".pin", NEW_PIN);
}

static void
test_names (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card ("");
  g_autoptr (Console) none = run (asks, "change Nobody");

  console_wait_for (none, "There is no token “Nobody”");
  g_assert_cmpint (console_finish (none), !=, 0);

  g_autoptr (Console) several = run (asks, "change");

  console_wait_for (several, "Several tokens could be meant");
  console_wait_for (several, "pkcs11:");
  g_assert_cmpint (console_finish (several), !=, 0);

  g_autoptr (Console) wrong = run (asks, "eat");

  console_wait_for (wrong, "\"change\" and \"unblock\"");
  g_assert_cmpint (console_finish (wrong), !=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-pin/change", test_change);
  g_test_add_func ("/agent-pin/wrong", test_wrong);
  g_test_add_func ("/agent-pin/last-try", test_last_try);
  g_test_add_func ("/agent-pin/unblock", test_unblock);
  g_test_add_func ("/agent-pin/puk-last-try", test_puk_last_try);
  g_test_add_func ("/agent-pin/given-up", test_given_up);
  g_test_add_func ("/agent-pin/token-pulled", test_token_pulled);
  g_test_add_func ("/agent-pin/expired", test_expired);
  g_test_add_func ("/agent-pin/names", test_names);
  return g_test_run ();
}
