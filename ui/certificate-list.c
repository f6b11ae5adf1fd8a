/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rows that follow the offers while tokens come and go. */

#include "ui/certificate-list.h"

#include "ui/certificate-row.h"

static gboolean
belongs (const CardeaPromptOffer *offer, gboolean fitting)
{
  return (offer->reasons->len == 0) == !!fitting;
}

guint
cardea_certificate_list_count (GPtrArray *offers, gboolean fitting)
{
  guint n = 0;

  for (guint i = 0; i < offers->len; i++)
    n += belongs (g_ptr_array_index (offers, i), fitting) ? 1 : 0;
  return n;
}

const CardeaPromptOffer *
cardea_certificate_list_offer (GPtrArray *offers, const char *id)
{
  for (guint i = 0; i < offers->len; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (offers, i);

    if (g_strcmp0 (offer->id, id) == 0)
      return offer;
  }
  return NULL;
}

GtkListBoxRow *
cardea_certificate_list_find (GtkListBox *box, const char *id)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (box, i)) != NULL; i++)
    if (g_strcmp0 (cardea_certificate_row_get_id (CARDEA_CERTIFICATE_ROW (row)), id) == 0)
      return row;
  return NULL;
}

static void
remove_absent (GtkListBox *box, GPtrArray *offers, gboolean fitting)
{
  GtkListBoxRow *row;
  int i = 0;

  while ((row = gtk_list_box_get_row_at_index (box, i)) != NULL) {
    const char *id = cardea_certificate_row_get_id (CARDEA_CERTIFICATE_ROW (row));
    const CardeaPromptOffer *offer = cardea_certificate_list_offer (offers, id);

    if (offer != NULL && belongs (offer, fitting))
      i++;
    else
      gtk_list_box_remove (box, GTK_WIDGET (row));
  }
}

static int
place_of (GtkListBoxRow *row, GPtrArray *offers)
{
  const char *id = cardea_certificate_row_get_id (CARDEA_CERTIFICATE_ROW (row));

  for (guint i = 0; i < offers->len; i++)
    if (g_strcmp0 (((const CardeaPromptOffer *)g_ptr_array_index (offers, i))->id, id) == 0)
      return (int)i;
  return G_MAXINT;
}

static int
compare_places (GtkListBoxRow *a, GtkListBoxRow *b, gpointer offers)
{
  return place_of (a, offers) - place_of (b, offers);
}

void
cardea_certificate_list_show (GtkListBox *box, GPtrArray *offers, gboolean fitting, gint64 now,
                              CardeaCertificateListAdded added, gpointer data)
{
  gtk_list_box_set_sort_func (box, NULL, NULL, NULL);
  remove_absent (box, offers, fitting);
  for (guint i = 0; i < offers->len; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (offers, i);
    GtkListBoxRow *row = cardea_certificate_list_find (box, offer->id);

    if (!belongs (offer, fitting))
      continue;
    if (row != NULL) {
      cardea_certificate_row_show (CARDEA_CERTIFICATE_ROW (row), offer, now);
    } else {
      row = GTK_LIST_BOX_ROW (cardea_certificate_row_new ());
      cardea_certificate_row_show (CARDEA_CERTIFICATE_ROW (row), offer, now);
      gtk_list_box_append (box, GTK_WIDGET (row));
      added (row, data);
    }
  }
  gtk_list_box_set_sort_func (box, compare_places, g_ptr_array_ref (offers),
                              (GDestroyNotify)g_ptr_array_unref);
}
