/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Buttons side by side and equally wide where there is room for the longest of them, else one above the
 * other, the last, which is the suggested one, on top. */
#define CARDEA_TYPE_BUTTON_LAYOUT (cardea_button_layout_get_type ())
G_DECLARE_FINAL_TYPE (CardeaButtonLayout, cardea_button_layout, CARDEA, BUTTON_LAYOUT, GtkLayoutManager)

GtkLayoutManager *cardea_button_layout_new (void);

G_END_DECLS
