/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the keys of a window are meant for it. */

#include "ui/typing-quiet.h"

#include "socket-api/limits.h"

#define MS 1000
#define NOW (1000 * G_USEC_PER_SEC)
#define FOCUS (CARDEA_LIMIT_TYPING_FOCUS_MS * (gint64)MS)
#define QUIET (CARDEA_LIMIT_TYPING_QUIET_MS * (gint64)MS)

static void
test_without_focus (void)
{
  CardeaTypingQuiet quiet = { 0 };

  g_assert_cmpint (cardea_typing_quiet_wait (&quiet, NOW), ==, -1);
  g_assert_false (cardea_typing_quiet_arm (&quiet, NOW));
  g_assert_false (cardea_typing_quiet_key (&quiet, NOW));
  g_assert_false (cardea_typing_quiet_arm (&quiet, NOW + 10 * FOCUS));
}

static void
test_at_the_limit (void)
{
  CardeaTypingQuiet quiet = { 0 };

  cardea_typing_quiet_focus (&quiet, NOW);
  g_assert_cmpint (cardea_typing_quiet_wait (&quiet, NOW), ==, FOCUS);
  g_assert_false (cardea_typing_quiet_arm (&quiet, NOW + FOCUS - 1));
  g_assert_true (cardea_typing_quiet_arm (&quiet, NOW + FOCUS));
  g_assert_cmpint (cardea_typing_quiet_wait (&quiet, NOW + FOCUS), ==, 0);
  g_assert_true (cardea_typing_quiet_key (&quiet, NOW + FOCUS));
}

static void
test_quiet_at_the_limit (void)
{
  CardeaTypingQuiet quiet = { 0 };
  gint64 key = NOW + FOCUS - 1;

  cardea_typing_quiet_focus (&quiet, NOW);
  g_assert_false (cardea_typing_quiet_key (&quiet, key));
  g_assert_cmpint (cardea_typing_quiet_wait (&quiet, key), ==, QUIET);
  g_assert_false (cardea_typing_quiet_arm (&quiet, key + QUIET - 1));
  g_assert_true (cardea_typing_quiet_arm (&quiet, key + QUIET));
}

/* An early key does not shorten what the focus asks for. */
static void
test_early_key (void)
{
  CardeaTypingQuiet quiet = { 0 };

  cardea_typing_quiet_focus (&quiet, NOW);
  g_assert_false (cardea_typing_quiet_key (&quiet, NOW + 1));
  g_assert_cmpint (cardea_typing_quiet_wait (&quiet, NOW + 1), ==, FOCUS - 1);
}

/* Somebody who goes on typing into the window below never gets a key into the dialog. */
static void
test_typing_on (void)
{
  CardeaTypingQuiet quiet = { 0 };
  gint64 now = NOW;

  cardea_typing_quiet_focus (&quiet, now);
  for (guint i = 0; i < 100; i++) {
    now += QUIET - 1;
    g_assert_false (cardea_typing_quiet_arm (&quiet, now));
    g_assert_false (cardea_typing_quiet_key (&quiet, now));
  }
  g_assert_true (cardea_typing_quiet_arm (&quiet, now + QUIET));
  for (guint i = 0; i < 100; i++)
    g_assert_true (cardea_typing_quiet_key (&quiet, now + QUIET + i));
}

/* A key that was told late counts, though its time has passed: only arming takes keys. */
static void
test_key_told_late (void)
{
  CardeaTypingQuiet quiet = { 0 };

  cardea_typing_quiet_focus (&quiet, NOW);
  g_assert_false (cardea_typing_quiet_key (&quiet, NOW + 2 * FOCUS));
  g_assert_false (cardea_typing_quiet_arm (&quiet, NOW + 2 * FOCUS));
}

static void
test_focus_lost (void)
{
  CardeaTypingQuiet quiet = { 0 };
  gint64 again = NOW + 5 * FOCUS;

  cardea_typing_quiet_focus (&quiet, NOW);
  g_assert_true (cardea_typing_quiet_arm (&quiet, NOW + FOCUS));
  cardea_typing_quiet_focus (&quiet, NOW + FOCUS); /* told twice */
  g_assert_true (cardea_typing_quiet_key (&quiet, NOW + FOCUS));
  cardea_typing_quiet_unfocus (&quiet);
  g_assert_false (cardea_typing_quiet_key (&quiet, again));
  cardea_typing_quiet_focus (&quiet, again);
  g_assert_false (cardea_typing_quiet_key (&quiet, again));
  g_assert_cmpint (cardea_typing_quiet_wait (&quiet, again), ==, FOCUS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/typing-quiet/without-focus", test_without_focus);
  g_test_add_func ("/typing-quiet/at-the-limit", test_at_the_limit);
  g_test_add_func ("/typing-quiet/quiet-at-the-limit", test_quiet_at_the_limit);
  g_test_add_func ("/typing-quiet/early-key", test_early_key);
  g_test_add_func ("/typing-quiet/typing-on", test_typing_on);
  g_test_add_func ("/typing-quiet/key-told-late", test_key_told_late);
  g_test_add_func ("/typing-quiet/focus-lost", test_focus_lost);
  return g_test_run ();
}
