/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unlocking for many at once: one login, one question, one outcome, whoever comes and goes. */

#include "tests/unit/unlocker-fixture.h"

#include "agent/prompt/withdrawal.h"

/* Many wait: one login, one outcome. */
static void
test_one_login (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait waits[32] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    unlocker_begin (f, i % 2 == 0, NULL, &waits[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++) {
    unlocker_finish (&waits[i]);
    g_assert_no_error (waits[i].error);
    g_assert_true (waits[i].unlocked);
  }
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
}

static void
test_one_refusal (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait waits[8] = { 0 };

  unlocker_write_pin (f, "9999");
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    unlocker_begin (f, i % 2 == 0, NULL, &waits[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++) {
    unlocker_finish (&waits[i]);
    g_assert_error (waits[i].error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
    g_clear_error (&waits[i].error);
  }
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
}

/* The source failed, a person helps, and is told what the token says. */
static void
test_person_after_source (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  UnlockerWait wait = { 0 };

  unlocker_write_pin (f, "9999");
  f->person->answers = answers;
  unlocker_begin (f, TRUE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_false (f->person->rejected);
  g_assert_true (f->person->low);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 1);
}

static void
test_locked_by_person (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9998", "9997", NULL };
  UnlockerWait wait = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  f->fake.after_refusal = CARDEA_PIN_LOCKED;
  unlocker_begin (f, TRUE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_clear_error (&wait.error);
}

/* The token had fewer tries left than its listing said: nothing was sent, the source stays fit for use, and a
 * person may help. */
static void
test_held_back (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  UnlockerWait wait = { 0 };

  f->fake.holds_back = TRUE;
  unlocker_assert_source_not_used (f);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0);
  f->person->answers = answers;
  unlocker_begin (f, TRUE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
}

/* What a person typed is for the token of the question, not for what is there when he is done. */
static void
test_gone_while_asking (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  g_autoptr (CardeaToken) kept = cardea_token_ref (f->token);
  UnlockerWait wait = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  g_ptr_array_set_size (f->fake.tokens, 0);
  unlocker_begin (f, TRUE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
  g_clear_error (&wait.error);
}

/* Two tokens of one name in two readers: each has its own login. */
static void
test_twins (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  UnlockerWait waits[2] = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  f->info.slot = 7;
  for (guint i = 0; i < 2; i++) {
    unlocker_begin (f, TRUE, NULL, &waits[i]);
    unlocker_finish (&waits[i]);
    g_assert_no_error (waits[i].error);
    g_assert_cmpuint (f->fake.sent->len, ==, i + 1);
    f->token = unlocker_insert_token (f, "T", CARDEA_PIN_FINE);
  }
}

static void
iterate_until_held (UnlockerFixture *f)
{
  while (f->fake.held == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* One gives up in the middle of a login: he is told at once, the rest get the outcome. */
static void
test_one_gives_up (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  UnlockerWait first = { 0 }, second = { 0 };

  f->fake.holds = TRUE;
  unlocker_begin (f, FALSE, cancellable, &first);
  unlocker_begin (f, FALSE, NULL, &second);
  iterate_until_held (f);
  g_cancellable_cancel (cancellable);
  unlocker_finish (&first);
  g_assert_error (first.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&first.error);
  g_assert_false (second.done);
  unlocker_answer (&f->fake, f->fake.held);
  unlocker_finish (&second);
  g_assert_true (second.unlocked);
}

/* All give up in the middle of a login: its outcome still counts. */
static void
test_all_give_up_in_login (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  UnlockerWait wait = { 0 };

  f->fake.holds = TRUE;
  unlocker_begin (f, FALSE, cancellable, &wait);
  iterate_until_held (f);
  g_cancellable_cancel (cancellable);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&wait.error);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 1);
  unlocker_answer (&f->fake, f->fake.held);
  while (unlocker_count_marks (f) > 0)
    g_main_context_iteration (NULL, TRUE);
  f->fake.holds = FALSE;
  unlocker_assert_unlocks (f);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
}

/* All give up before anything was sent: nothing is sent, and the source stays fit for use. */
static void
test_all_give_up_before (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  UnlockerWait wait = { 0 };
  GWeakRef alive;

  unlocker_begin (f, FALSE, cancellable, &wait);
  g_cancellable_cancel (cancellable);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&wait.error);
  /* The job keeps the unlocker until it has put everything back. */
  g_weak_ref_init (&alive, f->unlocker);
  g_clear_object (&f->unlocker);
  for (GObject *still; (still = g_weak_ref_get (&alive)) != NULL;) {
    g_object_unref (still);
    g_main_context_iteration (NULL, TRUE);
  }
  g_weak_ref_clear (&alive);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
  unlocker_start_unlocker (f);
  unlocker_assert_unlocks (f);
}

/* Nobody waits for the question any more: it is withdrawn. Who comes meanwhile is asked anew. */
static void
test_question_withdrawn (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "", "1234", NULL };
  g_autoptr (GCancellable) cancellable = cardea_withdrawal_new ();
  UnlockerWait first = { 0 }, second = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  f->person->waits = TRUE;
  unlocker_begin (f, TRUE, cancellable, &first);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  cardea_withdrawal_cancel (cancellable, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  unlocker_finish (&first);
  g_assert_error (first.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&first.error);
  f->person->waits = FALSE;
  unlocker_begin (f, TRUE, NULL, &second);
  unlocker_finish (&second);
  g_assert_no_error (second.error);
  g_assert_cmpuint (f->person->n_asked, ==, 2);
  g_assert_cmpint (f->person->withdrawn, ==, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
}

/* A token that goes takes the question about it along; another one that comes or goes does not. */
static void
test_token_goes (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (CardeaToken) token = cardea_token_ref (f->token);
  UnlockerWait waits[2] = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->waits = TRUE;
  unlocker_begin (f, TRUE, NULL, &waits[0]);
  unlocker_begin (f, TRUE, NULL, &waits[1]);
  unlocker_insert_token (f, "other", CARDEA_PIN_FINE);
  cardea_unlocker_look (f->unlocker);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (waits[0].done);
  g_ptr_array_set_size (f->fake.tokens, 0);
  cardea_unlocker_look (f->unlocker);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++) {
    unlocker_finish (&waits[i]);
    g_assert_error (waits[i].error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
    g_clear_error (&waits[i].error);
  }
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

static void
test_no_login_needed (UnlockerFixture *f, gconstpointer data)
{
  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->info.login_required = FALSE;
  unlocker_insert_again (f, CARDEA_PIN_NOT_NEEDED);
  unlocker_assert_unlocks (f);
  f->info.login_required = TRUE;
  f->info.logged_in = TRUE;
  unlocker_insert_again (f, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (f);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

static void
test_old_snapshot (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (CardeaToken) old = cardea_token_ref (f->token);
  UnlockerWait wait = { 0 };

  unlocker_insert_again (f, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (f);
  f->token = old;
  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  g_clear_error (&wait.error);
}

#define ADD(path, test)                                                                                      \
  g_test_add ("/unlock-job/" path, UnlockerFixture, NULL, unlocker_set_up, test, unlocker_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("one-login", test_one_login);
  ADD ("one-refusal", test_one_refusal);
  ADD ("person-after-source", test_person_after_source);
  ADD ("locked-by-person", test_locked_by_person);
  ADD ("held-back", test_held_back);
  ADD ("gone-while-asking", test_gone_while_asking);
  ADD ("twins", test_twins);
  ADD ("one-gives-up", test_one_gives_up);
  ADD ("all-give-up-in-login", test_all_give_up_in_login);
  ADD ("all-give-up-before", test_all_give_up_before);
  ADD ("question-withdrawn", test_question_withdrawn);
  ADD ("token-goes", test_token_goes);
  ADD ("no-login-needed", test_no_login_needed);
  ADD ("old-snapshot", test_old_snapshot);
  return g_test_run ();
}
