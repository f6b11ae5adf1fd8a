/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unlocking: a card is never locked by us, whatever is wrong with sources, tokens, disks or the order of
 * events. */

#include "tests/unit/unlocker-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_source_unlocks (UnlockerFixture *f, gconstpointer data)
{
  unlocker_assert_unlocks (f);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0);
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  unlocker_assert_unlocks (f); /* it is unlocked already, whatever the old snapshot says */
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  unlocker_insert_again (f, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (f);
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
}

static void
test_refused_once (UnlockerFixture *f, gconstpointer data)
{
  f->fake.after_refusal = CARDEA_PIN_FINE; /* a token that does not tell */
  unlocker_write_pin (f, "9999");
  unlocker_assert_refused (f, "low");
  g_assert_cmpuint (unlocker_count_marks (f), ==, 1);
  unlocker_assert_source_not_used (f);
  unlocker_insert_again (f, CARDEA_PIN_FINE);
  unlocker_assert_source_not_used (f); /* by the mark */
  unlocker_start_unlocker (f);
  unlocker_assert_source_not_used (f); /* after a restart, too */
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  unlocker_write_pin (f, "1234");
  unlocker_assert_unlocks (f);
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0); /* the token forgot its wrong tries, too */
}

/* A token that never says how many tries are left, and a source that is made anew at each start. */
static void
test_restart_loop (UnlockerFixture *f, gconstpointer data)
{
  for (guint i = 0; i < 6; i++) {
    UnlockerWait wait = { 0 };

    unlocker_write_pin (f, "9999");
    unlocker_insert_again (f, CARDEA_PIN_UNKNOWN);
    unlocker_start_unlocker (f);
    unlocker_begin (f, FALSE, NULL, &wait);
    unlocker_finish (&wait);
    g_assert_nonnull (wait.error);
    g_clear_error (&wait.error);
  }
  g_assert_cmpuint (f->fake.sent->len, ==, 2);
}

/* The same PIN in a new file is not the same source, but it is the same PIN. */
static void
test_refused_pin_again (UnlockerFixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9999", "9999", "9999", "9999", "9999", "9999", "9999", NULL };
  UnlockerWait wait = { 0 };

  cardea_unlocker_set_sources (f->unlocker, NULL);
  f->person->answers = answers;
  unlocker_begin (f, TRUE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpuint (f->fake.sent->len, ==, 1);
  g_assert_cmpuint (f->person->n_asked, ==, 5);
  g_assert_true (f->person->rejected);
  g_assert_true (f->person->low);
  g_clear_error (&wait.error);
}

static void
test_crash_in_login (UnlockerFixture *f, gconstpointer data)
{
  if (g_test_subprocess ()) {
    f->fake.dies = TRUE;
    unlocker_assert_unlocks (f);
    return;
  }
  g_setenv ("UNLOCKER_FOLDER", f->folder, TRUE);
  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("UNLOCKER_FOLDER");
  g_assert_false (g_test_trap_reached_timeout ());
  g_test_trap_assert_failed ();
  g_assert_cmpuint (unlocker_count_marks (f), ==, 1);
  unlocker_assert_source_not_used (f);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
  unlocker_write_pin (f, "1234");
  unlocker_assert_unlocks (f);
}

static void
test_unknown_outcome (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait wait = { 0 };

  f->fake.fails = TRUE;
  f->fake.failure = CARDEA_ERROR_TIMED_OUT;
  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_clear_error (&wait.error);
  f->fake.fails = FALSE;
  unlocker_assert_source_not_used (f);
}

/* The host did not even start: nothing was tried. */
static void
test_not_sent (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait wait = { 0 };

  f->fake.fails = TRUE;
  f->fake.failure = CARDEA_ERROR_BUSY;
  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_clear_error (&wait.error);
  f->fake.fails = FALSE;
  unlocker_assert_unlocks (f);
}

static void
test_states (UnlockerFixture *f, gconstpointer data)
{
  static const CardeaPinState states[] = { CARDEA_PIN_LOW, CARDEA_PIN_FINAL_TRY, CARDEA_PIN_MUST_CHANGE };

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++) {
    unlocker_insert_again (f, states[i]);
    unlocker_assert_source_not_used (f);
  }
  f->info.pinpad = TRUE;
  unlocker_insert_again (f, CARDEA_PIN_FINE);
  unlocker_assert_source_not_used (f);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0);
}

