/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Remembered PINs: kept only where somebody asked for that, tried only where it does no harm, once, and never
 * in the way of the person. */

#include "agent/pin/person.h"
#include "socket-api/limits.h"
#include "tests/unit/fake-pin-store.h"
#include "tests/unit/unlocker-fixture.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  UnlockerFixture base; /* first: what its functions take */
  FakePinStore *store;
} Fixture;

static void
choose (Fixture *f, const char *pattern)
{
  CardeaRememberConfig config = { (char *)"a", (char *)pattern };
  g_autoptr (GPtrArray) tokens = g_ptr_array_new ();

  g_ptr_array_add (tokens, &config);
  cardea_unlocker_set_remembered (f->base.unlocker, tokens);
}

/* As if the agent had been started anew. */
static void
start (Fixture *f)
{
  unlocker_start_unlocker (&f->base);
  cardea_unlocker_set_sources (f->base.unlocker, NULL);
  cardea_unlocker_set_store (f->base.unlocker, CARDEA_PIN_STORE (f->store));
  choose (f, "pkcs11:token=T");
}

static void
set_up (Fixture *f, gconstpointer data)
{
  unlocker_set_up (&f->base, NULL);
  f->store = g_object_new (FAKE_TYPE_PIN_STORE, NULL);
  start (f);
}

static void
drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  GWeakRef alive;

  /* What is kept in the background keeps the unlocker, too. */
  drain ();
  g_weak_ref_init (&alive, f->base.unlocker);
  g_object_unref (f->base.unlocker);
  for (GObject *still; (still = g_weak_ref_get (&alive)) != NULL;) {
    g_object_unref (still);
    g_main_context_iteration (NULL, TRUE);
  }
  g_weak_ref_clear (&alive);
  f->base.unlocker = NULL;
  unlocker_start_unlocker (&f->base);
  unlocker_tear_down (&f->base, data);
  g_assert_finalize_object (f->store);
}

static void
unlock (Fixture *f, gboolean may_ask, UnlockerWait *wait)
{
  *wait = (UnlockerWait){ 0 };
  unlocker_begin (&f->base, may_ask, NULL, wait);
  unlocker_finish (wait);
}

/* Nobody was there, and the token was left alone. */
static void
assert_not_served (Fixture *f)
{
  guint before = f->base.fake.sent->len;
  UnlockerWait wait;

  unlock (f, FALSE, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_clear_error (&wait.error);
  g_assert_cmpuint (f->base.fake.sent->len, ==, before);
}

/* A person unlocks it, with @answers. */
static void
assert_typed (Fixture *f, const char *const *answers)
{
  UnlockerWait wait;

  f->base.person->answers = answers;
  f->base.person->n_asked = 0;
  unlock (f, TRUE, &wait);
  g_assert_no_error (wait.error);
  g_assert_cmpuint (f->base.person->n_asked, >, 0);
}

static void
wait_until_kept (Fixture *f, guint n_marks)
{
  while (f->store->n_stores == 0 || unlocker_count_marks (&f->base) > n_marks)
    g_main_context_iteration (NULL, TRUE);
}

static const char *const right[] = { "1234", NULL };

static void
test_serves (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 1);
  g_assert_cmpuint (unlocker_count_marks (&f->base), ==, 0);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->store->n_lookups, ==, 1);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 2);
  g_assert_cmpuint (f->base.person->n_asked, ==, 0);
  g_assert_cmpuint (f->store->n_stores, ==, 0);
}

/* Off unless a group names the token: nothing is looked for, nothing is kept. */
static void
test_off (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  cardea_unlocker_set_remembered (f->base.unlocker, NULL);
  assert_not_served (f);
  choose (f, "pkcs11:token=U");
  assert_not_served (f);
  assert_typed (f, right);
  drain ();
  g_assert_cmpuint (f->store->n_lookups + f->store->n_stores + f->store->n_forgets, ==, 0);
}

static void
test_no_store (Fixture *f, gconstpointer data)
{
  cardea_unlocker_set_store (f->base.unlocker, NULL);
  assert_not_served (f);
  assert_typed (f, right);
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  assert_not_served (f);
  assert_typed (f, right);
  wait_until_kept (f, 0);
  g_assert_true (fake_pin_store_has (f->store, f->base.token->uri, "1234"));
  g_assert_cmpstr (f->store->label, ==, "T");
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->base.person->n_asked, ==, 1);
}

