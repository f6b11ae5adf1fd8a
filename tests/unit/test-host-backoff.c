/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a process that keeps dying may be started again. */

#include "agent/hosts/host-backoff.h"

#include "socket-api/limits.h"

#define SECOND G_USEC_PER_SEC
#define NOW (1000 * SECOND)

static void
die_often (CardeaHostBackoff *backoff, gint64 now, guint times)
{
  for (guint i = 0; i < times; i++)
    cardea_host_backoff_note_death (backoff, now);
}

static void
test_at_the_limit (void)
{
  CardeaHostBackoff backoff = { 0 };

  die_often (&backoff, NOW, CARDEA_LIMIT_HOST_DEATHS - 1);
  g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, NOW), ==, 0);
  die_often (&backoff, NOW, 1);
  g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, NOW), ==, 1000);
  g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, NOW + SECOND), ==, 0);
}

static void
test_slow_deaths (void)
{
  CardeaHostBackoff backoff = { 0 };

  for (guint i = 0; i < 20; i++)
    cardea_host_backoff_note_death (&backoff, NOW + i * 31 * SECOND);
  g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, NOW + 19 * 31 * SECOND), ==, 0);
}

static void
test_doubles (void)
{
  CardeaHostBackoff backoff = { 0 };
  guint64 wait = 1000;
  gint64 now = NOW;

  die_often (&backoff, now, CARDEA_LIMIT_HOST_DEATHS);
  for (guint i = 0; i < 30; i++) {
    g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, now), ==,
                      MIN (wait, CARDEA_LIMIT_HOST_BACKOFF_MAX_MS));
    now += cardea_host_backoff_wait_ms (&backoff, now) * 1000;
    die_often (&backoff, now, 1);
    wait = MIN (wait * 2, CARDEA_LIMIT_HOST_BACKOFF_MAX_MS);
  }
}

/* Whoever asks is served once a second, and never sooner: asking because of a death would be a loop. */
static void
test_asked (void)
{
  CardeaHostBackoff backoff = { 0 };

  die_often (&backoff, NOW, 10);
  g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, NOW), >, 60000);
  g_assert_cmpuint (cardea_host_backoff_wait_asked_ms (&backoff, NOW), ==, 1000);
  g_assert_cmpuint (cardea_host_backoff_wait_asked_ms (&backoff, NOW + SECOND - 1), ==, 1);
  g_assert_cmpuint (cardea_host_backoff_wait_asked_ms (&backoff, NOW + SECOND), ==, 0);
}

static void
test_forgets (void)
{
  CardeaHostBackoff backoff = { 0 };
  gint64 later;

  die_often (&backoff, NOW, 8);
  later = backoff.retry + 61 * SECOND;
  cardea_host_backoff_note_death (&backoff, later);
  g_assert_cmpuint (cardea_host_backoff_wait_ms (&backoff, later), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-backoff/at-the-limit", test_at_the_limit);
  g_test_add_func ("/host-backoff/slow-deaths", test_slow_deaths);
  g_test_add_func ("/host-backoff/doubles", test_doubles);
  g_test_add_func ("/host-backoff/asked", test_asked);
  g_test_add_func ("/host-backoff/forgets", test_forgets);
  return g_test_run ();
}
