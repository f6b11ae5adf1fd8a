/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a question is taken back.
 *
 * A question is far from what ends it: the program's socket, the server's, a timer, a signal to the agent.
 * What leads from there to the prompter is a chain of cancellables, and the reason goes along with it. */

#include "agent/prompt/withdrawal.h"

struct _CardeaWithdrawal
{
  GCancellable parent;
  CardeaPromptWithdrawn why;
};

G_DEFINE_FINAL_TYPE (CardeaWithdrawal, cardea_withdrawal, G_TYPE_CANCELLABLE)

static void
cardea_withdrawal_class_init (CardeaWithdrawalClass *klass)
{
}

/* Who knows no reason cancels as one cancels: that is the program's going. */
static void
cardea_withdrawal_init (CardeaWithdrawal *self)
{
  self->why = CARDEA_PROMPT_WITHDRAWN_CALLER_GONE;
}

GCancellable *
cardea_withdrawal_new (void)
{
  return g_object_new (CARDEA_TYPE_WITHDRAWAL, NULL);
}

void
cardea_withdrawal_cancel (GCancellable *cancellable, CardeaPromptWithdrawn why)
{
  g_return_if_fail (CARDEA_IS_WITHDRAWAL (cancellable));

  if (g_cancellable_is_cancelled (cancellable))
    return;
  CARDEA_WITHDRAWAL (cancellable)->why = why;
  g_cancellable_cancel (cancellable);
}

static void
on_leader_cancelled (GCancellable *leader, gpointer cancellable)
{
  cardea_withdrawal_cancel (cancellable, cardea_withdrawal_get_reason (leader));
}

gulong
cardea_withdrawal_follow (GCancellable *cancellable, GCancellable *leader)
{
  g_return_val_if_fail (CARDEA_IS_WITHDRAWAL (cancellable), 0);

  if (leader == NULL)
    return 0;
  return g_cancellable_connect (leader, G_CALLBACK (on_leader_cancelled), g_object_ref (cancellable),
                                g_object_unref);
}

CardeaPromptWithdrawn
cardea_withdrawal_get_reason (GCancellable *cancellable)
{
  return CARDEA_IS_WITHDRAWAL (cancellable) ? CARDEA_WITHDRAWAL (cancellable)->why
                                            : CARDEA_PROMPT_WITHDRAWN_CALLER_GONE;
}
