/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list that Tab passes in one step.
 *
 * GtkListBox moves the selection with the focus, and Tab moves the focus through all rows: whoever tabs to a
 * button behind the list would have chosen the last certificate. GtkListBox cannot be derived from, so this
 * widget stands around it and decides where Tab goes. */

#include "ui/row-list.h"

struct _CardeaRowList
{
  GtkWidget parent_instance;

  GtkListBox *box;     /* owned as child */
  GtkListBoxRow *last; /* weak: had the focus last */
};

G_DEFINE_FINAL_TYPE (CardeaRowList, cardea_row_list, GTK_TYPE_WIDGET)

/* The row that has the focus, in itself or in what it holds. */
static GtkListBoxRow *
focused_row (CardeaRowList *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (focus == NULL || !gtk_widget_is_ancestor (focus, GTK_WIDGET (self->box)))
    return NULL;
  if (GTK_IS_LIST_BOX_ROW (focus))
    return GTK_LIST_BOX_ROW (focus);
  return GTK_LIST_BOX_ROW (gtk_widget_get_ancestor (focus, GTK_TYPE_LIST_BOX_ROW));
}

static GtkListBoxRow *
entry_row (CardeaRowList *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->box);

  if (row == NULL)
    row = self->last;
  return row != NULL ? row : gtk_list_box_get_row_at_index (self->box, 0);
}

static gboolean
focus_inside (GtkListBoxRow *row, GtkDirectionType direction)
{
  GtkWidget *child = gtk_list_box_row_get_child (row);

  return child != NULL && gtk_widget_child_focus (child, direction);
}

static gboolean
enter (CardeaRowList *self, GtkDirectionType direction)
{
  GtkListBoxRow *row = entry_row (self);

  if (row == NULL)
    return FALSE;
  if (direction == GTK_DIR_TAB_BACKWARD && focus_inside (row, direction))
    return TRUE;
  return gtk_widget_grab_focus (GTK_WIDGET (row));
}

static gboolean
focus (GtkWidget *widget, GtkDirectionType direction)
{
  CardeaRowList *self = CARDEA_ROW_LIST (widget);
  GtkListBoxRow *row = focused_row (self);

  if (direction != GTK_DIR_TAB_FORWARD && direction != GTK_DIR_TAB_BACKWARD)
    return gtk_widget_child_focus (GTK_WIDGET (self->box), direction);
  if (row == NULL)
    return enter (self, direction);
  g_set_weak_pointer (&self->last, row);
  if (direction == GTK_DIR_TAB_FORWARD || !gtk_widget_is_focus (GTK_WIDGET (row))) {
    if (focus_inside (row, direction))
      return TRUE;
    return direction == GTK_DIR_TAB_BACKWARD && gtk_widget_grab_focus (GTK_WIDGET (row));
  }
  return FALSE;
}

static void
dispose (GObject *object)
{
  CardeaRowList *self = CARDEA_ROW_LIST (object);

  g_clear_weak_pointer (&self->last);
  if (self->box != NULL)
    gtk_widget_unparent (GTK_WIDGET (g_steal_pointer (&self->box)));
  G_OBJECT_CLASS (cardea_row_list_parent_class)->dispose (object);
}

static void
cardea_row_list_class_init (CardeaRowListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  widget_class->focus = focus;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
cardea_row_list_init (CardeaRowList *self)
{
  self->box = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->box), "boxed-list");
  gtk_widget_set_parent (GTK_WIDGET (self->box), GTK_WIDGET (self));
}

GtkListBox *
cardea_row_list_get_box (CardeaRowList *self)
{
  return self->box;
}
