/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One signature with a PIN of its own: who is asked, what serves, what it leaves behind. */

#include <string.h>

#include "agent/hosts/sign-call.h"
#include "tests/unit/unlocker-fixture.h"

typedef struct
{
  gboolean done;
  GBytes *signature;
  GError *error;
} SignWait;

static void
on_signed (GObject *source, GAsyncResult *result, gpointer data)
{
  SignWait *wait = data;

  wait->signature = cardea_unlocker_sign_finish (CARDEA_UNLOCKER (source), result, &wait->error);
  wait->done = TRUE;
}

static void
sign_wait_clear (SignWait *self)
{
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SignWait, sign_wait_clear)

/* @typed: just now, or NULL. */
static void
begin (UnlockerFixture *f, gboolean may_ask, const char *typed, GCancellable *cancellable, SignWait *wait)
{
  g_autoptr (CardeaPinQuestion) template = cardea_pin_question_new ();
  g_autoptr (CardeaSecret) secret = typed != NULL ? cardea_secret_new (typed, strlen (typed), NULL) : NULL;
  g_autoptr (GBytes) id = g_bytes_new_static ("k", 1);
  const CardeaSignRequest request = { .id = id, .data = (const guint8 *)"d", .length = 1 };
  g_autoptr (CardeaSignCall) call = cardea_sign_call_new (f->host, &request);

  template->for_signature = TRUE;
  cardea_unlocker_sign_async (f->unlocker, f->token, template, may_ask, call, secret, cancellable, on_signed,
                              wait);
}

static void
iterate (void)
{
  for (guint i = 0; i < 50; i++)
    while (g_main_context_iteration (NULL, FALSE))
      ;
}

static void
finish (SignWait *wait)
{
  while (!wait->done)
    g_main_context_iteration (NULL, TRUE);
  iterate ();
}

static void
assert_signed (UnlockerFixture *f, const char *typed)
{
  g_auto (SignWait) wait = { 0 };

  begin (f, TRUE, typed, NULL, &wait);
  finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_nonnull (wait.signature);
}

/* Without sources, which is what most tests are about. */
static void
set_answers (UnlockerFixture *f, const char *const *answers)
{
  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  f->person->n_asked = 0;
}

static void
unlock (UnlockerFixture *f)
{
  UnlockerWait person = { 0 };

  unlocker_begin (f, TRUE, NULL, &person);
  unlocker_finish (&person);
  g_assert_true (person.unlocked);
}

/* Asked each time, and nothing of a login is left. */
static void
test_each (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };

  set_answers (f, answers);
  for (guint i = 1; i <= 2; i++) {
    assert_signed (f, NULL);
    g_assert_cmpuint (f->person->n_asked, ==, i);
    g_assert_true (f->person->for_signature);
    g_assert_cmpuint (f->fake.n_signed, ==, i);
    g_assert_cmpuint (f->fake.n_logouts, ==, i);
    g_assert_false (f->fake.logged_in);
    g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
  }
}

/* A person's login is no help, and goes on. */
static void
test_lease (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };

  set_answers (f, answers);
  unlock (f);
  assert_signed (f, NULL);
  g_assert_cmpuint (f->person->n_asked, ==, 2);
  g_assert_cmpuint (f->fake.n_logouts, ==, 0);
  g_assert_true (f->fake.logged_in);
  g_assert_true (cardea_unlocker_is_unlocked (f->unlocker, f->token));
}

/* Neither is a source, which would serve for a login. */
static void
test_source (UnlockerFixture *f, gconstpointer data)
{
  g_auto (SignWait) wait = { 0 };

  begin (f, TRUE, NULL, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0);
}

