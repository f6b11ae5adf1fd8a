/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the keys of a window are meant for it.
 *
 * A dialog that opens while somebody types gets keys that were meant for the window below: digits of another
 * text, and the Enter after it, which would consent to what nobody read. So a window takes keys only when it
 * has had the focus for as long as a person needs to see it, and the keyboard was quiet for longer than
 * people pause between two keys. Once it takes keys it goes on until it loses the focus. */

#include "ui/typing-quiet.h"

#include "socket-api/limits.h"

#define FOCUS (CARDEA_LIMIT_TYPING_FOCUS_MS * (gint64)1000)
#define QUIET (CARDEA_LIMIT_TYPING_QUIET_MS * (gint64)1000)

void
cardea_typing_quiet_focus (CardeaTypingQuiet *self, gint64 now)
{
  if (self->focused)
    return;
  *self = (CardeaTypingQuiet){ .focused = TRUE, .focus_time = now, .key_time = now };
}

void
cardea_typing_quiet_unfocus (CardeaTypingQuiet *self)
{
  *self = (CardeaTypingQuiet){ 0 };
}

gboolean
cardea_typing_quiet_key (CardeaTypingQuiet *self, gint64 now)
{
  if (self->armed)
    return TRUE;
  self->key_time = now;
  return FALSE;
}

gint64
cardea_typing_quiet_wait (const CardeaTypingQuiet *self, gint64 now)
{
  if (!self->focused)
    return -1;
  gint64 end = MAX (self->focus_time + FOCUS, self->key_time + QUIET);
  return self->armed ? 0 : MAX (end - now, 0);
}

gboolean
cardea_typing_quiet_arm (CardeaTypingQuiet *self, gint64 now)
{
  self->armed = cardea_typing_quiet_wait (self, now) == 0;
  return self->armed;
}
