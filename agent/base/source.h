/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Destroys and forgets the source; NULL: there is none. */
void cardea_source_clear (GSource **source);

/* A timer of @context, attached; the reference is the caller's. */
GSource *cardea_source_attach_timer (GMainContext *context, gint64 microseconds, GSourceFunc callback,
                                     gpointer data);

G_END_DECLS
