/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token whose lease says that a PIN serves one connection, in the whole agent: the module counts the logins
 * that reach it, and tells whether one is left. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

#include <string.h>

#define PIN "31415926"
#define RIGHT "shown;type right;typed\n"
#define WRONG "shown;type wrong;typed\n"
static const char lease[] = "[lease card]\ntoken=pkcs11:token=Mock%20card\nsingle-use=true\n";

static CardeaAsks *
new_with (const char *config, const char *steps)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;pick %s always\n%s", fingerprint, steps);

  cardea_lab_write (asks->lab, "right", PIN);
  cardea_lab_write (asks->lab, "wrong", "27182818");
  cardea_asks_set_mock (asks, "");
  asks->config = config;
  cardea_asks_restart (asks);
  cardea_lab_write (asks->lab, "script", script);
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

static void
fetch_well (CardeaAsks *asks)
{
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
}

/* The Nth question from 1 on is for a PIN, which is for one connection. */
static void
assert_for_connection (CardeaAsks *asks, guint n, gboolean rejected)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, n);

  g_assert_cmpint (question->kind, ==, CARDEA_PROMPT_PIN);
  g_assert_true (question->for_connection);
  g_assert_false (question->for_signature);
  g_assert_cmpint (question->rejected, ==, rejected);
  g_assert_cmpstr (question->server.name, ==, "localhost");
}

/* The mock's token as `cardea tokens --json` has it; NULL: it is being read. */
static json_t *
get_token (CardeaAsks *asks)
{
  g_autofree char *out = NULL;
  g_autoptr (json_t) reply = NULL;
  json_t *token;
  gsize i;

  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", "--json", NULL }, NULL, &out, NULL);
  reply = json_loads (out, 0, NULL);
  json_array_foreach (json_object_get (reply, "tokens"), i, token)
    if (g_strcmp0 (json_string_value (json_object_get (token, "label")), "Mock card") == 0)
      return json_incref (token);
  return NULL;
}

static gboolean
is_logged_out (gpointer data)
{
  g_autoptr (json_t) token = get_token (data);

  return token != NULL && json_is_false (json_object_get (token, "logged_in"));
}

/* The decision is kept and the PIN is not: whoever comes next, the same program too, is asked. */
static void
test_each_time (void)
{
  g_autoptr (CardeaAsks) asks = new_with (lease, RIGHT RIGHT);
  g_autoptr (json_t) token = NULL;
  g_autofree char *out = NULL;

  for (guint i = 0; i < 2; i++) {
    fetch_well (asks);
    assert_for_connection (asks, 2 + i, FALSE);
    g_assert_cmpuint (cardea_asks_count (asks), ==, 2 + i);
    g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1 + i);
    g_assert_true (cardea_lab_wait_until (is_logged_out, asks));
  }
  token = get_token (asks);
  g_assert_true (json_is_true (json_object_get (token, "single_use")));
  g_assert_true (json_is_null (json_object_get (token, "lease")));
  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL);
  g_assert_nonnull (strstr (out, "no; the PIN is asked for with each connection"));
}

static void
test_wrong_then_right (void)
{
  g_autoptr (CardeaAsks) asks = new_with (lease, WRONG WRONG RIGHT);

  fetch_well (asks);
  assert_for_connection (asks, 2, FALSE);
  assert_for_connection (asks, 3, TRUE);
  assert_for_connection (asks, 4, TRUE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2); /* what was refused is not sent again */
}

/* At once, by a decision: one PIN each, one after the other. */
static void
test_two (void)
{
  g_autoptr (CardeaAsks) asks = new_with (lease, RIGHT RIGHT RIGHT);
  g_autofree char *log = NULL;
  CardeaClient *clients[2];

  fetch_well (asks);
  for (guint i = 0; i < 2; i++)
    clients[i] = cardea_asks_begin (asks, asks->port, NULL);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *page = cardea_asks_finish (clients[i], &error);

    g_assert_no_error (error);
    g_assert_nonnull (strstr (page, "saw CN=Mock client"));
  }
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 3);
  log = cardea_asks_read_log (asks);
  g_assert_null (strstr (log, "overlap"));
}

/* A login that there is when the configuration begins to say so is over. */
static void
test_later_rule (void)
{
  g_autoptr (CardeaAsks) asks = new_with ("", RIGHT RIGHT);
  g_autoptr (CardeaPromptQuestion) first = NULL;

  fetch_well (asks);
  first = cardea_asks_get_question (asks, 2);
  g_assert_false (first->for_connection);
  fetch_well (asks);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1);
  cardea_lab_write (asks->lab, "more.conf", lease);
  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL), ==,
                   0);
  g_assert_true (cardea_lab_wait_until (is_logged_out, asks));
  fetch_well (asks);
  assert_for_connection (asks, 3, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
}

/* The decision serves in silence; the PIN never does. */
static void
test_no_questions (void)
{
  g_autoptr (CardeaAsks) asks = new_with (lease, RIGHT);
  g_autoptr (GError) error = NULL;

  fetch_well (asks);
  g_assert_null (cardea_asks_fetch (asks, "{\"interaction\": \"never\"}", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "question")), ==,
                   "pin");
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1);
}

/* Nobody is there: the certificate does not fit, which is said, and a source's PIN is not sent. */
static void
test_headless (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *options = g_strdup_printf ("{\"certificate\": \"%s\"}", fingerprint);
  g_autofree char *config = g_strdup_printf ("%s[pin card]\ntoken=pkcs11:token=Mock%%20card\nfile=%s/right\n",
                                             lease, cardea_lab_get_folder (asks->lab));
  g_autofree char *told = NULL;
  g_autoptr (GError) error = NULL;

  cardea_lab_write (asks->lab, "right", PIN);
  asks->config = config;
  asks->headless = TRUE;
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  told = json_dumps (cardea_error_get_parameters (error), 0);
  g_assert_nonnull (strstr (told, "pin_single_use"));
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-single-use/each-time", test_each_time);
  g_test_add_func ("/agent-single-use/wrong-then-right", test_wrong_then_right);
  g_test_add_func ("/agent-single-use/two", test_two);
  g_test_add_func ("/agent-single-use/later-rule", test_later_rule);
  g_test_add_func ("/agent-single-use/no-questions", test_no_questions);
  g_test_add_func ("/agent-single-use/headless", test_headless);
  return g_test_run ();
}