static void
test_nobody (UnlockerFixture *f, gconstpointer data)
{
  g_auto (SignWait) wait = { 0 };

  begin (f, FALSE, NULL, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

/* One try for each PIN that was typed; a person's login is over with the first that was wrong. */
static void
test_wrong (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "9999", "9999", "1234", NULL };

  set_answers (f, answers);
  unlock (f);
  assert_signed (f, NULL);
  g_assert_cmpuint (f->person->n_asked, ==, 4);
  g_assert_true (f->person->rejected);
  g_assert_true (f->person->low);
  g_assert_cmpuint (f->fake.n_signed, ==, 2); /* the same again was not sent */
  g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
  g_assert_cmpuint (f->fake.n_logouts, ==, 1);
}

static void
test_locked (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9999", "1234", NULL };
  g_auto (SignWait) first = { 0 };
  g_auto (SignWait) second = { 0 };

  set_answers (f, answers);
  f->fake.after_refusal = CARDEA_PIN_LOCKED;
  begin (f, TRUE, NULL, NULL, &first);
  finish (&first);
  g_assert_error (first.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  begin (f, TRUE, NULL, NULL, &second);
  finish (&second);
  g_assert_error (second.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
}

/* What was typed for the login a moment ago serves; where it is wrong, a person is asked. */
static void
test_typed (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };

  set_answers (f, answers);
  assert_signed (f, "1234");
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  assert_signed (f, "9999");
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_assert_true (f->person->rejected);
  g_assert_cmpuint (f->fake.n_signed, ==, 3);
}

/* One after the other, each with a question, and the login between them is nobody's. */
static void
test_two (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  g_auto (SignWait) first = { 0 };
  g_auto (SignWait) second = { 0 };

  set_answers (f, answers);
  f->fake.holds = TRUE;
  begin (f, TRUE, NULL, NULL, &first);
  begin (f, TRUE, NULL, NULL, &second);
  iterate ();
  g_assert_cmpuint (f->person->n_asked, ==, 2);
  g_assert_cmpuint (f->fake.n_signed, ==, 1);
  f->fake.holds = FALSE;
  unlocker_answer (&f->fake, g_steal_pointer (&f->fake.held));
  finish (&first);
  finish (&second);
  g_assert_nonnull (first.signature);
  g_assert_nonnull (second.signature);
  g_assert_cmpuint (f->fake.n_signed, ==, 2);
  g_assert_cmpuint (f->fake.n_logouts, ==, 2);
}

/* Given up while it is asked for: nothing is sent. Given up later: what the token says counts all the same.
 */
static void
test_given_up (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9999", NULL };
  g_autoptr (GCancellable) early = g_cancellable_new ();
  g_autoptr (GCancellable) late = g_cancellable_new ();
  g_auto (SignWait) asked = { 0 };
  g_auto (SignWait) sent = { 0 };

  set_answers (f, answers);
  f->person->waits = TRUE;
  begin (f, TRUE, NULL, early, &asked);
  iterate ();
  g_cancellable_cancel (early);
  finish (&asked);
  g_assert_nonnull (asked.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);

  set_answers (f, answers);
  f->person->waits = FALSE;
  f->fake.holds = TRUE;
  begin (f, TRUE, NULL, late, &sent);
  iterate ();
  g_cancellable_cancel (late);
  iterate ();
  g_assert_false (sent.done);
  f->fake.holds = FALSE;
  unlocker_answer (&f->fake, g_steal_pointer (&f->fake.held));
  finish (&sent);
  g_assert_nonnull (sent.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);

  static const char *const again[] = { "9999", "1234", NULL };

  set_answers (f, again);
  assert_signed (f, NULL);
  g_assert_cmpuint (f->fake.sent->len, ==, 2); /* the wrong one was known */
}

/* A failure that says nothing of the PIN is not tried again, and takes a login back that it may have left. */
static void
test_failed (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  g_auto (SignWait) wait = { 0 };

  set_answers (f, answers);
  f->fake.fails = TRUE;
  f->fake.failure = CARDEA_ERROR_TOKEN_UNAVAILABLE;
  begin (f, TRUE, NULL, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->fake.n_signed, ==, 1);
  g_assert_cmpuint (f->fake.n_logouts, ==, 1);
}

static void
test_token_goes (UnlockerFixture *f, gconstpointer data)
{
  g_auto (SignWait) wait = { 0 };

  set_answers (f, NULL);
  f->person->waits = TRUE;
  begin (f, TRUE, NULL, NULL, &wait);
  iterate ();
  g_ptr_array_set_size (f->fake.tokens, 0);
  cardea_unlocker_look (f->unlocker);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

#define ADD(path, test)                                                                                      \
  g_test_add ("/unlocker-sign/" path, UnlockerFixture, NULL, unlocker_set_up, test, unlocker_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("each", test_each);
  ADD ("lease", test_lease);
  ADD ("source", test_source);
  ADD ("nobody", test_nobody);
  ADD ("wrong", test_wrong);
  ADD ("locked", test_locked);
  ADD ("typed", test_typed);
  ADD ("two", test_two);
  ADD ("given-up", test_given_up);
  ADD ("failed", test_failed);
  ADD ("token-goes", test_token_goes);
  return g_test_run ();
}
