/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long answers are kept, and how many. */

#include "agent/tls/revocation-answers.h"

#include "socket-api/limits.h"

#define NOW G_GINT64_CONSTANT (1790000000)

static void
assert_kept (CardeaRevocationAnswers *answers, const char *key, gint64 now, int expected)
{
  CardeaRevocationStatus status = CARDEA_REVOCATION_UNKNOWN;
  gboolean kept = cardea_revocation_answers_find (answers, key, now, &status);

  g_assert_cmpint (kept ? (int)status : -1, ==, expected);
}

static void
assert_until (CardeaRevocationStatus status, gint64 until, gint64 kept)
{
  g_autoptr (CardeaRevocationAnswers) answers = cardea_revocation_answers_new ();

  assert_kept (answers, "a", NOW, -1);
  cardea_revocation_answers_add (answers, "a", status, until, NOW);
  assert_kept (answers, "a", NOW, (int)status);
  assert_kept (answers, "a", kept, (int)status);
  assert_kept (answers, "a", kept + 1, -1);
  assert_kept (answers, "b", NOW, -1);
  /* The clock was put back: how old it is, nobody knows. */
  assert_kept (answers, "a", NOW - 1, -1);
}

static void
test_times (void)
{
  gint64 longest = NOW + CARDEA_LIMIT_REVOCATION_ANSWER_S;
  gint64 shortly = NOW + CARDEA_LIMIT_REVOCATION_FAILURE_S;

  assert_until (CARDEA_REVOCATION_GOOD, NOW + 10, NOW + 10);
  assert_until (CARDEA_REVOCATION_GOOD, longest, longest);
  assert_until (CARDEA_REVOCATION_GOOD, longest + 1, longest);
  assert_until (CARDEA_REVOCATION_GOOD, G_MAXINT64, longest);
  assert_until (CARDEA_REVOCATION_REVOKED, longest, longest);
  assert_until (CARDEA_REVOCATION_REVOKED, NOW - 10, shortly);
  assert_until (CARDEA_REVOCATION_UNKNOWN, 0, shortly);
  assert_until (CARDEA_REVOCATION_UNKNOWN, G_MAXINT64, shortly);
}

static void
test_replaced (void)
{
  g_autoptr (CardeaRevocationAnswers) answers = cardea_revocation_answers_new ();

  cardea_revocation_answers_add (answers, "a", CARDEA_REVOCATION_GOOD, NOW + 100, NOW);
  cardea_revocation_answers_add (answers, "a", CARDEA_REVOCATION_REVOKED, NOW + 100, NOW);
  assert_kept (answers, "a", NOW, CARDEA_REVOCATION_REVOKED);
  cardea_revocation_answers_forget (answers);
  assert_kept (answers, "a", NOW, -1);
}

/* At the limit all are there; one more, and the oldest is not. */
static void
test_limit (void)
{
  g_autoptr (CardeaRevocationAnswers) answers = cardea_revocation_answers_new ();

  for (guint i = 0; i < CARDEA_LIMIT_REVOCATION_ANSWERS; i++) {
    g_autofree char *key = g_strdup_printf ("%u", i);
    g_autofree char *url = g_strdup_printf ("http://%u.example/", i);

    cardea_revocation_answers_add (answers, key, CARDEA_REVOCATION_GOOD, NOW + 100, NOW);
    cardea_revocation_answers_add_failure (answers, url, NOW);
  }
  assert_kept (answers, "0", NOW, CARDEA_REVOCATION_GOOD);
  g_assert_true (cardea_revocation_answers_has_failed (answers, "http://0.example/", NOW));
  cardea_revocation_answers_add (answers, "more", CARDEA_REVOCATION_GOOD, NOW + 100, NOW);
  cardea_revocation_answers_add_failure (answers, "http://more.example/", NOW);
  assert_kept (answers, "0", NOW, -1);
  assert_kept (answers, "1", NOW, CARDEA_REVOCATION_GOOD);
  assert_kept (answers, "more", NOW, CARDEA_REVOCATION_GOOD);
  g_assert_false (cardea_revocation_answers_has_failed (answers, "http://0.example/", NOW));
  g_assert_true (cardea_revocation_answers_has_failed (answers, "http://1.example/", NOW));
}

/* Of a host and port, whatever was asked of them. */
static void
test_failures (void)
{
  g_autoptr (CardeaRevocationAnswers) answers = cardea_revocation_answers_new ();
  gint64 last = NOW + CARDEA_LIMIT_REVOCATION_FAILURE_S;

  cardea_revocation_answers_add_failure (answers, "http://a.example:81/x", NOW);
  g_assert_true (cardea_revocation_answers_has_failed (answers, "http://a.example:81/y?z", NOW));
  g_assert_true (cardea_revocation_answers_has_failed (answers, "http://a.example:81/y?z", last));
  g_assert_false (cardea_revocation_answers_has_failed (answers, "http://a.example:81/y?z", last + 1));
  g_assert_false (cardea_revocation_answers_has_failed (answers, "http://a.example/x", NOW));
  g_assert_false (cardea_revocation_answers_has_failed (answers, "http://b.example:81/x", NOW));
  cardea_revocation_answers_forget (answers);
  g_assert_false (cardea_revocation_answers_has_failed (answers, "http://a.example:81/x", NOW));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/revocation-answers/times", test_times);
  g_test_add_func ("/revocation-answers/replaced", test_replaced);
  g_test_add_func ("/revocation-answers/limit", test_limit);
  g_test_add_func ("/revocation-answers/failures", test_failures);
  return g_test_run ();
}
