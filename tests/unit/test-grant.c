/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login for one connection: what it proves, what it leaves behind, and who has to wait for it. */

#include <pty.h>
#include <unistd.h>

#include "agent/pin/grant-handle.h"
#include "tests/unit/fake-pin-store.h"
#include "tests/unit/unlocker-fixture.h"

typedef struct
{
  gboolean done;
  CardeaGrant *grant;
  GError *error;
} GrantWait;

static void
on_granted (GObject *source, GAsyncResult *result, gpointer data)
{
  GrantWait *wait = data;

  wait->grant = cardea_unlocker_unlock_once_finish (CARDEA_UNLOCKER (source), result, &wait->error);
  wait->done = TRUE;
}

static CardeaTerminal *
open_terminal (void)
{
  g_autoptr (GError) error = NULL;
  CardeaTerminal *terminal;
  int master, slave;

  g_assert_cmpint (openpty (&master, &slave, NULL, NULL, NULL), ==, 0);
  terminal = cardea_terminal_new (slave, &error);
  g_assert_no_error (error);
  close (master);
  return terminal;
}

static void
begin (UnlockerFixture *f, gboolean afresh, GCancellable *cancellable, GrantWait *wait)
{
  g_autoptr (CardeaPinQuestion) template = cardea_pin_question_new ();

  template->terminal = open_terminal ();
  cardea_unlocker_unlock_once_async (f->unlocker, f->token, template, afresh, TRUE, cancellable, on_granted,
                                     wait);
}

static void
free_lease (gpointer data)
{
  CardeaLeaseConfig *lease = data;

  g_free (lease->token);
  g_free (lease);
}

static void
set_single_use (UnlockerFixture *f, const char *token)
{
  g_autoptr (GPtrArray) leases = g_ptr_array_new_with_free_func (free_lease);
  CardeaLeaseConfig *lease = g_new0 (CardeaLeaseConfig, 1);

  lease->token = g_strdup (token);
  lease->single_use = TRUE;
  g_ptr_array_add (leases, lease);
  cardea_unlocker_set_leases (f->unlocker, leases);
}

static void
begin_on_display (UnlockerFixture *f, gboolean may_ask, GrantWait *wait)
{
  g_autoptr (CardeaPinQuestion) template = cardea_pin_question_new ();

  template->for_connection = TRUE;
  cardea_unlocker_unlock_once_async (f->unlocker, f->token, template, FALSE, may_ask, NULL, on_granted, wait);
}

