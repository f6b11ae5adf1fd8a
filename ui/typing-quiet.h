/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When the keys of a window are meant for it. All times are microseconds of one clock, the caller's; a struct
 * of zeros is a window without focus. */
typedef struct
{
  gboolean focused;
  gboolean armed;    /* keys are taken */
  gint64 focus_time; /* these two while it has the focus */
  gint64 key_time;   /* of the last key that was not taken */
} CardeaTypingQuiet;

void cardea_typing_quiet_focus (CardeaTypingQuiet *self, gint64 now);
void cardea_typing_quiet_unfocus (CardeaTypingQuiet *self);
/* A key was pressed: whether it is to be taken. One that is not begins the quiet anew. */
gboolean cardea_typing_quiet_key (CardeaTypingQuiet *self, gint64 now);
/* How long to wait until cardea_typing_quiet_arm() is worth a try; -1 without focus. */
gint64 cardea_typing_quiet_wait (const CardeaTypingQuiet *self, gint64 now);
/* Takes keys from now on, if they may be; whether they are taken. To be called when no key is waiting to be
 * told. */
gboolean cardea_typing_quiet_arm (CardeaTypingQuiet *self, gint64 now);

G_END_DECLS