/* Only what the token accepted. */
static void
test_wrong_is_not_kept (Fixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9998", "9997", NULL };
  UnlockerWait wait;

  f->base.person->answers = answers;
  unlock (f, TRUE, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_clear_error (&wait.error);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 2);
  g_assert_cmpuint (f->store->n_stores, ==, 0);
}

/* One try, deleted, the person is asked, and what he types takes its place. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  assert_typed (f, right);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 2);
  g_assert_cmpuint (f->store->n_forgets, ==, 1);
  g_assert_false (f->base.person->rejected); /* he typed nothing wrong */
  g_assert_true (f->base.person->low);
  wait_until_kept (f, 0);
  g_assert_true (fake_pin_store_has (f->store, f->base.token->uri, "1234"));
}

static void
test_refused_alone (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  unlocker_assert_refused (&f->base, "low");
  g_assert_cmpuint (f->store->n_forgets, ==, 1);
  g_assert_cmpuint (g_hash_table_size (f->store->pins), ==, 0);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_not_served (f);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 1);
}

/* The store does not let go of it: it is not sent again all the same, by no later agent either, until a
 * person has put the right one there. */
static void
test_refused_not_deleted (Fixture *f, gconstpointer data)
{
  f->store->fails_forget = TRUE;
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  unlocker_assert_refused (&f->base, "low");
  g_assert_true (fake_pin_store_has (f->store, f->base.token->uri, "9999"));
  for (guint i = 0; i < 3; i++) {
    unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
    start (f);
    assert_not_served (f);
  }
  g_assert_cmpuint (f->store->n_lookups, ==, 1);
  g_assert_cmpuint (f->store->n_forgets, ==, 4);
  assert_typed (f, right);
  wait_until_kept (f, 0);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 3);
}

static void
test_states (Fixture *f, gconstpointer data)
{
  static const CardeaPinState states[] = { CARDEA_PIN_UNKNOWN, CARDEA_PIN_LOW, CARDEA_PIN_FINAL_TRY,
                                           CARDEA_PIN_MUST_CHANGE };
  UnlockerWait wait;

  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++) {
    unlocker_insert_again (&f->base, states[i]);
    assert_not_served (f);
  }
  unlocker_insert_again (&f->base, CARDEA_PIN_LOCKED);
  unlock (f, FALSE, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_clear_error (&wait.error);
  f->base.info.pinpad = TRUE;
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_lookups, ==, 0);
}

/* A token says "fine" until it is listed again, but the agent knows better after a refusal. */
static void
test_after_typing_wrong (Fixture *f, gconstpointer data)
{
  static const char *const answers[] = { "9998", NULL };
  UnlockerWait wait;

  f->base.person->answers = answers;
  unlock (f, TRUE, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_clear_error (&wait.error);
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_lookups, ==, 1);
}

static void
test_not_one_token (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  f->base.info.serial = (char *)"2";
  unlocker_insert_token (&f->base, "T", CARDEA_PIN_FINE);
  assert_not_served (f);
  assert_typed (f, right);
  drain ();
  g_assert_cmpuint (f->store->n_lookups + f->store->n_stores, ==, 0);
}

static void
test_no_serial (Fixture *f, gconstpointer data)
{
  f->base.info.serial = (char *)"";
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  assert_not_served (f);
  assert_typed (f, right);
  drain ();
  g_assert_cmpuint (f->store->n_lookups + f->store->n_stores, ==, 0);
}

/* [pin NAME] comes first, and alone. */
static void
test_source_instead (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  unlocker_set_source (&f->base, "pkcs11:token=T");
  unlocker_write_pin (&f->base, "9999");
  assert_typed (f, right);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_source_not_used (&f->base);
  g_assert_cmpuint (f->store->n_lookups + f->store->n_stores, ==, 0);
}

/* Until a person typed the PIN, wherever the token is by then. */
static void
test_leases_ended (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  cardea_unlocker_require_person (f->base.unlocker, data);
  assert_not_served (f);
  f->base.info.slot = 7;
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_lookups, ==, 0);
  assert_typed (f, right);
  wait_until_kept (f, 0);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->store->n_lookups, ==, 1);
  cardea_unlocker_require_person (f->base.unlocker, data);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_not_served (f);
}

/* In kB: each secret has pages of its own, and they are locked. */
static guint
count_locked_memory (void)
{
  g_autofree char *status = NULL;
  const char *line;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "\nVmLck:");
  g_assert_cmpint (sscanf (line, "\nVmLck: %u kB", &n), ==, 1);
  return n;
}

