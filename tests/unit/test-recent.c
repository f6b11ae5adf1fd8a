/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is over is known for its time, is let go of afterwards, and costs one timer however much there is. */

#include "agent/broker/recent.h"

#define LONG_MS 60000
#define MANY 1000

static GObject *
make_object (void)
{
  return g_object_new (G_TYPE_OBJECT, NULL);
}

static void
test_known (void)
{
  g_autoptr (CardeaRecent) recent = cardea_recent_new (LONG_MS);
  g_autoptr (GObject) first = make_object ();
  g_autoptr (GObject) second = make_object ();

  g_assert_null (cardea_recent_find (recent, "a"));
  cardea_recent_add (recent, "a", first);
  cardea_recent_add (recent, "b", second);
  g_assert_true (cardea_recent_find (recent, "a") == first);
  g_assert_true (cardea_recent_find (recent, "b") == second);
  g_assert_null (cardea_recent_find (recent, "c"));
}

static void
test_freed (void)
{
  CardeaRecent *recent = cardea_recent_new (LONG_MS);
  GObject *object = make_object ();

  cardea_recent_add (recent, "a", object);
  g_object_add_weak_pointer (object, (gpointer *)&object);
  g_object_unref (object);
  g_assert_nonnull (object);
  cardea_recent_free (recent);
  g_assert_null (object);
  g_assert_false (g_main_context_pending (NULL));
}

/* Each for its own time: the second is known when the first no longer is. */
static void
test_forgotten_in_order (void)
{
  g_autoptr (CardeaRecent) recent = cardea_recent_new (200);
  g_autoptr (GObject) object = make_object ();
  gint64 begin = g_get_monotonic_time (), middle;

  cardea_recent_add (recent, "first", object);
  while (g_get_monotonic_time () - begin < 100 * 1000)
    g_main_context_iteration (NULL, FALSE);
  middle = g_get_monotonic_time ();
  cardea_recent_add (recent, "second", object);
  while (cardea_recent_find (recent, "first") != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 200 * 1000);
  if (g_get_monotonic_time () - middle < 200 * 1000)
    g_assert_true (cardea_recent_find (recent, "second") == object);
  while (cardea_recent_find (recent, "second") != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - middle, >=, 200 * 1000);
  g_assert_cmpuint (object->ref_count, ==, 1);
}

/* The sources of a main context are numbered as they come: as many numbers as were taken, so many timers. */
static guint
next_source_id (void)
{
  guint id = g_idle_add (G_SOURCE_FUNC (g_main_context_pending), NULL);

  g_source_remove (id);
  return id;
}

static void
test_one_timer (void)
{
  g_autoptr (CardeaRecent) recent = cardea_recent_new (LONG_MS);
  g_autoptr (GObject) object = make_object ();
  guint before = next_source_id ();

  for (guint i = 0; i < MANY; i++) {
    g_autofree char *id = g_strdup_printf ("%u", i);

    cardea_recent_add (recent, id, object);
  }
  g_assert_cmpuint (next_source_id (), ==, before + 2);
  g_assert_cmpuint (object->ref_count, ==, MANY + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recent/known", test_known);
  g_test_add_func ("/recent/freed", test_freed);
  g_test_add_func ("/recent/forgotten-in-order", test_forgotten_in_order);
  g_test_add_func ("/recent/one-timer", test_one_timer);
  return g_test_run ();
}
