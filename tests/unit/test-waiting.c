/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Questions in turns: a program that asks without an end keeps no other one from the person. */

#include "agent/prompt/waiting.h"

#include <string.h>

#define LIMIT 8
#define PER_CALLER 6

typedef struct
{
  CardeaWaiting *waiting;
  GString *lost; /* the questions that lost their place */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->waiting = cardea_waiting_new (LIMIT, PER_CALLER);
  f->lost = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  cardea_waiting_free (f->waiting);
  g_string_free (f->lost, TRUE);
}

/* A question's name begins with its program's: "a1". */
static gboolean
add (Fixture *f, const char *question)
{
  g_autofree char *key = g_strndup (question, 1);
  guint before = cardea_waiting_get_length (f->waiting);
  gpointer lost = (gpointer) "unset";
  gboolean added = cardea_waiting_add (f->waiting, key, (gpointer)question, &lost);

  if (lost != NULL)
    g_string_append_printf (f->lost, "%s ", (const char *)lost);
  g_assert_true (added || lost == NULL);
  g_assert_cmpuint (cardea_waiting_get_length (f->waiting), ==, before + (added && lost == NULL));
  g_assert_cmpuint (cardea_waiting_get_length (f->waiting), <=, LIMIT);
  return added;
}

static void
add_all (Fixture *f, const char *const *questions)
{
  for (guint i = 0; questions[i] != NULL; i++)
    g_assert_true (add (f, questions[i]));
}

#define ADD(f, ...) add_all (f, (const char *const[]){ __VA_ARGS__, NULL })

static void
assert_next (Fixture *f, const char *question)
{
  g_assert_cmpstr (cardea_waiting_take (f->waiting), ==, question);
}

static void
assert_order (Fixture *f, const char *order)
{
  g_auto (GStrv) questions = g_strsplit (order, " ", 0);

  for (guint i = 0; questions[i] != NULL; i++)
    assert_next (f, questions[i]);
  g_assert_null (cardea_waiting_take (f->waiting));
  g_assert_cmpuint (cardea_waiting_get_length (f->waiting), ==, 0);
}

/* It asks anew at each turn: the other one is served after one of its questions, however many wait. */
static void
test_flood_without_end (Fixture *f, gconstpointer data)
{
  ADD (f, "a", "a", "a", "a", "a", "a");
  for (guint i = 0; i < 1000; i++) {
    assert_next (f, "a");
    g_assert_true (add (f, "a"));
    g_assert_false (add (f, "a"));
  }
  ADD (f, "b1");
  assert_next (f, "b1");
  g_assert_true (add (f, "b2"));
  assert_next (f, "a");
  g_assert_true (add (f, "a"));
  assert_next (f, "b2");
}

/* Its queue is empty at each turn, and it is back at once: it is not first again. */
static void
test_back_at_once (Fixture *f, gconstpointer data)
{
  ADD (f, "a1");
  assert_next (f, "a1");
  ADD (f, "a2", "b1");
  assert_next (f, "b1");
  ADD (f, "b2");
  assert_next (f, "a2");
  ADD (f, "a3");
  assert_next (f, "b2");
  assert_order (f, "a3");
}

static void
test_limit_per_caller (Fixture *f, gconstpointer data)
{
  ADD (f, "a1", "a2", "a3", "a4", "a5", "a6");
  g_assert_false (add (f, "a7"));
  ADD (f, "b1", "c1");
  g_assert_false (add (f, "a7"));
  g_assert_cmpstr (f->lost->str, ==, "");
  assert_order (f, "a1 b1 c1 a2 a3 a4 a5 a6");
}

/* The youngest of the largest goes, until the places are shared equally. */
static void
test_displaced (Fixture *f, gconstpointer data)
{
  ADD (f, "a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2");
  ADD (f, "c1", "c2", "b3");
  g_assert_cmpstr (f->lost->str, ==, "a6 a5 a4 ");
  g_assert_false (add (f, "b4"));
  g_assert_false (add (f, "a7"));
  g_assert_false (add (f, "c3"));
  assert_order (f, "a1 b1 c1 a2 b2 c2 a3 b3");
}

