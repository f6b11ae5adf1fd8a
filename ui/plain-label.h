/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Shows foreign text (ui/plain-text.h) in at most @limit columns; what they do not hold is in the tooltip. A
 * label without text is not shown. */
void cardea_plain_label_set (GtkLabel *label, const char *text, gsize limit);

/* Shows text of our own, into which foreign text was put by cardea_plain_text(). */
void cardea_plain_label_set_sentence (GtkLabel *label, const char *sentence);

/* Lets a label break lines, within words too where one is too long. To learn how narrow such a label may be
 * GTK would lay out a line for each character, several times for each label, which took more than half of the
 * time to the first frame; so it is told to be ten characters wide at least. */
void cardea_plain_label_wrap (GtkLabel *label);

G_END_DECLS
