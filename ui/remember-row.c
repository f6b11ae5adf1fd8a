/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* For how long an answer is remembered: a drop-down whose choices are whole sentences.
 *
 * The stock row cuts its choices at twenty characters, in the middle; these are what a person agrees to, so
 * they are shown whole: the chosen one as the row's subtitle, the others in lines that wrap. */

#include "ui/remember-row.h"

#include <glib/gi18n.h>

struct _CardeaRememberRow
{
  AdwComboRow parent_instance;
};

G_DEFINE_FINAL_TYPE (CardeaRememberRow, cardea_remember_row, ADW_TYPE_COMBO_ROW)

/* In the order of CardeaPromptRemember. */
static const char *const choices[] = {
  [CARDEA_PROMPT_REMEMBER_NOT] = N_ ("Only this time"),
  [CARDEA_PROMPT_REMEMBER_REMOVAL] = N_ ("Until the token is removed"),
  [CARDEA_PROMPT_REMEMBER_ALWAYS] = N_ ("Always for this program on this server"),
};

static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new (NULL);
  GtkWidget *check = gtk_image_new_from_icon_name ("object-select-symbolic");

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 28);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), check);
  gtk_list_item_set_child (item, box);
}

/* The choice is told with the row's name; the row itself says nothing of it. */
static void
on_chosen (CardeaRememberRow *self)
{
  const char *choice = _ (choices[cardea_remember_row_get (self)]);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, choice, -1);
}

static void
on_selected (AdwComboRow *row, GParamSpec *pspec, GtkListItem *item)
{
  GtkWidget *check = gtk_widget_get_last_child (gtk_list_item_get_child (item));

  gtk_widget_set_opacity (check,
                          adw_combo_row_get_selected (row) == gtk_list_item_get_position (item) ? 1 : 0);
}

static void
on_bind (GtkSignalListItemFactory *factory, GtkListItem *item, AdwComboRow *row)
{
  GtkWidget *label = gtk_widget_get_first_child (gtk_list_item_get_child (item));

  gtk_label_set_text (GTK_LABEL (label), gtk_string_object_get_string (gtk_list_item_get_item (item)));
  g_signal_connect_object (row, "notify::selected", G_CALLBACK (on_selected), item, 0);
  on_selected (row, NULL, item);
}

static void
on_unbind (GtkSignalListItemFactory *factory, GtkListItem *item, AdwComboRow *row)
{
  g_signal_handlers_disconnect_by_func (row, on_selected, item);
}

static void
cardea_remember_row_class_init (CardeaRememberRowClass *klass)
{
}

static void
cardea_remember_row_init (CardeaRememberRow *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), NULL);
  g_signal_connect_object (factory, "bind", G_CALLBACK (on_bind), self, 0);
  g_signal_connect_object (factory, "unbind", G_CALLBACK (on_unbind), self, 0);
  g_signal_connect (self, "notify::selected", G_CALLBACK (on_chosen), NULL);
  gtk_widget_add_css_class (GTK_WIDGET (self), "cardea-remember");
  adw_combo_row_set_use_subtitle (ADW_COMBO_ROW (self), TRUE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), _ ("Remember This Answer"));
  adw_action_row_set_title_lines (ADW_ACTION_ROW (self), 0);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self), 0);
  adw_combo_row_set_list_factory (ADW_COMBO_ROW (self), factory);
}

void
cardea_remember_row_set_most (CardeaRememberRow *self, CardeaPromptRemember most)
{
  g_autoptr (GtkStringList) model = gtk_string_list_new (NULL);

  for (guint i = 0; i <= (guint)most && i < G_N_ELEMENTS (choices); i++)
    gtk_string_list_append (model, _ (choices[i]));
  adw_combo_row_set_model (ADW_COMBO_ROW (self), G_LIST_MODEL (model));
  adw_combo_row_set_selected (ADW_COMBO_ROW (self), CARDEA_PROMPT_REMEMBER_NOT);
  on_chosen (self);
  gtk_widget_set_visible (GTK_WIDGET (self), most != CARDEA_PROMPT_REMEMBER_NOT);
}

CardeaPromptRemember
cardea_remember_row_get (CardeaRememberRow *self)
{
  guint selected = adw_combo_row_get_selected (ADW_COMBO_ROW (self));

  return selected < G_N_ELEMENTS (choices) ? (CardeaPromptRemember)selected : CARDEA_PROMPT_REMEMBER_NOT;
}