/* Not for a place that would only be passed to and fro. */
static void
test_no_ping_pong (Fixture *f, gconstpointer data)
{
  ADD (f, "a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4");
  for (guint i = 0; i < 100; i++) {
    g_assert_false (add (f, "a5"));
    g_assert_false (add (f, "b5"));
  }
  ADD (f, "c1", "c2");
  g_assert_cmpstr (f->lost->str, ==, "b4 a4 ");
  g_assert_false (add (f, "c3"));
}

/* Two of the same number: the one whose turn comes last has its youngest farthest from the person. */
static void
test_last_of_the_largest (Fixture *f, gconstpointer data)
{
  ADD (f, "a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2");
  assert_next (f, "a1");
  ADD (f, "a4", "d1");
  g_assert_cmpstr (f->lost->str, ==, "a4 ");
}

/* One each: nobody is to give way. */
static void
test_as_many_as_places (Fixture *f, gconstpointer data)
{
  ADD (f, "a", "b", "c", "d", "e", "f", "g", "h");
  g_assert_false (add (f, "i"));
  g_assert_false (add (f, "a"));
  assert_next (f, "a");
  ADD (f, "i");
  assert_order (f, "b c d e f g h i");
}

static void
test_in_order (Fixture *f, gconstpointer data)
{
  ADD (f, "a1", "a2", "a3", "a4");
  assert_order (f, "a1 a2 a3 a4");
}

static void
test_turns (Fixture *f, gconstpointer data)
{
  ADD (f, "a1", "a2", "a3", "b1", "c1", "c2");
  assert_order (f, "a1 b1 c1 a2 c2 a3");
}

static void
test_removed (Fixture *f, gconstpointer data)
{
  static const char *const questions[] = { "a1", "a2", "b1", "c1", "c2", NULL };

  add_all (f, questions);
  cardea_waiting_remove (f->waiting, (gpointer)questions[0]);
  cardea_waiting_remove (f->waiting, (gpointer)questions[0]);
  cardea_waiting_remove (f->waiting, (gpointer)questions[2]);
  cardea_waiting_remove (f->waiting, f);
  g_assert_cmpuint (cardea_waiting_get_length (f->waiting), ==, 3);
  assert_order (f, "a2 c1 c2");
  cardea_waiting_remove (f->waiting, (gpointer)questions[1]);
}

/* A place that becomes free is anybody's. */
static void
test_removed_from_full (Fixture *f, gconstpointer data)
{
  static const char *const questions[] = { "a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4", NULL };

  add_all (f, questions);
  cardea_waiting_remove (f->waiting, (gpointer)questions[1]);
  ADD (f, "a5");
  g_assert_false (add (f, "b5"));
  g_assert_cmpstr (f->lost->str, ==, "");
  assert_order (f, "a1 b1 a3 b2 a4 b3 a5 b4");
}

static void
test_empty (Fixture *f, gconstpointer data)
{
  g_assert_null (cardea_waiting_take (f->waiting));
  cardea_waiting_remove (f->waiting, f);
  ADD (f, "a1");
  assert_order (f, "a1");
}

/* Nothing is left of a program that has no question. */
static void
test_many_programs (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 10000; i++) {
    g_autofree char *key = g_strdup_printf ("exe:/tmp/%u", i);
    gpointer lost;

    g_assert_true (cardea_waiting_add (f->waiting, key, f, &lost));
    g_assert_true (cardea_waiting_take (f->waiting) == f);
  }
  g_assert_cmpuint (cardea_waiting_get_length (f->waiting), ==, 0);
}

int
main (int argc, char **argv)
{
#define TEST(name, function) g_test_add ("/waiting/" name, Fixture, NULL, set_up, function, tear_down)
  g_test_init (&argc, &argv, NULL);
  TEST ("flood-without-end", test_flood_without_end);
  TEST ("back-at-once", test_back_at_once);
  TEST ("limit-per-caller", test_limit_per_caller);
  TEST ("displaced", test_displaced);
  TEST ("no-ping-pong", test_no_ping_pong);
  TEST ("last-of-the-largest", test_last_of_the_largest);
  TEST ("as-many-as-places", test_as_many_as_places);
  TEST ("in-order", test_in_order);
  TEST ("turns", test_turns);
  TEST ("removed", test_removed);
  TEST ("removed-from-full", test_removed_from_full);
  TEST ("empty", test_empty);
  TEST ("many-programs", test_many_programs);
  return g_test_run ();
}
