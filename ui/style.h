/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Adds the dialogs' own style to @display, once. */
void cardea_style_load (GdkDisplay *display);

G_END_DECLS
