/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The least that GTK can show: an empty window. Prints a line when its first frame is painted, and ends with
 * its standard input. */

#include <glib-unix.h>
#include <gtk/gtk.h>
#include <unistd.h>

typedef struct
{
  GtkWidget *window;
  gulong painted;
} Minimal;

static gboolean
on_input_ended (int fd, GIOCondition condition, gpointer application)
{
  g_application_quit (application);
  return G_SOURCE_REMOVE;
}

/* The window manager's answer may take a frame that shows nothing. */
static void
on_painted (GdkFrameClock *clock, Minimal *self)
{
  if (!gtk_widget_get_mapped (self->window))
    return;
  g_clear_signal_handler (&self->painted, clock);
  if (write (STDOUT_FILENO, "painted\n", 8) != 8)
    exit (1);
}

static void
on_activate (GtkApplication *application, Minimal *self)
{
  self->window = gtk_application_window_new (application);
  gtk_widget_realize (self->window);
  self->painted = g_signal_connect (gtk_widget_get_frame_clock (self->window), "after-paint",
                                    G_CALLBACK (on_painted), self);
  gtk_window_present (GTK_WINDOW (self->window));
}

int
main (void)
{
  g_autoptr (GtkApplication) application =
      gtk_application_new ("org.cardea.Minimal", G_APPLICATION_NON_UNIQUE);
  Minimal self = { NULL, 0 };

  g_signal_connect (application, "activate", G_CALLBACK (on_activate), &self);
  g_unix_fd_add (STDIN_FILENO, G_IO_HUP, on_input_ended, application);
  return g_application_run (G_APPLICATION (application), 0, NULL);
}
