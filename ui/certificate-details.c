/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The details of a certificate: a line for each, with a button that copies it.
 *
 * What is copied is clean as well (ui/plain-text.h), without the isolating characters: it may be pasted
 * anywhere. */

#include "ui/certificate-details.h"

#include <glib/gi18n.h>

#include "ui/certificate-text.h"
#include "ui/plain-label.h"
#include "ui/plain-text.h"

struct _CardeaCertificateDetails
{
  GtkBox parent_instance;

  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (CardeaCertificateDetails, cardea_certificate_details, GTK_TYPE_BOX)

static void
on_copy_clicked (GtkButton *button, const char *text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (button)), text);
}

static void
free_text (gpointer text, GClosure *closure)
{
  g_free (text);
}

static GtkWidget *
new_label (const char *text, const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  cardea_plain_label_set_sentence (GTK_LABEL (label), text);
  cardea_plain_label_wrap (GTK_LABEL (label));
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
new_copy_button (const char *title, const char *copied)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-copy-symbolic");
  g_autofree char *name = g_strdup_printf (_ ("Copy: %s"), title);

  gtk_widget_set_tooltip_text (button, _ ("Copy"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "circular");
  g_signal_connect_data (button, "clicked", G_CALLBACK (on_copy_clicked), g_strdup (copied), free_text, 0);
  return button;
}

static void
add_line (CardeaCertificateDetails *self, const char *title, const char *shown, const char *copied)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);

  if (*shown == '\0')
    shown = copied = _ ("None");
  gtk_box_append (GTK_BOX (words), new_label (title, "cardea-detail-title"));
  gtk_box_append (GTK_BOX (words), new_label (shown, NULL));
  gtk_widget_set_hexpand (words, TRUE);
  gtk_box_append (GTK_BOX (box), words);
  gtk_box_append (GTK_BOX (box), new_copy_button (title, copied));
  gtk_widget_add_css_class (box, "cardea-detail");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, shown, -1);
  gtk_list_box_append (self->list, row);
}

static void
add_foreign (CardeaCertificateDetails *self, const char *title, const char *text)
{
  g_autofree char *shown = cardea_plain_text (text, CARDEA_PLAIN_TEXT_TOOLTIP);
  g_autofree char *copied = cardea_plain_text_bare (text, 0);

  add_line (self, title, shown, copied);
}

static void
add_hex (CardeaCertificateDetails *self, const char *title, const char *hex)
{
  g_autofree char *groups = cardea_certificate_text_groups (hex);
  g_autofree char *copied = cardea_plain_text_bare (hex, 0);

  add_line (self, title, groups, copied);
}

void
cardea_certificate_details_show (CardeaCertificateDetails *self, const CardeaPromptOffer *offer)
{
  g_autofree char *from = cardea_certificate_text_day (offer->not_before);
  g_autofree char *to = cardea_certificate_text_day (offer->not_after);
  g_autofree char *key = cardea_certificate_text_key (offer->key);
  g_autofree char *purposes = cardea_certificate_text_purposes ((const char *const *)offer->purposes);
  GtkWidget *row;

  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, row);
  add_foreign (self, _ ("Holder"), offer->subject_name);
  add_foreign (self, _ ("Issuer"), offer->issuer_name);
  add_hex (self, _ ("Serial number"), offer->serial);
  add_hex (self, _ ("SHA-256 fingerprint"), offer->sha256);
  add_line (self, _ ("Valid from"), from, from);
  add_line (self, _ ("Valid until"), to, to);
  add_line (self, _ ("Key"), key, key);
  add_line (self, _ ("Key usage"), purposes, purposes);
}

static void
cardea_certificate_details_class_init (CardeaCertificateDetailsClass *klass)
{
}

static void
cardea_certificate_details_init (CardeaCertificateDetails *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Certificate details"), -1);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->list));
}
