/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A key that wants the PIN for each signature, with a person who answers: each connection costs one typed
 * PIN, however the token stands, and a PIN that was not typed for it serves no signature. The module counts
 * what reached it. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

#include <string.h>

#define PIN "31415926"
#define OPEN CARDEA_ASKS_MOCK_OPEN /* the key shows before any login */
#define HIDDEN ""                  /* only after one */

/* The Nth question is answered by the Nth of @steps; "pick" is the choice of the mock's certificate. */
static CardeaAsks *
new_with_key (const char *token, const char *const *steps)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autoptr (GString) script = g_string_new (NULL);

  for (guint i = 0; steps[i] != NULL; i++)
    if (g_str_equal (steps[i], "pick"))
      g_string_append_printf (script, "shown;pick %s not\n", fingerprint);
    else
      g_string_append_printf (script, "%s\n", steps[i]);
  cardea_lab_write (asks->lab, "script", script->str);
  cardea_lab_write (asks->lab, "right", PIN);
  cardea_lab_write (asks->lab, "wrong", "27182818");
  asks->mock_object = "always-authenticate=true";
  cardea_asks_set_mock (asks, token);
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

#define NEW(token, ...) new_with_key (token, (const char *const[]){ __VA_ARGS__, NULL })
#define RIGHT "shown;type right;typed"
#define WRONG "shown;type wrong;typed"

/* The Nth question from 1 on is for a PIN, and for one signature. */
static void
assert_for_signature (CardeaAsks *asks, guint n, gboolean rejected)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, n);

  g_assert_cmpint (question->kind, ==, CARDEA_PROMPT_PIN);
  g_assert_true (question->for_signature);
  g_assert_cmpint (question->rejected, ==, rejected);
  g_assert_cmpstr (question->token_label, ==, "Mock card");
  g_assert_cmpstr (question->server.name, ==, "localhost");
}

static void
fetch_well (CardeaAsks *asks)
{
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
}

static void
test_each_time (void)
{
  g_autoptr (CardeaAsks) asks = NEW (OPEN, "pick", RIGHT, "pick", RIGHT);

  fetch_well (asks);
  assert_for_signature (asks, 2, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1);
  fetch_well (asks);
  assert_for_signature (asks, 4, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
}

/* What the key wants shows only after the first PIN, which serves for it as well; later the token is logged
 * in, and that does not help. */
static void
test_hidden (void)
{
  g_autoptr (CardeaAsks) asks = NEW (HIDDEN, "pick", RIGHT, "pick", RIGHT);
  g_autoptr (CardeaPromptQuestion) first = NULL;

  fetch_well (asks);
  first = cardea_asks_get_question (asks, 2);
  g_assert_false (first->for_signature);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2); /* the token's, and the signature's */
  fetch_well (asks);
  assert_for_signature (asks, 4, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 3);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
}

static void
test_wrong_then_right (void)
{
  g_autoptr (CardeaAsks) asks = NEW (OPEN, "pick", WRONG, RIGHT);

  fetch_well (asks);
  assert_for_signature (asks, 2, FALSE);
  assert_for_signature (asks, 3, TRUE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
}

/* A PIN that was refused is known, and is not sent again. */
static void
test_same_again (void)
{
  g_autoptr (CardeaAsks) asks = NEW (OPEN, "pick", WRONG, WRONG, RIGHT);

  fetch_well (asks);
  assert_for_signature (asks, 4, TRUE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
}

/* The last try is told of, and after it nothing is asked or sent. */
static void
test_locked (void)
{
  g_autoptr (CardeaAsks) asks = NEW (HIDDEN, "pick", RIGHT, "pick", WRONG, "shown;type wrong-2;typed",
                                     "shown;type wrong-3;typed", RIGHT);
  g_autoptr (CardeaPromptQuestion) low = NULL;
  g_autoptr (CardeaPromptQuestion) last = NULL;
  g_autoptr (GError) error = NULL;

  cardea_lab_write (asks->lab, "wrong-2", "2222");
  cardea_lab_write (asks->lab, "wrong-3", "3333");
  fetch_well (asks);
  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "pin")), ==,
                   "locked");
  assert_for_signature (asks, 4, FALSE);
  assert_for_signature (asks, 5, TRUE);
  assert_for_signature (asks, 6, TRUE);
  low = cardea_asks_get_question (asks, 5);
  last = cardea_asks_get_question (asks, 6);
  g_assert_cmpint (low->pin_state, ==, CARDEA_PROMPT_PIN_LOW);
  g_assert_cmpint (last->pin_state, ==, CARDEA_PROMPT_PIN_FINAL_TRY);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 6);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 5);
}

