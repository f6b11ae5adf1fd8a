/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Logging in with PINs that a real GNOME Keyring remembers. */

#include <signal.h>
#include <string.h>

#include "agent/keyring/keyring.h"
#include "socket-api/limits.h"
#include "tests/fixtures/session-bus.h"
#include "tests/unit/unlocker-fixture.h"

typedef struct
{
  UnlockerFixture base; /* first: what its functions take */
  SessionBus *bus;
  GSubprocess *daemon;
  CardeaPinStore *store;
} Fixture;

static void
start (Fixture *f)
{
  CardeaRememberConfig config = { (char *)"a", (char *)"pkcs11:token=T" };
  g_autoptr (GPtrArray) tokens = g_ptr_array_new ();

  g_ptr_array_add (tokens, &config);
  unlocker_start_unlocker (&f->base);
  cardea_unlocker_set_sources (f->base.unlocker, NULL);
  cardea_unlocker_set_store (f->base.unlocker, f->store);
  cardea_unlocker_set_remembered (f->base.unlocker, tokens);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = session_bus_new ();
  f->daemon = session_bus_start_keyring (f->bus);
  f->store = cardea_keyring_new ();
  unlocker_set_up (&f->base, NULL);
  start (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  /* The unlocker stays until what it keeps is kept. */
  g_object_add_weak_pointer (G_OBJECT (f->base.unlocker), (gpointer *)&f->base.unlocker);
  g_object_unref (f->base.unlocker);
  while (f->base.unlocker != NULL)
    g_main_context_iteration (NULL, TRUE);
  unlocker_start_unlocker (&f->base);
  unlocker_tear_down (&f->base, data);
  g_assert_finalize_object (f->store);
  session_bus_free (f->bus);
}

typedef struct
{
  gboolean answered;
  CardeaSecret *pin;
} Look;

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Look *look = data;

  look->pin = cardea_pin_store_lookup_finish (CARDEA_PIN_STORE (source), result, &error);
  g_assert_no_error (error);
  look->answered = TRUE;
}

/* Whether the keyring has this PIN; NULL: none. */
static gboolean
has (Fixture *f, const char *expected)
{
  g_autoptr (CardeaSecret) wanted = NULL;
  g_autoptr (CardeaSecret) found = NULL;
  Look look = { 0 };

  cardea_pin_store_lookup_async (f->store, f->base.token->uri, NULL, on_looked_up, &look);
  while (!look.answered)
    g_main_context_iteration (NULL, TRUE);
  found = look.pin;
  if (expected == NULL || found == NULL)
    return expected == NULL && found == NULL;
  wanted = cardea_secret_new (expected, strlen (expected), NULL);
  return cardea_secret_equal (wanted, found);
}

static void
wait_until_it_has (Fixture *f, const char *expected)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!has (f, expected))
    g_assert_cmpint (g_get_monotonic_time (), <, end);
}

static void
type (Fixture *f, const char *const *answers)
{
  UnlockerWait wait = { 0 };

  f->base.person->answers = answers;
  f->base.person->n_asked = 0;
  unlocker_begin (&f->base, TRUE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_cmpuint (f->base.person->n_asked, ==, 1);
}

static const char *const right[] = { "1234", NULL };
static const char *const changed[] = { "5678", NULL };

/* Typed once, remembered; the card's PIN is changed elsewhere: tried once, deleted, asked for, remembered. */
static void
test_rejected (Fixture *f, gconstpointer data)
{
  type (f, right);
  wait_until_it_has (f, "1234");
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 2);

  f->base.fake.right = changed[0];
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  unlocker_assert_refused (&f->base, "low");
  g_assert_true (has (f, NULL));
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  type (f, changed);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 4);
  wait_until_it_has (f, "5678");
}

/* It hangs just when it should delete: the next agent does not send that PIN again. */
static void
test_stopped (Fixture *f, gconstpointer data)
{
  type (f, right);
  wait_until_it_has (f, "1234");
  f->base.fake.right = changed[0];
  f->base.fake.holds = TRUE;
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);

  UnlockerWait wait = { 0 };

  unlocker_begin (&f->base, FALSE, NULL, &wait);
  while (f->base.fake.held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_subprocess_send_signal (f->daemon, SIGSTOP);
  unlocker_answer (&f->base.fake, g_steal_pointer (&f->base.fake.held));
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_clear_error (&wait.error);
  g_subprocess_send_signal (f->daemon, SIGCONT);

  f->base.fake.holds = FALSE;
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  start (f);
  type (f, changed);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 3);
  wait_until_it_has (f, "5678");
}

/* Nothing there to remember it: the person is asked, each time. */
static void
test_none (Fixture *f, gconstpointer data)
{
  session_bus_kill (f->bus, f->daemon);
  type (f, right);
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  type (f, right);
  g_assert_cmpuint (f->base.fake.sent->len, ==, 2);
}

#define ADD(path, test) g_test_add ("/keyring-login/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("rejected", test_rejected);
  ADD ("stopped", test_stopped);
  ADD ("none", test_none);
  return g_test_run ();
}
