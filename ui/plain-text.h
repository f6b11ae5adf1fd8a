/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many columns of a foreign text a line, a paragraph and a tooltip show. */
#define CARDEA_PLAIN_TEXT_LINE 64
#define CARDEA_PLAIN_TEXT_PARAGRAPH 256
#define CARDEA_PLAIN_TEXT_TOOLTIP 1024

/* @text, which is foreign, for a person: valid UTF-8 on one line, with nothing in it that is invisible, turns
 * text around or ends a line (such characters stand there as \u{HEX}), and with "…" in its middle where it is
 * wider than
 * @limit columns (0: no limit). It is isolated: no text beside it changes its order on the display, whichever
 * direction either has. For gtk_label_set_text() and the like, never for markup. NULL gives "". */
char *cardea_plain_text (const char *text, gsize limit);

/* The same without the isolating characters: for the clipboard, and where @text stands alone. */
char *cardea_plain_text_bare (const char *text, gsize limit);

/* Whether @limit takes something away. */
gboolean cardea_plain_text_is_shortened (const char *text, gsize limit);

G_END_DECLS
