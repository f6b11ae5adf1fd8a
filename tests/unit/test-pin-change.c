/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A new PIN, as far as the agent has a part in it: what a token gets and how often, and what is left of it.
 */

#include <string.h>

#include "tests/unit/unlocker-fixture.h"

typedef struct
{
  gboolean done, set;
  GError *error;
} Wait;

static void
on_set (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;

  wait->set = cardea_unlocker_set_pin_finish (CARDEA_UNLOCKER (source), result, &wait->error);
  wait->done = TRUE;
}

static void
begin (UnlockerFixture *f, CardeaPinAction action, GCancellable *cancellable, Wait *wait)
{
  g_autoptr (CardeaPinQuestion) template = cardea_pin_question_new ();

  g_clear_error (&wait->error);
  *wait = (Wait){ 0 };
  template->program = g_strdup ("/usr/bin/test");
  cardea_unlocker_set_pin_async (f->unlocker, f->token, action, template, cancellable, on_set, wait);
}

static void
run (UnlockerFixture *f, CardeaPinAction action, const char *const *answers, Wait *wait)
{
  f->person->answers = answers;
  f->person->n_asked = 0;
  begin (f, action, NULL, wait);
  while (!wait->done)
    g_main_context_iteration (NULL, TRUE);
}

static const char *
get_parameter (const Wait *wait, const char *name)
{
  return json_string_value (json_object_get (cardea_error_get_parameters (wait->error), name));
}

static void
test_change (UnlockerFixture *f, gconstpointer data)
{
  Wait wait = { 0 };

  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "1234 5678", NULL }, &wait);
  g_assert_no_error (wait.error);
  g_assert_true (wait.set);
  g_assert_true (f->person->sets_pin);
  g_assert_false (f->person->unblock);
  g_assert_cmpstr (f->fake.new_pin, ==, "5678");
  g_assert_cmpuint (f->fake.n_set, ==, 1);
  g_assert_cmpuint (f->fake.n_renewed, ==, 1);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
}

/* A wrong one is told, not sent again, and the last word of the token ends it. */
static void
test_refused (UnlockerFixture *f, gconstpointer data)
{
  Wait wait = { 0 };

  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "9999 5678", "9999 5678", "1234 5678", NULL }, &wait);
  g_assert_true (wait.set);
  g_assert_true (f->person->rejected);
  g_assert_true (f->person->low);
  g_assert_cmpuint (f->person->n_asked, ==, 3);
  g_assert_cmpuint (f->fake.n_set, ==, 2);
  f->fake.after_refusal = CARDEA_PIN_LOCKED;
  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "9998 5678", "1234 5678", NULL }, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (get_parameter (&wait, "pin"), ==, "locked");
  g_assert_null (get_parameter (&wait, "secret"));
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_cmpuint (f->fake.n_set, ==, 3);
  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "1234 5678", NULL }, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_nonnull (strstr (wait.error->message, "cardea pin unblock"));
  g_assert_cmpuint (f->fake.n_set, ==, 3);
  g_clear_error (&wait.error);
}

/* What a login had refused is known here, and the other way round; the PUK is another matter. */
static void
test_known_wrong (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait login = { 0 };
  Wait wait = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = (const char *const[]){ "9999", NULL };
  unlocker_begin (f, TRUE, NULL, &login);
  unlocker_finish (&login);
  g_clear_error (&login.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "9999 5678", NULL }, &wait);
  g_assert_cmpuint (f->fake.n_set, ==, 0);
  run (f, CARDEA_PIN_UNBLOCK, (const char *const[]){ "9999 5678", NULL }, &wait);
  g_assert_cmpuint (f->fake.n_set, ==, 1);
  g_assert_true (f->person->unblock);
  run (f, CARDEA_PIN_UNBLOCK, (const char *const[]){ "9999 5678", NULL }, &wait);
  g_assert_cmpuint (f->fake.n_set, ==, 1);
  g_clear_error (&wait.error);
}

/* A PIN that was set may be one that was refused before. */
static void
test_refused_is_right_now (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait login = { 0 };
  Wait wait = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "5678 4321", "1234 5678", NULL }, &wait);
  g_assert_true (wait.set);
  f->fake.right = "5678";
  f->person->answers = (const char *const[]){ "5678", NULL };
  f->person->n_asked = 0;
  unlocker_begin (f, TRUE, NULL, &login);
  unlocker_finish (&login);
  g_assert_no_error (login.error);
  g_assert_true (login.unlocked);
}

/* The prompt is not believed: what breaks the rules is not sent. */
static void
test_rules (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234 123", "1234 123456789", "1234 1234", "1234 12345678", NULL };
  Wait wait = { 0 };

  run (f, CARDEA_PIN_CHANGE, answers, &wait);
  g_assert_true (wait.set);
  g_assert_true (f->person->new_pin_rejected);
  g_assert_false (f->person->rejected);
  g_assert_cmpuint (f->person->n_asked, ==, 4);
  g_assert_cmpuint (f->fake.n_set, ==, 1);
  g_assert_cmpstr (f->fake.new_pin, ==, "12345678");
}

