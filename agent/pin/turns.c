/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Turns at a token's login.
 *
 * A login that is one connection's own must be nobody else's: from it until it is taken back nobody logs in
 * for others, and no other such login is made. Those who wait are few: a job for everybody, and questions on
 * terminals, which are bounded. */

#include "agent/pin/turns.h"

typedef struct
{
  CardeaTurnBegun begun;
  gpointer data;
} Turn;

struct _CardeaTurns
{
  gboolean taken;
  GQueue waiting; /* of Turn */
};

CardeaTurns *
cardea_turns_new (void)
{
  return g_new0 (CardeaTurns, 1);
}

void
cardea_turns_free (CardeaTurns *self)
{
  g_assert (!self->taken);
  g_free (self);
}

void
cardea_turns_wait (CardeaTurns *self, CardeaTurnBegun begun, gpointer data)
{
  Turn *turn;

  if (!self->taken) {
    self->taken = TRUE;
    begun (data);
    return;
  }
  turn = g_new (Turn, 1);
  *turn = (Turn){ begun, data };
  g_queue_push_tail (&self->waiting, turn);
}

void
cardea_turns_end (CardeaTurns *self)
{
  g_autofree Turn *turn = g_queue_pop_head (&self->waiting);

  g_return_if_fail (self->taken);

  self->taken = turn != NULL;
  if (turn != NULL)
    turn->begun (turn->data);
}
