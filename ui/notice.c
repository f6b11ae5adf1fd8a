/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells why a dialog is over, in the dialog.
 *
 * A window that vanishes while somebody types a PIN leaves the rest of the PIN to the window below it. So it
 * stays for a while with the words, and a guard of its own takes the keys until they end. */

#include "ui/notice.h"

#include <glib/gi18n.h>

#include "ui/plain-label.h"
#include "ui/typing-guard.h"

static GtkWidget *
make_label (const char *text, const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);

  cardea_plain_label_wrap (GTK_LABEL (label));
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
make_icon (void)
{
  GtkWidget *icon = g_object_new (GTK_TYPE_IMAGE, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION,
                                  "icon-name", "auth-smartcard-symbolic", "pixel-size", 48, NULL);

  return icon;
}

static GtkWidget *
make_button (AdwWindow *window)
{
  GtkWidget *button = gtk_button_new_with_label (_ ("Close"));
  CardeaTypingGuard *guard = cardea_typing_guard_new (GTK_WINDOW (window));

  g_signal_connect_object (button, "clicked", G_CALLBACK (gtk_window_close), window, G_CONNECT_SWAPPED);
  g_object_bind_property (guard, "armed", button, "sensitive", G_BINDING_SYNC_CREATE);
  g_object_set_data_full (G_OBJECT (button), "cardea-typing-guard", guard, g_object_unref);
  gtk_widget_set_halign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "pill");
  return button;
}

static GtkWidget *
make_page (AdwWindow *window, const char *title, const char *text)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 18);

  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_vexpand (box, TRUE);
  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  gtk_widget_set_margin_bottom (box, 24);
  gtk_box_append (GTK_BOX (box), make_icon ());
  gtk_box_append (GTK_BOX (box), make_label (title, "title-2"));
  gtk_box_append (GTK_BOX (box), make_label (text, NULL));
  gtk_box_append (GTK_BOX (box), make_button (window));
  return box;
}

void
cardea_notice_show (AdwWindow *window, const char *title, const char *text)
{
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *header = adw_header_bar_new ();

  gtk_widget_add_css_class (header, "flat");
  adw_header_bar_set_decoration_layout (ADW_HEADER_BAR (header), ":close");
  adw_header_bar_set_title_widget (ADW_HEADER_BAR (header), gtk_label_new (NULL));
  gtk_box_append (GTK_BOX (content), header);
  gtk_box_append (GTK_BOX (content), make_page (window, title, text));
  gtk_window_set_default_widget (GTK_WINDOW (window), NULL);
  gtk_window_set_title (GTK_WINDOW (window), title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (window), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  adw_window_set_content (window, content);
}
