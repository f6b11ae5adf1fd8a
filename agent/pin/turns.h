/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whose turn it is to log one token in or out: one at a time, in the order they came. Main loop only. */
typedef struct _CardeaTurns CardeaTurns;

/* It is your turn until cardea_turns_end(). */
typedef void (*CardeaTurnBegun) (gpointer data);

CardeaTurns *cardea_turns_new (void);
/* When nobody has or waits for a turn. */
void cardea_turns_free (CardeaTurns *self);

/* @begun: once, perhaps before this returns. */
void cardea_turns_wait (CardeaTurns *self, CardeaTurnBegun begun, gpointer data);
/* The next one's turn begins, perhaps before this returns. */
void cardea_turns_end (CardeaTurns *self);

G_END_DECLS