/* After each way that a login goes, the store alone has a PIN. */
static void
test_nothing_left (Fixture *f, gconstpointer data)
{
  guint before, with_one;

  assert_not_served (f);
  before = count_locked_memory ();
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  with_one = count_locked_memory ();
  g_assert_cmpuint (with_one, >, before);
  unlocker_assert_unlocks (&f->base);
  g_ptr_array_set_size (f->base.fake.sent, 0);
  g_assert_cmpuint (count_locked_memory (), ==, with_one);

  f->base.fake.right = "5678";
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_refused (&f->base, "low");
  f->base.fake.right = "1234";
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_typed (f, right);
  wait_until_kept (f, 0);
  drain ();
  g_ptr_array_set_size (f->base.fake.sent, 0);
  g_assert_cmpuint (count_locked_memory (), ==, with_one);
}

static void
end_leases (gpointer data)
{
  cardea_unlocker_require_person (CARDEA_UNLOCKER (data), NULL);
}

/* Just while the PIN was looked for. */
static void
test_leases_ended_meanwhile (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  f->store->on_lookup = end_leases;
  f->store->data = f->base.unlocker;
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_lookups, ==, 1);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 0);
  g_assert_cmpuint (unlocker_count_marks (&f->base), ==, 0);
}

static void
test_gate (void)
{
  CardeaPersonGate *gate = cardea_person_gate_new ();

  g_assert_true (cardea_person_gate_is_open (gate, "a"));
  cardea_person_gate_open (gate, "a");
  cardea_person_gate_close (gate, "a");
  g_assert_false (cardea_person_gate_is_open (gate, "a"));
  g_assert_true (cardea_person_gate_is_open (gate, "b"));
  cardea_person_gate_open (gate, "a");
  g_assert_true (cardea_person_gate_is_open (gate, "a"));
  cardea_person_gate_close (gate, "b");
  cardea_person_gate_close (gate, NULL);
  g_assert_false (cardea_person_gate_is_open (gate, "a"));
  g_assert_false (cardea_person_gate_is_open (gate, "b"));
  cardea_person_gate_open (gate, "b");
  g_assert_true (cardea_person_gate_is_open (gate, "b"));
  cardea_person_gate_close (gate, "b");
  g_assert_false (cardea_person_gate_is_open (gate, "b"));
  cardea_person_gate_open (gate, "b");
  cardea_person_gate_close (gate, NULL);
  g_assert_false (cardea_person_gate_is_open (gate, "b"));
  cardea_person_gate_free (gate);
}

/* It fails at each step, and a person does without it. */
static void
test_broken_store (Fixture *f, gconstpointer data)
{
  f->store->fails = TRUE;
  assert_not_served (f);
  assert_typed (f, right);
  drain ();
  g_assert_cmpuint (f->store->n_lookups, ==, 2);
  g_assert_cmpuint (f->store->n_stores, ==, 1);
  g_assert_cmpuint (unlocker_count_marks (&f->base), ==, 0);
}

/* A login waits for it once, for as long as the limit says, and not at all for the PIN to be kept. */
static void
test_hung_store (Fixture *f, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();

  f->store->hangs = TRUE;
  assert_typed (f, right);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=,
                   CARDEA_LIMIT_STORE_LOOKUP_MS * G_GINT64_CONSTANT (1000));
  g_assert_cmpuint (f->store->n_stores, ==, 1);
  g_assert_cmpuint (f->store->held->len, ==, 2);
  fake_pin_store_release (f->store);
}

static void
break_store (gpointer data)
{
  FAKE_PIN_STORE (data)->hangs = TRUE;
}

/* It dies between two steps: the lookup is answered, the deletion never. */
static void
test_store_gone_midway (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  f->base.fake.before_login = break_store;
  f->base.fake.before_login_data = f->store;
  assert_typed (f, right);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 2);
  g_assert_cmpuint (f->store->n_forgets, ==, 1);
  g_assert_cmpuint (unlocker_count_marks (&f->base), ==, 1);
  fake_pin_store_release (f->store);
}

/* The token had fewer tries left than its listing said. */
static void
test_held_back (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  f->base.fake.holds_back = TRUE;
  assert_typed (f, right);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 1);
  g_assert_cmpuint (f->store->n_forgets, ==, 0);
}

/* Nobody knows whether the token got it: it is deleted instead of sent again. */
static void
test_unknown_outcome (Fixture *f, gconstpointer data)
{
  UnlockerWait wait;

  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  f->base.fake.fails = TRUE;
  f->base.fake.failure = CARDEA_ERROR_TIMED_OUT;
  unlock (f, FALSE, &wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_clear_error (&wait.error);
  f->base.fake.fails = FALSE;
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_forgets, ==, 1);
  g_assert_cmpuint (g_hash_table_size (f->store->pins), ==, 0);
}

