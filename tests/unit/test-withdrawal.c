/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reason for which a question is taken back: it is the first one, and it goes along a chain. */

#include "agent/prompt/withdrawal.h"

static const CardeaPromptWithdrawn LAST = CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING;

static void
assert_withdrawn (GCancellable *cancellable, CardeaPromptWithdrawn why)
{
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_cmpint (cardea_withdrawal_get_reason (cancellable), ==, why);
}

static void
test_reasons (void)
{
  for (CardeaPromptWithdrawn why = 0; why <= LAST; why++) {
    g_autoptr (GCancellable) cancellable = cardea_withdrawal_new ();

    g_assert_false (g_cancellable_is_cancelled (cancellable));
    cardea_withdrawal_cancel (cancellable, why);
    assert_withdrawn (cancellable, why);
  }
}

static void
test_first_counts (void)
{
  g_autoptr (GCancellable) cancellable = cardea_withdrawal_new ();

  cardea_withdrawal_cancel (cancellable, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
  cardea_withdrawal_cancel (cancellable, CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING);
  g_cancellable_cancel (cancellable);
  assert_withdrawn (cancellable, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
}

/* Who cancels without a reason is the program that left. */
static void
test_without_reason (void)
{
  g_autoptr (GCancellable) withdrawal = cardea_withdrawal_new ();
  g_autoptr (GCancellable) plain = g_cancellable_new ();

  g_cancellable_cancel (withdrawal);
  assert_withdrawn (withdrawal, CARDEA_PROMPT_WITHDRAWN_CALLER_GONE);
  cardea_withdrawal_cancel (withdrawal, CARDEA_PROMPT_WITHDRAWN_TIMED_OUT);
  assert_withdrawn (withdrawal, CARDEA_PROMPT_WITHDRAWN_CALLER_GONE);
  g_cancellable_cancel (plain);
  assert_withdrawn (plain, CARDEA_PROMPT_WITHDRAWN_CALLER_GONE);
}

static void
test_chain (void)
{
  g_autoptr (GCancellable) plain = g_cancellable_new ();
  g_autoptr (GCancellable) first = cardea_withdrawal_new ();
  g_autoptr (GCancellable) second = cardea_withdrawal_new ();
  gulong plain_id = cardea_withdrawal_follow (first, plain);
  gulong first_id = cardea_withdrawal_follow (second, first);

  cardea_withdrawal_cancel (first, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  assert_withdrawn (second, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  g_assert_false (g_cancellable_is_cancelled (plain));
  g_cancellable_cancel (plain);
  assert_withdrawn (first, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  g_cancellable_disconnect (plain, plain_id);
  g_cancellable_disconnect (first, first_id);
}

static void
test_plain_leader (void)
{
  g_autoptr (GCancellable) plain = g_cancellable_new ();
  g_autoptr (GCancellable) follower = cardea_withdrawal_new ();
  gulong id = cardea_withdrawal_follow (follower, plain);

  g_cancellable_cancel (plain);
  assert_withdrawn (follower, CARDEA_PROMPT_WITHDRAWN_CALLER_GONE);
  g_cancellable_disconnect (plain, id);
}

static void
test_late_follower (void)
{
  g_autoptr (GCancellable) leader = cardea_withdrawal_new ();
  g_autoptr (GCancellable) follower = cardea_withdrawal_new ();

  cardea_withdrawal_cancel (leader, CARDEA_PROMPT_WITHDRAWN_ANSWERED);
  g_assert_cmpuint (cardea_withdrawal_follow (follower, leader), ==, 0);
  assert_withdrawn (follower, CARDEA_PROMPT_WITHDRAWN_ANSWERED);
}

/* A follower is held no longer than it follows. */
static void
test_disconnected (void)
{
  g_autoptr (GCancellable) leader = cardea_withdrawal_new ();
  GCancellable *follower = cardea_withdrawal_new ();
  gulong id = cardea_withdrawal_follow (follower, leader);

  g_object_add_weak_pointer (G_OBJECT (follower), (gpointer *)&follower);
  g_object_unref (follower);
  g_assert_nonnull (follower);
  g_cancellable_disconnect (leader, id);
  g_assert_null (follower);
  cardea_withdrawal_cancel (leader, CARDEA_PROMPT_WITHDRAWN_ANSWERED);
}

static void
test_no_leader (void)
{
  g_autoptr (GCancellable) follower = cardea_withdrawal_new ();

  g_assert_cmpuint (cardea_withdrawal_follow (follower, NULL), ==, 0);
  g_assert_false (g_cancellable_is_cancelled (follower));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/withdrawal/reasons", test_reasons);
  g_test_add_func ("/withdrawal/first-counts", test_first_counts);
  g_test_add_func ("/withdrawal/without-reason", test_without_reason);
  g_test_add_func ("/withdrawal/chain", test_chain);
  g_test_add_func ("/withdrawal/plain-leader", test_plain_leader);
  g_test_add_func ("/withdrawal/late-follower", test_late_follower);
  g_test_add_func ("/withdrawal/disconnected", test_disconnected);
  g_test_add_func ("/withdrawal/no-leader", test_no_leader);
  return g_test_run ();
}
