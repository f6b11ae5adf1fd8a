/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The time that the network may take in all. It stands still while a person or a token is awaited, who have
 * limits of their own, so that a slow answer never costs a server its time, and a server never gains any by
 * asking twice. */

#include "agent/tls/allowance.h"

#include "agent/base/source.h"

void
cardea_allowance_run (CardeaAllowance *self, GMainContext *context, GSourceFunc over, gpointer data)
{
  if (self->started != 0)
    return;
  self->started = g_get_monotonic_time ();
  self->source = cardea_source_attach_timer (context, self->left_us, over, data);
}

void
cardea_allowance_stop (CardeaAllowance *self)
{
  cardea_source_clear (&self->source);
  if (self->started != 0)
    self->left_us -= g_get_monotonic_time () - self->started;
  self->started = 0;
}