static void
test_crash_in_login (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "9999");
  if (g_test_subprocess ()) {
    f->base.fake.dies = TRUE;
    unlocker_assert_unlocks (&f->base);
    return;
  }
  g_setenv ("UNLOCKER_FOLDER", f->base.folder, TRUE);
  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_unsetenv ("UNLOCKER_FOLDER");
  g_assert_false (g_test_trap_reached_timeout ());
  g_test_trap_assert_failed ();
  g_assert_cmpuint (unlocker_count_marks (&f->base), ==, 1);
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_forgets, ==, 1);
  g_assert_cmpuint (f->store->n_lookups, ==, 0);
}

/* PINs of two sources were refused without a success since: no third is tried. */
static void
test_other_marks (Fixture *f, gconstpointer data)
{
  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  for (guint i = 0; i < 2; i++) {
    UnlockerWait wait;

    unlocker_set_source (&f->base, "pkcs11:token=T");
    unlocker_write_pin (&f->base, i == 0 ? "9998" : "99997");
    unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
    unlock (f, FALSE, &wait);
    g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
    g_clear_error (&wait.error);
  }
  cardea_unlocker_set_sources (f->base.unlocker, NULL);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  assert_not_served (f);
  g_assert_cmpuint (f->store->n_lookups + f->store->n_forgets, ==, 0);
  assert_typed (f, right);
  wait_until_kept (f, 0);
}

static void
test_many_wait (Fixture *f, gconstpointer data)
{
  UnlockerWait waits[8] = { 0 };

  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    unlocker_begin (&f->base, i % 2 == 0, NULL, &waits[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++) {
    unlocker_finish (&waits[i]);
    g_assert_no_error (waits[i].error);
  }
  g_assert_cmpuint (f->base.fake.sent->len, ==, 1);
  g_assert_cmpuint (f->store->n_lookups, ==, 1);
}

/* Everybody left before it was found: it is not sent, and stays fit for use. */
static void
test_given_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  UnlockerWait wait = { 0 };

  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  unlocker_begin (&f->base, FALSE, cancellable, &wait);
  g_cancellable_cancel (cancellable);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&wait.error);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 1);
  g_assert_cmpuint (f->store->n_forgets, ==, 0);
}

static void
test_token_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaToken) kept = cardea_token_ref (f->base.token);
  UnlockerWait wait = { 0 };

  fake_pin_store_put (f->store, f->base.token->uri, "1234");
  unlocker_begin (&f->base, FALSE, NULL, &wait);
  g_ptr_array_set_size (f->base.fake.tokens, 0);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_clear_error (&wait.error);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 0);
  g_assert_cmpuint (unlocker_count_marks (&f->base), ==, 0);
}

#define ADD_WITH(path, test, data)                                                                           \
  g_test_add ("/remembered-pin/" path, Fixture, data, set_up, test, tear_down)
#define ADD(path, test) ADD_WITH (path, test, NULL)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("serves", test_serves);
  ADD ("off", test_off);
  ADD ("no-store", test_no_store);
  ADD ("kept", test_kept);
  ADD ("wrong-is-not-kept", test_wrong_is_not_kept);
  ADD ("refused", test_refused);
  ADD ("refused-alone", test_refused_alone);
  ADD ("refused-not-deleted", test_refused_not_deleted);
  ADD ("states", test_states);
  ADD ("after-typing-wrong", test_after_typing_wrong);
  ADD ("not-one-token", test_not_one_token);
  ADD ("no-serial", test_no_serial);
  ADD ("source-instead", test_source_instead);
  ADD ("leases-ended", test_leases_ended);
  ADD_WITH ("lease-ended", test_leases_ended, "pkcs11:model=X;manufacturer=M;serial=1;token=T");
  ADD ("nothing-left", test_nothing_left);
  ADD ("leases-ended-meanwhile", test_leases_ended_meanwhile);
  g_test_add_func ("/remembered-pin/gate", test_gate);
  ADD ("broken-store", test_broken_store);
  ADD ("hung-store", test_hung_store);
  ADD ("store-gone-midway", test_store_gone_midway);
  ADD ("held-back", test_held_back);
  ADD ("unknown-outcome", test_unknown_outcome);
  ADD ("crash-in-login", test_crash_in_login);
  ADD ("other-marks", test_other_marks);
  ADD ("many-wait", test_many_wait);
  ADD ("given-up", test_given_up);
  ADD ("token-gone", test_token_gone);
  return g_test_run ();
}
