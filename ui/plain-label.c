/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Foreign text in a label: never as markup, and whole where a person asks for it. */

#include "ui/plain-label.h"

#include "ui/plain-text.h"

#define LEAST_CHARACTERS 10 /* as width-chars in the .ui files */

/* A hyphen at the end of a line that the name does not have would make another name of it. */
static void
forbid_hyphens (GtkLabel *label)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (label, attributes);
}

void
cardea_plain_label_set (GtkLabel *label, const char *text, gsize limit)
{
  g_autofree char *shown = cardea_plain_text (text, limit);
  GtkWidget *widget = GTK_WIDGET (label);

  cardea_plain_label_set_sentence (label, shown);
  if (cardea_plain_text_is_shortened (text, limit)) {
    g_autofree char *whole = cardea_plain_text (text, CARDEA_PLAIN_TEXT_TOOLTIP);

    gtk_widget_set_tooltip_text (widget, whole);
  } else {
    gtk_widget_set_tooltip_text (widget, NULL);
  }
}

void
cardea_plain_label_set_sentence (GtkLabel *label, const char *sentence)
{
  forbid_hyphens (label);
  gtk_label_set_text (label, sentence != NULL ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (label), sentence != NULL && *sentence != '\0');
}

void
cardea_plain_label_wrap (GtkLabel *label)
{
  gtk_label_set_wrap (label, TRUE);
  gtk_label_set_wrap_mode (label, PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars (label, LEAST_CHARACTERS);
}