static void
finish (GrantWait *wait)
{
  while (!wait->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
iterate (void)
{
  for (guint i = 0; i < 50; i++)
    while (g_main_context_iteration (NULL, FALSE))
      ;
}

static void
end (GrantWait *wait)
{
  cardea_grant_end (g_steal_pointer (&wait->grant));
  iterate ();
}

static void
set_answers (UnlockerFixture *f, const char *const *answers)
{
  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  f->person->n_asked = 0;
}

static CardeaGrant *
obtain (UnlockerFixture *f, GrantWait *wait)
{
  begin (f, TRUE, NULL, wait);
  finish (wait);
  g_assert_no_error (wait->error);
  g_assert_nonnull (wait->grant);
  return wait->grant;
}

/* Typed, checked, taken back; and the next one is asked again. */
static void
test_one (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  GrantWait waits[2] = { 0 };

  set_answers (f, answers);
  for (guint i = 0; i < 2; i++) {
    obtain (f, &waits[i]);
    g_assert_true (f->fake.logged_in);
    g_assert_cmpint (f->fake.manner, ==, CARDEA_LOGIN_FRESH);
    g_assert_true (f->person->on_terminal);
    g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
    end (&waits[i]);
    g_assert_false (f->fake.logged_in);
    g_assert_cmpuint (f->fake.n_logouts, ==, i + 1);
    g_assert_cmpuint (f->person->n_asked, ==, i + 1);
  }
}

/* Whoever comes meanwhile waits, even when a listing says "logged in", and is asked for himself. */
static void
test_nobody_profits (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  g_autoptr (CardeaToken) listed = NULL;
  UnlockerWait other = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  obtain (f, &wait);
  f->info.logged_in = TRUE;
  listed = cardea_token_ref (unlocker_insert_token (f, "T", CARDEA_PIN_FINE));
  f->token = listed;
  g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, listed));
  unlocker_begin (f, TRUE, NULL, &other);
  iterate ();
  g_assert_false (other.done);
  g_assert_cmpuint (f->person->n_asked, ==, 2);
  g_assert_false (f->person->on_terminal);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  end (&wait);
  unlocker_finish (&other);
  g_assert_no_error (other.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
  g_assert_cmpint (f->fake.manner, ==, CARDEA_LOGIN_PLAIN);
}

/* Nor who comes after it, while the listing is still the old one. */
static void
test_nobody_profits_later (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  g_autoptr (CardeaToken) listed = NULL;
  UnlockerWait other = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  obtain (f, &wait);
  f->info.logged_in = TRUE;
  listed = cardea_token_ref (unlocker_insert_token (f, "T", CARDEA_PIN_FINE));
  end (&wait);
  f->token = listed;
  unlocker_begin (f, FALSE, NULL, &other);
  unlocker_finish (&other);
  g_assert_error (other.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_clear_error (&other.error);
}

/* Two at once: one after the other. */
static void
test_two (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  GrantWait waits[2] = { 0 };

  set_answers (f, answers);
  obtain (f, &waits[0]);
  begin (f, TRUE, NULL, &waits[1]);
  iterate ();
  g_assert_cmpuint (f->person->n_asked, ==, 2); /* the question does not wait */
  g_assert_false (waits[1].done);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  end (&waits[0]);
  finish (&waits[1]);
  g_assert_no_error (waits[1].error);
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
  end (&waits[1]);
  g_assert_cmpuint (f->fake.n_logouts, ==, 2);
}

/* A person's login does not stand in, and goes on afterwards. */
static void
test_after_lease (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  UnlockerWait person = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  unlocker_begin (f, TRUE, NULL, &person);
  unlocker_finish (&person);
  g_assert_true (person.unlocked);
  obtain (f, &wait);
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
  g_assert_cmpint (f->fake.manner, ==, CARDEA_LOGIN_FRESH);
  end (&wait);
  g_assert_cmpuint (f->fake.n_logouts, ==, 0);
  g_assert_true (f->fake.logged_in);
  g_assert_true (cardea_unlocker_is_unlocked (f->unlocker, f->token));
}

/* Without the demand for a fresh one it does, and nobody is asked. */
static void
test_lease_serves (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  UnlockerWait person = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  unlocker_begin (f, TRUE, NULL, &person);
  unlocker_finish (&person);
  begin (f, FALSE, NULL, &wait);
  finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_null (wait.grant);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
}

/* A source serves where nobody has to be asked, and only there. */
static void
test_source (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  GrantWait first = { 0 }, second = { 0 };

  f->person->answers = answers;
  begin (f, FALSE, NULL, &first);
  finish (&first);
  g_assert_no_error (first.error);
  g_assert_null (first.grant);
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  obtain (f, &second);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  end (&second);
}

/* Where no source helps the terminal is asked. */
static void
test_without_source (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  begin (f, FALSE, NULL, &wait);
  finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_nonnull (wait.grant);
  g_assert_true (f->person->on_terminal);
  end (&wait);
  g_assert_cmpuint (f->fake.n_logouts, ==, 1);
}

/* A wrong PIN ends a person's login, is not sent again, and counts for everybody. */
static void
test_wrong (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "9999", "9999", "9998", "9997", "9996", NULL };
  UnlockerWait person = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  unlocker_begin (f, TRUE, NULL, &person);
  unlocker_finish (&person);
  begin (f, TRUE, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_clear_error (&wait.error);
  g_assert_cmpuint (f->person->n_asked, ==, 6);
  g_assert_cmpuint (f->fake.sent->len, ==, 5); /* the second 9999 stayed here */
  g_assert_true (f->person->rejected);
  g_assert_true (f->person->low);
  g_assert_false (f->fake.logged_in);
  g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
}

static void
test_locked (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9999", "1234", NULL };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  f->fake.after_refusal = CARDEA_PIN_LOCKED;
  begin (f, TRUE, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_clear_error (&wait.error);
  wait.done = FALSE;
  begin (f, TRUE, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (f->person->n_asked, ==, 1);
  g_clear_error (&wait.error);
}

/* A token without a PIN: an answer would be worth nothing. */
static void
test_no_pin (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };

  set_answers (f, answers);
  for (guint i = 0; i < 2; i++) {
    GrantWait wait = { 0 };

    f->info.login_required = i == 0;
    unlocker_insert_again (f, i == 0 ? CARDEA_PIN_NOT_NEEDED : CARDEA_PIN_FINE);
    begin (f, TRUE, NULL, &wait);
    finish (&wait);
    g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
    g_assert_cmpstr (unlocker_get_problem_code (wait.error), ==, "no_pin");
    g_clear_error (&wait.error);
    wait.done = FALSE;
    begin (f, FALSE, NULL, &wait); /* consented to otherwise */
    finish (&wait);
    g_assert_no_error (wait.error);
    g_assert_null (wait.grant);
  }
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

/* A token of single use: each is asked for, on the display too, and taken back; no source stands in. */
static void
test_single_use (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  GrantWait waits[2] = { 0 };

  f->person->answers = answers;
  set_single_use (f, f->token->uri);
  g_assert_true (cardea_unlocker_is_single_use (f->unlocker, f->token));
  for (guint i = 0; i < 2; i++) {
    begin_on_display (f, TRUE, &waits[i]);
    finish (&waits[i]);
    g_assert_no_error (waits[i].error);
    g_assert_nonnull (waits[i].grant);
    g_assert_true (f->fake.logged_in);
    g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
    g_assert_false (f->person->on_terminal);
    g_assert_true (f->person->for_connection);
    end (&waits[i]);
    g_assert_false (f->fake.logged_in);
    g_assert_cmpuint (f->person->n_asked, ==, i + 1);
    g_assert_cmpuint (f->fake.n_logouts, ==, i + 1);
  }
}

/* Without a person there is none, whatever a source says. */
static void
test_single_use_alone (UnlockerFixture *f, gconstpointer data)
{
  GrantWait wait = { 0 };

  set_single_use (f, f->token->uri);
  begin_on_display (f, FALSE, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_clear_error (&wait.error);
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

/* A login of before stands in for nobody; of other tokens nothing is said, nor of one without a PIN. */
static void
test_single_use_later (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait person = { 0 };

  set_single_use (f, "pkcs11:token=another");
  g_assert_false (cardea_unlocker_is_single_use (f->unlocker, f->token));
  unlocker_begin (f, TRUE, NULL, &person);
  unlocker_finish (&person);
  g_assert_true (person.unlocked);
  g_assert_true (cardea_unlocker_is_unlocked (f->unlocker, f->token));
  set_single_use (f, f->token->uri);
  g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
  f->info.login_required = FALSE;
  unlocker_insert_again (f, CARDEA_PIN_FINE);
  g_assert_false (cardea_unlocker_is_single_use (f->unlocker, f->token));
  g_assert_true (cardea_unlocker_is_unlocked (f->unlocker, f->token));
}

/* The connection is given up while the token has the PIN: its answer is waited for, and taken back. */
static void
test_given_up_in_login (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GrantWait wait = { 0 };

  set_answers (f, answers);
  f->fake.holds = TRUE;
  begin (f, TRUE, cancellable, &wait);
  while (f->fake.held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  unlocker_answer (&f->fake, f->fake.held);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&wait.error);
  iterate ();
  g_assert_cmpuint (f->fake.n_logouts, ==, 1);
  g_assert_false (f->fake.logged_in);
}

/* Given up while it waits for its turn: nothing is sent. */
static void
test_given_up_waiting (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GrantWait first = { 0 }, second = { 0 };

  set_answers (f, answers);
  obtain (f, &first);
  begin (f, TRUE, cancellable, &second);
  iterate ();
  g_cancellable_cancel (cancellable);
  end (&first);
  finish (&second);
  g_assert_error (second.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&second.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
}

/* Nobody knows what came of the login: it is taken back, a person's too. */
static void
test_failed (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", "1234", NULL };
  UnlockerWait person = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  unlocker_begin (f, TRUE, NULL, &person);
  unlocker_finish (&person);
  f->fake.fails = TRUE;
  f->fake.failure = CARDEA_ERROR_TOKEN_UNAVAILABLE;
  begin (f, TRUE, NULL, &wait);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_clear_error (&wait.error);
  iterate ();
  g_assert_cmpuint (f->fake.n_logouts, ==, 1);
  g_assert_false (cardea_unlocker_is_unlocked (f->unlocker, f->token));
}

static void
test_token_goes (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (CardeaToken) token = cardea_token_ref (f->token);
  GrantWait wait = { 0 };

  set_answers (f, NULL);
  f->person->waits = TRUE;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  begin (f, TRUE, cancellable, &wait);
  g_ptr_array_set_size (f->fake.tokens, 0);
  cardea_unlocker_look (f->unlocker);
  finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_clear_error (&wait.error);
}

/* A dialog for the same token is open: the terminal does not wait for it. */
static void
test_beside_a_dialog (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "", "1234", NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  UnlockerWait person = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  f->person->waits = TRUE;
  unlocker_begin (f, TRUE, cancellable, &person);
  f->person->waits = FALSE;
  begin (f, FALSE, NULL, &wait);
  finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_nonnull (wait.grant);
  end (&wait);
  g_assert_false (person.done);
  g_cancellable_cancel (cancellable);
  unlocker_finish (&person);
  g_clear_error (&person.error);
  iterate (); /* its question is withdrawn */
}

/* It proves no person: nothing is remembered, and what waits for a person goes on waiting. */
static void
test_proves_no_person (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "1234", NULL };
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  CardeaRememberConfig remember = { (char *)"a", (char *)"pkcs11:token=T" };
  FakePinStore *store = g_object_new (FAKE_TYPE_PIN_STORE, NULL);
  UnlockerWait other = { 0 };
  GrantWait wait = { 0 };

  set_answers (f, answers);
  g_ptr_array_add (chosen, &remember);
  cardea_unlocker_set_store (f->unlocker, CARDEA_PIN_STORE (store));
  cardea_unlocker_set_remembered (f->unlocker, chosen);
  cardea_unlocker_require_person (f->unlocker, NULL);
  obtain (f, &wait);
  end (&wait);
  g_assert_cmpuint (store->n_stores, ==, 0);
  fake_pin_store_put (store, f->token->uri, "1234");
  unlocker_begin (f, FALSE, NULL, &other);
  unlocker_finish (&other);
  g_assert_error (other.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_clear_error (&other.error);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  cardea_unlocker_set_store (f->unlocker, NULL);
  g_object_unref (store);
}

#define ADD(path, test)                                                                                      \
  g_test_add ("/grant/" path, UnlockerFixture, NULL, unlocker_set_up, test, unlocker_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("one", test_one);
  ADD ("nobody-profits", test_nobody_profits);
  ADD ("nobody-profits-later", test_nobody_profits_later);
  ADD ("two", test_two);
  ADD ("after-lease", test_after_lease);
  ADD ("lease-serves", test_lease_serves);
  ADD ("source", test_source);
  ADD ("without-source", test_without_source);
  ADD ("wrong", test_wrong);
  ADD ("locked", test_locked);
  ADD ("no-pin", test_no_pin);
  ADD ("given-up-in-login", test_given_up_in_login);
  ADD ("given-up-waiting", test_given_up_waiting);
  ADD ("failed", test_failed);
  ADD ("single-use", test_single_use);
  ADD ("single-use-alone", test_single_use_alone);
  ADD ("single-use-later", test_single_use_later);
  ADD ("token-goes", test_token_goes);
  ADD ("beside-a-dialog", test_beside_a_dialog);
  ADD ("proves-no-person", test_proves_no_person);
  return g_test_run ();
}
