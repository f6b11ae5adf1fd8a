/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A row of buttons that becomes a column in a narrow window or with large text, where their words would be
 * cut. */

#include "ui/button-layout.h"

#define SPACING 12

struct _CardeaButtonLayout
{
  GtkLayoutManager parent_instance;
};

G_DEFINE_FINAL_TYPE (CardeaButtonLayout, cardea_button_layout, GTK_TYPE_LAYOUT_MANAGER)

typedef struct
{
  int n;           /* visible buttons */
  int min, widest; /* of the longest: at least, and with its words on one line */
} Widths;

static Widths
measure_widths (GtkWidget *widget)
{
  Widths widths = { 0 };

  for (GtkWidget *at = gtk_widget_get_first_child (widget); at != NULL;
       at = gtk_widget_get_next_sibling (at)) {
    int min, natural;

    if (!gtk_widget_should_layout (at))
      continue;
    gtk_widget_measure (at, GTK_ORIENTATION_HORIZONTAL, -1, &min, &natural, NULL, NULL);
    widths.n++;
    widths.min = MAX (widths.min, min);
    widths.widest = MAX (widths.widest, natural);
  }
  return widths;
}

static int
row_width (const Widths *widths)
{
  return widths->n * widths->widest + MAX (0, widths->n - 1) * SPACING;
}

static int
child_height (GtkWidget *child, int width)
{
  int natural;

  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, NULL, &natural, NULL, NULL);
  return natural;
}

static int
measure_height (GtkWidget *widget, int width)
{
  Widths widths = measure_widths (widget);
  gboolean row = width < 0 || width >= row_width (&widths);
  int tallest = 0, sum = MAX (0, widths.n - 1) * SPACING;

  for (GtkWidget *at = gtk_widget_get_first_child (widget); at != NULL;
       at = gtk_widget_get_next_sibling (at)) {
    int height = gtk_widget_should_layout (at) ? child_height (at, row ? -1 : width) : 0;

    tallest = MAX (tallest, height);
    sum += height;
  }
  return row ? tallest : sum;
}

static void
measure (GtkLayoutManager *manager, GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
         int *natural, int *minimum_baseline, int *natural_baseline)
{
  if (orientation == GTK_ORIENTATION_VERTICAL) {
    *minimum = *natural = measure_height (widget, for_size);
  } else {
    Widths widths = measure_widths (widget);

    *minimum = widths.min;
    *natural = row_width (&widths);
  }
}

static void
allocate_row (GtkWidget *widget, int n, int width, int height)
{
  gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int each = (width - (n - 1) * SPACING) / n, i = 0;

  for (GtkWidget *at = gtk_widget_get_first_child (widget); at != NULL;
       at = gtk_widget_get_next_sibling (at)) {
    int place = rtl ? n - 1 - i : i;

    if (!gtk_widget_should_layout (at))
      continue;
    gtk_widget_size_allocate (at, &(GtkAllocation){ place * (each + SPACING), 0, each, height }, -1);
    i++;
  }
}

static void
allocate_column (GtkWidget *widget, int width)
{
  int y = 0;

  for (GtkWidget *at = gtk_widget_get_last_child (widget); at != NULL;
       at = gtk_widget_get_prev_sibling (at)) {
    int height;

    if (!gtk_widget_should_layout (at))
      continue;
    height = child_height (at, width);
    gtk_widget_size_allocate (at, &(GtkAllocation){ 0, y, width, height }, -1);
    y += height + SPACING;
  }
}

static void
allocate (GtkLayoutManager *manager, GtkWidget *widget, int width, int height, int baseline)
{
  Widths widths = measure_widths (widget);

  if (widths.n > 0 && width >= row_width (&widths))
    allocate_row (widget, widths.n, width, height);
  else
    allocate_column (widget, width);
}

static GtkSizeRequestMode
get_request_mode (GtkLayoutManager *manager, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
cardea_button_layout_class_init (CardeaButtonLayoutClass *klass)
{
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  layout_class->measure = measure;
  layout_class->allocate = allocate;
  layout_class->get_request_mode = get_request_mode;
}

static void
cardea_button_layout_init (CardeaButtonLayout *self)
{
}

GtkLayoutManager *
cardea_button_layout_new (void)
{
  return g_object_new (CARDEA_TYPE_BUTTON_LAYOUT, NULL);
}
