/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Keeps keys that were meant for another window away from a dialog: see ui/typing-quiet.h. Escape always
 * passes. The property "armed" tells whether keys are taken; the dialog makes its default button sensitive,
 * and its entry editable, as long as it is TRUE, since a click and an input method come by other ways than
 * keys. The signal "ignored" is emitted for each key that was not taken. */
#define CARDEA_TYPE_TYPING_GUARD (cardea_typing_guard_get_type ())
G_DECLARE_FINAL_TYPE (CardeaTypingGuard, cardea_typing_guard, CARDEA, TYPING_GUARD, GObject)

/* Watches @window, which is not referenced: it owns the guard, and gives it up with its own disposal. */
CardeaTypingGuard *cardea_typing_guard_new (GtkWindow *window);
gboolean cardea_typing_guard_is_armed (CardeaTypingGuard *self);

G_END_DECLS
