/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store of PINs: whatever an implementation does, its caller hears of it once and in time. */

#include "socket-api/limits.h"
#include "tests/unit/fake-pin-store.h"

#define URI "pkcs11:token=T;serial=1"

typedef struct
{
  FakePinStore *fake;
  CardeaPinStore *store;
} Fixture;

typedef struct
{
  guint n_answers;
  CardeaSecret *pin;
  gboolean done;
  GError *error;
} Answer;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->fake = g_object_new (FAKE_TYPE_PIN_STORE, NULL);
  f->store = CARDEA_PIN_STORE (f->fake);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->fake), (gpointer *)&f->fake);
  g_object_unref (f->store);
  g_assert_null (f->fake);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->n_answers++;
  answer->pin = cardea_pin_store_lookup_finish (CARDEA_PIN_STORE (source), result, &answer->error);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->n_answers++;
  answer->done = cardea_pin_store_store_finish (CARDEA_PIN_STORE (source), result, &answer->error);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->n_answers++;
  answer->done = cardea_pin_store_forget_finish (CARDEA_PIN_STORE (source), result, &answer->error);
}

static void
wait_for (Answer *answer)
{
  while (answer->n_answers == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_answers (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaSecret) pin = cardea_secret_new ("1234", 4, NULL);
  Answer none = { 0 }, stored = { 0 }, found = { 0 }, forgotten = { 0 };

  cardea_pin_store_lookup_async (f->store, URI, NULL, on_looked_up, &none);
  wait_for (&none);
  g_assert_no_error (none.error);
  g_assert_null (none.pin);
  cardea_pin_store_store_async (f->store, URI, "T", pin, NULL, on_stored, &stored);
  wait_for (&stored);
  g_assert_true (stored.done);
  cardea_pin_store_lookup_async (f->store, URI, NULL, on_looked_up, &found);
  wait_for (&found);
  g_assert_true (cardea_secret_equal (found.pin, pin));
  cardea_secret_unref (found.pin);
  cardea_pin_store_forget_async (f->store, URI, NULL, on_forgotten, &forgotten);
  wait_for (&forgotten);
  g_assert_true (forgotten.done);
  g_assert_false (fake_pin_store_has (f->fake, URI, "1234"));
}

static void
test_fails (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaSecret) pin = cardea_secret_new ("1234", 4, NULL);
  Answer answers[3] = { 0 };

  f->fake->fails = TRUE;
  cardea_pin_store_lookup_async (f->store, URI, NULL, on_looked_up, &answers[0]);
  cardea_pin_store_store_async (f->store, URI, "T", pin, NULL, on_stored, &answers[1]);
  cardea_pin_store_forget_async (f->store, URI, NULL, on_forgotten, &answers[2]);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    wait_for (&answers[i]);
    g_assert_error (answers[i].error, G_IO_ERROR, G_IO_ERROR_FAILED);
    g_clear_error (&answers[i].error);
  }
}

/* All three hang, and whoever called them goes on after the limit, not before. What comes later is dropped,
 * the PIN with it. */
static void
test_hangs (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaSecret) pin = cardea_secret_new ("1234", 4, NULL);
  gint64 begin = g_get_monotonic_time ();
  Answer answers[3] = { 0 };

  f->fake->hangs = TRUE;
  cardea_pin_store_lookup_async (f->store, URI, NULL, on_looked_up, &answers[0]);
  cardea_pin_store_store_async (f->store, URI, "T", pin, NULL, on_stored, &answers[1]);
  cardea_pin_store_forget_async (f->store, URI, NULL, on_forgotten, &answers[2]);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    wait_for (&answers[i]);
    g_assert_error (answers[i].error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    g_clear_error (&answers[i].error);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin, >=,
                   MIN (CARDEA_LIMIT_STORE_LOOKUP_MS, CARDEA_LIMIT_STORE_CHANGE_MS) *
                       G_GINT64_CONSTANT (1000));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 20 * G_USEC_PER_SEC);
  g_assert_true (f->fake->was_cancelled);
  fake_pin_store_put (f->fake, URI, "1234");
  fake_pin_store_release (f->fake);
  drain ();
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_assert_cmpuint (answers[i].n_answers, ==, 1);
  g_assert_null (answers[0].pin);
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 begin = g_get_monotonic_time ();
  Answer answer = { 0 };

  f->fake->hangs = TRUE;
  cardea_pin_store_lookup_async (f->store, URI, cancellable, on_looked_up, &answer);
  g_cancellable_cancel (cancellable);
  wait_for (&answer);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&answer.error);
  g_assert_cmpint (g_get_monotonic_time () - begin, <,
                   CARDEA_LIMIT_STORE_LOOKUP_MS * G_GINT64_CONSTANT (1000));
  g_assert_true (f->fake->was_cancelled);
  fake_pin_store_release (f->fake);
  drain ();
  g_assert_cmpuint (answer.n_answers, ==, 1);
}

#define ADD(path, test) g_test_add ("/pin-store/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("answers", test_answers);
  ADD ("fails", test_fails);
  ADD ("hangs", test_hangs);
  ADD ("cancelled", test_cancelled);
  return g_test_run ();
}
