/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The identity of an insertion. A serial number is what a card says of itself, and libraries go on showing
 * the card that was there before; the service's counter is what happened in the reader. */

#include "agent/tokens/insertion.h"

CardeaInsertion *
cardea_insertion_new (const char *reader, guint64 generation, guint16 counter, const guint8 *atr,
                      gsize atr_length)
{
  CardeaInsertion *self = g_new0 (CardeaInsertion, 1);

  self->ref_count = 1;
  self->reader = g_strdup (reader);
  self->generation = generation;
  self->counter = counter;
  self->atr = atr_length > 0 ? g_bytes_new (atr, atr_length) : NULL;
  return self;
}

CardeaInsertion *
cardea_insertion_ref (CardeaInsertion *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_insertion_unref (CardeaInsertion *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_free (self->reader);
  g_clear_pointer (&self->atr, g_bytes_unref);
  g_free (self);
}

static gboolean
bytes_equal (GBytes *a, GBytes *b)
{
  return a == NULL || b == NULL ? a == b : g_bytes_equal (a, b);
}

gboolean
cardea_insertion_equal (const CardeaInsertion *a, const CardeaInsertion *b)
{
  if (a == b || a == NULL || b == NULL)
    return a == b;
  return a->generation == b->generation && a->counter == b->counter && g_str_equal (a->reader, b->reader) &&
         bytes_equal (a->atr, b->atr);
}
