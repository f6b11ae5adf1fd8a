/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Objects that are over and still known by name for a while. Main loop only. */
typedef struct _CardeaRecent CardeaRecent;

/* @known_ms: how long each is known. */
CardeaRecent *cardea_recent_new (guint known_ms);
void cardea_recent_free (CardeaRecent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRecent, cardea_recent_free)

/* References @object; @id is copied and new. */
void cardea_recent_add (CardeaRecent *self, const char *id, gpointer object);
/* Borrowed, or NULL where it is not known, or not any more. */
gpointer cardea_recent_find (CardeaRecent *self, const char *id);

G_END_DECLS