static void
test_new_refused (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234 5671", "1234 5672", "1234 5673", "1234 5674",
                                         "1234 5675", "1234 5676", NULL };
  Wait wait = { 0 };

  f->fake.refuses_new = TRUE;
  run (f, CARDEA_PIN_CHANGE, answers, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (get_parameter (&wait, "secret"), ==, "new_pin");
  g_assert_true (f->person->new_pin_rejected);
  g_assert_cmpuint (f->fake.n_set, ==, 5);
  g_clear_error (&wait.error);
}

static void
test_unblock (UnlockerFixture *f, gconstpointer data)
{
  Wait wait = { 0 };

  unlocker_insert_again (f, CARDEA_PIN_LOCKED);
  f->token->state = CARDEA_TOKEN_UNUSABLE;
  run (f, CARDEA_PIN_UNBLOCK, (const char *const[]){ "11111111 5678", "87654321 5678", NULL }, &wait);
  g_assert_no_error (wait.error);
  g_assert_true (wait.set);
  g_assert_cmpstr (f->fake.new_pin, ==, "5678");
  f->fake.after_refusal = CARDEA_PIN_LOCKED;
  run (f, CARDEA_PIN_UNBLOCK, (const char *const[]){ "11111112 5678", "87654321 5678", NULL }, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (get_parameter (&wait, "secret"), ==, "puk");
  g_assert_cmpstr (get_parameter (&wait, "pin"), ==, "locked");
  run (f, CARDEA_PIN_UNBLOCK, (const char *const[]){ "87654321 5678", NULL }, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->fake.n_set, ==, 3);
  g_clear_error (&wait.error);
}

/* A login that was for everybody is over, as the token's is. */
static void
test_login_ends (UnlockerFixture *f, gconstpointer data)
{
  Wait wait = { 0 };

  unlocker_assert_unlocks (f);
  g_assert_true (cardea_unlocker_is_unlocked (f->unlocker, f->token));
  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "9999 5678", NULL }, &wait);
  g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
  g_assert_cmpuint (f->fake.n_renewed, ==, 1);
  g_clear_error (&wait.error);
}

/* Nothing was sent: the login stays, and the process. */
static void
test_given_up (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) never = g_cancellable_new ();
  Wait wait = { 0 };

  unlocker_assert_unlocks (f);
  f->person->waits = TRUE;
  begin (f, CARDEA_PIN_CHANGE, cancellable, &wait);
  g_cancellable_cancel (cancellable);
  while (!wait.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (wait.error);
  begin (f, CARDEA_PIN_UNBLOCK, never, &wait);
  g_ptr_array_set_size (f->fake.tokens, 0);
  cardea_unlocker_look (f->unlocker);
  while (!wait.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (wait.error);
  g_assert_cmpuint (f->fake.n_set, ==, 0);
  g_assert_cmpuint (f->fake.n_renewed, ==, 0);
  g_clear_error (&wait.error);
}

/* A token that wants its PIN changed is asked for none before, and the right one is no wrong one. */
static void
test_expired (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait login = { 0 }, again = { 0 };
  Wait wait = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->fake.right = "0000";
  f->fake.after_refusal = CARDEA_PIN_MUST_CHANGE;
  f->person->answers = (const char *const[]){ "1234", "1234", NULL };
  unlocker_begin (f, TRUE, NULL, &login);
  unlocker_finish (&login);
  g_assert_error (login.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  unlocker_begin (f, TRUE, NULL, &again);
  unlocker_finish (&again);
  g_assert_error (again.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpstr (unlocker_get_problem_code (again.error), ==, "pin_must_change");
  f->fake.right = "1234";
  run (f, CARDEA_PIN_CHANGE, (const char *const[]){ "1234 5678", NULL }, &wait);
  g_assert_true (wait.set);
  g_clear_error (&login.error);
  g_clear_error (&again.error);
}

#define ADD(path, function)                                                                                  \
  g_test_add ("/pin-change/" path, UnlockerFixture, NULL, unlocker_set_up, function, unlocker_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("change", test_change);
  ADD ("refused", test_refused);
  ADD ("known-wrong", test_known_wrong);
  ADD ("refused-is-right-now", test_refused_is_right_now);
  ADD ("rules", test_rules);
  ADD ("new-refused", test_new_refused);
  ADD ("unblock", test_unblock);
  ADD ("login-ends", test_login_ends);
  ADD ("given-up", test_given_up);
  ADD ("expired", test_expired);
  return g_test_run ();
}
