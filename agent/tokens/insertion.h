/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One card in one reader, from the moment it is inserted until it is pulled: what a list, a login or a
 * decision may belong to. Two cards that look alike are two insertions, and so is one card that was out for a
 * moment. Immutable, reference-counted; from any thread. */
typedef struct
{
  gint ref_count;
  char *reader;       /* as PC/SC names it; bytes of whoever made the reader */
  guint64 generation; /* which of our connections to the service saw it, since the counters below begin anew
                         with it */
  guint16 counter;    /* the reader's own count of insertions and removals */
  GBytes *atr;        /* what the card said when it was powered up, or NULL */
} CardeaInsertion;

/* @atr may be NULL; it is copied. */
CardeaInsertion *cardea_insertion_new (const char *reader, guint64 generation, guint16 counter,
                                       const guint8 *atr, gsize atr_length);
CardeaInsertion *cardea_insertion_ref (CardeaInsertion *self);
void cardea_insertion_unref (CardeaInsertion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaInsertion, cardea_insertion_unref)

/* Both may be NULL: a token without a reader is the same as long as it is there. */
gboolean cardea_insertion_equal (const CardeaInsertion *a, const CardeaInsertion *b);

G_END_DECLS
