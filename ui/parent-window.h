/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Puts @window above the one that @handle names: "wayland:HANDLE", or "x11:XID" in hex as the desktop portals
 * have it. The handle is the asking program's word: one that is none of the kind of display there is, or that
 * the display does not know, is ignored. To be called before the window is shown. */
void cardea_parent_window_set (GtkWindow *window, const char *handle);

G_END_DECLS
