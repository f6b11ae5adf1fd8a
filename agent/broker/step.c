/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Step: the states of one connection, their names and which may follow which. Kept apart from the connection
 * so that the table can be read, and tested, at a glance. */

#include "agent/broker/step.h"

#define BIT(step) (1u << (step))

static const struct
{
  const char *name;
  guint next;
} steps[] = {
  [CARDEA_STEP_CONNECTING] = { "connecting", BIT (CARDEA_STEP_VERIFYING) },
  [CARDEA_STEP_VERIFYING] = { "verifying", BIT (CARDEA_STEP_CHOOSING) | BIT (CARDEA_STEP_READY) },
  [CARDEA_STEP_CHOOSING] = { "choosing",
                             BIT (CARDEA_STEP_PIN) | BIT (CARDEA_STEP_SIGNING) | BIT (CARDEA_STEP_READY) },
  [CARDEA_STEP_PIN] = { "pin", BIT (CARDEA_STEP_SIGNING) },
  [CARDEA_STEP_SIGNING] = { "signing", BIT (CARDEA_STEP_READY) | BIT (CARDEA_STEP_PIN) },
  [CARDEA_STEP_READY] = { "ready", 0 },
  [CARDEA_STEP_FAILED] = { "failed", 0 },
};

const char *
cardea_step_to_string (CardeaStep step)
{
  g_return_val_if_fail ((guint)step < G_N_ELEMENTS (steps), NULL);

  return steps[step].name;
}

gboolean
cardea_step_may_follow (CardeaStep from, CardeaStep to)
{
  g_return_val_if_fail ((guint)from < G_N_ELEMENTS (steps), FALSE);

  if (to == CARDEA_STEP_FAILED)
    return from != CARDEA_STEP_READY && from != CARDEA_STEP_FAILED;
  return (steps[from].next & BIT (to)) != 0;
}