/* A token that wants no login says nothing of its PIN before one was refused. */
static void
test_locked_open (void)
{
  g_autoptr (CardeaAsks) asks = NEW (OPEN "\ntries=1", "pick", WRONG, RIGHT);
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "pin")), ==,
                   "locked");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1);
}

/* Each is asked for itself, one after the other: the prompts would log an overlap. */
static void
test_two (void)
{
  g_autoptr (CardeaAsks) asks = NEW (OPEN, "pick", "pick", RIGHT, RIGHT);
  g_autofree char *log = NULL;
  CardeaClient *clients[2];

  for (guint i = 0; i < 2; i++)
    clients[i] = cardea_asks_begin (asks, asks->port, NULL);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *page = cardea_asks_finish (clients[i], &error);

    g_assert_no_error (error);
    g_assert_nonnull (strstr (page, "saw CN=Mock client"));
  }
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
  log = cardea_asks_read_log (asks);
  g_assert_null (strstr (log, "overlap"));
}

/* A rule consents, so that nobody has to be asked for that; the PIN is another matter. */
static void
test_no_questions (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *rule =
      g_strdup_printf ("[rule mine]\nprogram=exe:%s\nservers=localhost:%u\naction=consent\ncertificate=%s\n",
                       own, asks->port, fingerprint);
  g_autoptr (GError) error = NULL;

  cardea_asks_add_rules (asks, "mine.conf", rule);
  asks->config = "[pin card]\ntoken=pkcs11:token=Mock%20card\nfile=/nonexistent\n";
  asks->mock_object = "always-authenticate=true";
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  g_assert_null (cardea_asks_fetch (asks, "{\"interaction\": \"never\"}", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

/* Nobody is there: the certificate does not fit, and a source's PIN is not sent. */
static void
test_headless (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *options = g_strdup_printf ("{\"certificate\": \"%s\"}", fingerprint);
  g_autofree char *config = g_strdup_printf ("[pin card]\ntoken=pkcs11:token=Mock%%20card\nfile=%s/right\n",
                                             cardea_lab_get_folder (asks->lab));
  g_autofree char *told = NULL;
  g_autoptr (GError) error = NULL;

  cardea_lab_write (asks->lab, "right", PIN);
  asks->config = config;
  asks->headless = TRUE;
  asks->mock_object = "always-authenticate=true";
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  told = json_dumps (cardea_error_get_parameters (error), 0);
  g_assert_nonnull (strstr (told, "key_always_authenticate"));
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);

  /* Hidden it is found out later: the source unlocks the token, and the signature is not made. */
  cardea_asks_set_mock (asks, HIDDEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  g_clear_error (&error);
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-always/each-time", test_each_time);
  g_test_add_func ("/agent-always/hidden", test_hidden);
  g_test_add_func ("/agent-always/wrong-then-right", test_wrong_then_right);
  g_test_add_func ("/agent-always/same-again", test_same_again);
  g_test_add_func ("/agent-always/locked", test_locked);
  g_test_add_func ("/agent-always/locked-open", test_locked_open);
  g_test_add_func ("/agent-always/two", test_two);
  g_test_add_func ("/agent-always/no-questions", test_no_questions);
  g_test_add_func ("/agent-always/headless", test_headless);
  return g_test_run ();
}