static void
test_dead_states (UnlockerFixture *f, gconstpointer data)
{
  static const struct
  {
    CardeaPinState state;
    const char *code;
  } cases[] = { { CARDEA_PIN_LOCKED, "token_locked" }, { CARDEA_PIN_NOT_SET, "token_not_initialised" } };
  static const char *const answers[] = { "1234", NULL };

  f->person->answers = answers;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    UnlockerWait wait = { 0 };

    unlocker_insert_again (f, cases[i].state);
    unlocker_begin (f, TRUE, NULL, &wait);
    unlocker_finish (&wait);
    g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
    g_assert_cmpstr (unlocker_get_problem_code (wait.error), ==, cases[i].code);
    g_clear_error (&wait.error);
  }
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

static void
test_bad_sources (UnlockerFixture *f, gconstpointer data)
{
  g_autofree char *long_pin = g_strnfill (300, '1');

  unlocker_write_pin (f, "");
  unlocker_assert_source_not_used (f);
  unlocker_write_pin (f, long_pin);
  unlocker_assert_source_not_used (f);
  unlocker_write_pin (f, "1234");
  g_assert_cmpint (chmod (f->file, 0644), ==, 0);
  unlocker_assert_source_not_used (f);
  g_assert_cmpint (unlink (f->file), ==, 0);
  unlocker_assert_source_not_used (f);
  g_assert_cmpuint (unlocker_count_marks (f), ==, 0);
  unlocker_write_pin (f, "1234");
  unlocker_assert_unlocks (f);
}

static void
test_no_mark_no_try (UnlockerFixture *f, gconstpointer data)
{
  g_assert_true (g_file_set_contents (f->marks, "", 0, NULL)); /* no folder can be there */
  unlocker_assert_source_not_used (f);
  g_assert_cmpint (unlink (f->marks), ==, 0);
  unlocker_assert_unlocks (f);
}

static void
test_several_tokens (UnlockerFixture *f, gconstpointer data)
{
  f->info.serial = (char *)"2";
  unlocker_insert_token (f, "T", CARDEA_PIN_FINE);
  unlocker_assert_source_not_used (f);
  unlocker_set_source (f, "pkcs11:token=T;serial=1");
  unlocker_assert_unlocks (f);
}

static void
test_several_sources (UnlockerFixture *f, gconstpointer data)
{
  CardeaPinSourceConfig a = { (char *)"a", (char *)"pkcs11:token=T", f->file, NULL, -1 };
  CardeaPinSourceConfig b = { (char *)"b", (char *)"pkcs11:serial=1", f->file, NULL, -1 };
  g_autoptr (GPtrArray) sources = g_ptr_array_new ();

  g_ptr_array_add (sources, &a);
  g_ptr_array_add (sources, &b);
  cardea_unlocker_set_sources (f->unlocker, sources);
  unlocker_assert_source_not_used (f);
}

static void
test_token_gone (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (CardeaToken) kept = cardea_token_ref (f->token);

  g_ptr_array_set_size (f->fake.tokens, 0);
  unlocker_assert_source_not_used (f);
  f->token = kept;
  g_assert_cmpuint (f->fake.sent->len, ==, 0);
}

static void
test_no_source (UnlockerFixture *f, gconstpointer data)
{
  UnlockerWait wait = { 0 };
  json_t *parameters;

  unlocker_set_source (f, "pkcs11:token=Other");
  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  parameters = cardea_error_get_parameters (wait.error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "question")), ==, "pin");
  g_assert_cmpuint (json_array_size (json_object_get (parameters, "offers")), ==, 0);
  g_assert_true (json_is_array (json_object_get (parameters, "offers")));
  g_assert_cmpuint (f->person->n_asked, ==, 0);
  g_clear_error (&wait.error);
}

#define ADD(path, test)                                                                                      \
  g_test_add ("/unlocker/" path, UnlockerFixture, NULL, unlocker_set_up, test, unlocker_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("source-unlocks", test_source_unlocks);
  ADD ("refused-once", test_refused_once);
  ADD ("restart-loop", test_restart_loop);
  ADD ("refused-pin-again", test_refused_pin_again);
  ADD ("crash-in-login", test_crash_in_login);
  ADD ("unknown-outcome", test_unknown_outcome);
  ADD ("not-sent", test_not_sent);
  ADD ("states", test_states);
  ADD ("dead-states", test_dead_states);
  ADD ("bad-sources", test_bad_sources);
  ADD ("no-mark-no-try", test_no_mark_no_try);
  ADD ("several-tokens", test_several_tokens);
  ADD ("several-sources", test_several_sources);
  ADD ("token-gone", test_token_gone);
  ADD ("no-source", test_no_source);
  return g_test_run ();
}
