/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A boxed list that is one Tab stop: Tab enters at the selected row (else where it was left), goes on to what
 * the row holds, and leaves; the arrow keys go from row to row, and with selection mode BROWSE select. */
#define CARDEA_TYPE_ROW_LIST (cardea_row_list_get_type ())
G_DECLARE_FINAL_TYPE (CardeaRowList, cardea_row_list, CARDEA, ROW_LIST, GtkWidget)

/* Owned by @self. */
GtkListBox *cardea_row_list_get_box (CardeaRowList *self);

G_END_DECLS
