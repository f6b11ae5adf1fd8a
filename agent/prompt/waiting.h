/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The questions that wait for a person, in fair turns among the programs that ask. A value that knows nothing
 * of a question but whose it is. Main loop only. */
typedef struct _CardeaWaiting CardeaWaiting;

/* @limit: of all together; @limit_per_caller: of one program. */
CardeaWaiting *cardea_waiting_new (guint limit, guint limit_per_caller);
/* The questions are the owner's. */
void cardea_waiting_free (CardeaWaiting *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaWaiting, cardea_waiting_free)

guint cardea_waiting_get_length (const CardeaWaiting *self);

/* FALSE: there is no place for it. @caller_key: cardea_caller_get_key(). @displaced: the question that lost
 * its place to this one, or NULL. */
gboolean cardea_waiting_add (CardeaWaiting *self, const char *caller_key, gpointer question,
                             gpointer *displaced);
/* The next one, or NULL. Its program's turn is over. */
gpointer cardea_waiting_take (CardeaWaiting *self);
/* A question that does not wait is ignored. */
void cardea_waiting_remove (CardeaWaiting *self, gpointer question);

G_END_DECLS
