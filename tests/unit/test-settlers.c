/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Those who wait: all are told, late ones by the clock, and one who waits again when told is part of the next
 * round. */

#include "agent/tokens/settlers.h"

#define LONG_MS 20000

typedef struct
{
  CardeaSettlers *settlers;
  guint n_true, n_cancelled;
  gboolean waits_again;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->settlers = cardea_settlers_new ();
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  cardea_settlers_free (self->settlers);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void wait (Fixture *self, GCancellable *cancellable, guint timeout_ms);

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *self = data;
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error)) {
    self->n_true++;
    if (self->waits_again)
      wait (self, NULL, LONG_MS);
    self->waits_again = FALSE;
    return;
  }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  self->n_cancelled++;
}

static void
wait (Fixture *self, GCancellable *cancellable, guint timeout_ms)
{
  cardea_settlers_add (self->settlers, g_task_new (NULL, cancellable, on_settled, self), timeout_ms);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static gboolean
on_release_due (gpointer data)
{
  cardea_settlers_release (data);
  return G_SOURCE_REMOVE;
}

static void
test_release (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  wait (self, NULL, LONG_MS);
  wait (self, cancellable, LONG_MS);
  iterate ();
  g_assert_cmpuint (self->n_true, ==, 0);
  cardea_settlers_release (self->settlers);
  iterate ();
  g_assert_cmpuint (self->n_true, ==, 2);
  g_cancellable_cancel (cancellable); /* too late to matter */
  iterate ();
  g_assert_cmpuint (self->n_cancelled, ==, 0);
}

/* Released from the loop, where a task calls back at once. */
static void
test_again (Fixture *self, gconstpointer data)
{
  wait (self, NULL, LONG_MS);
  self->waits_again = TRUE;
  g_idle_add (on_release_due, self->settlers);
  iterate ();
  g_assert_cmpuint (self->n_true, ==, 1);
  cardea_settlers_release (self->settlers);
  iterate ();
  g_assert_cmpuint (self->n_true, ==, 2);
}

static void
test_timeout (Fixture *self, gconstpointer data)
{
  wait (self, NULL, 1);
  wait (self, NULL, LONG_MS);
  while (self->n_true == 0)
    g_main_context_iteration (NULL, TRUE);
  iterate ();
  g_assert_cmpuint (self->n_true, ==, 1);
  cardea_settlers_release (self->settlers);
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) early = g_cancellable_new ();

  g_cancellable_cancel (early);
  wait (self, early, LONG_MS);
  wait (self, cancellable, LONG_MS);
  iterate ();
  g_assert_cmpuint (self->n_cancelled, ==, 1);
  g_cancellable_cancel (cancellable);
  iterate ();
  g_assert_cmpuint (self->n_cancelled, ==, 2);
  g_assert_cmpuint (self->n_true, ==, 0);
}

static void
test_closed (Fixture *self, gconstpointer data)
{
  wait (self, NULL, LONG_MS);
  cardea_settlers_free (self->settlers);
  self->settlers = cardea_settlers_new ();
  iterate ();
  g_assert_cmpuint (self->n_cancelled, ==, 1);
}

#define ADD(name) g_test_add ("/settlers/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (release);
  ADD (again);
  ADD (timeout);
  ADD (cancelled);
  ADD (closed);
  return g_test_run ();
}
