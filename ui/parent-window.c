/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The window of the program that asks, as the dialog's parent. */

#include "ui/parent-window.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <gdk/wayland/gdkwayland.h>
#include <gdk/x11/gdkx.h>
#include <string.h>

#include "socket-api/limits.h"

#define X11 "x11:"
#define WAYLAND "wayland:"

static void
set_on_x11 (GdkSurface *surface, const char *handle)
{
  GdkDisplay *display = gdk_surface_get_display (surface);
  guint64 window = 0;

  if (!g_ascii_string_to_unsigned (handle, 16, 1, G_MAXUINT32, &window, NULL))
    return;
  gdk_x11_display_error_trap_push (display);
  XSetTransientForHint (gdk_x11_display_get_xdisplay (display), gdk_x11_surface_get_xid (surface), window);
  gdk_x11_display_error_trap_pop_ignored (display);
}

/* A message to the compositor holds 4096 bytes; what does not fit it stops the display for good. */
static void
set_on_wayland (GdkSurface *surface, const char *handle)
{
  if (strlen (handle) <= CARDEA_LIMIT_WINDOW_BYTES)
    gdk_wayland_toplevel_set_transient_for_exported (GDK_TOPLEVEL (surface), handle);
}

static void
on_realized (GtkWidget *window, const char *handle)
{
  GdkSurface *surface = gtk_native_get_surface (GTK_NATIVE (window));

  if (GDK_IS_X11_SURFACE (surface) && g_str_has_prefix (handle, X11))
    set_on_x11 (surface, handle + strlen (X11));
  else if (GDK_IS_WAYLAND_TOPLEVEL (surface) && g_str_has_prefix (handle, WAYLAND))
    set_on_wayland (surface, handle + strlen (WAYLAND));
}

static void
free_handle (gpointer handle, GClosure *closure)
{
  g_free (handle);
}

void
cardea_parent_window_set (GtkWindow *window, const char *handle)
{
  if (handle != NULL)
    g_signal_connect_data (window, "realize", G_CALLBACK (on_realized), g_strdup (handle), free_handle,
                           G_CONNECT_AFTER);
}
