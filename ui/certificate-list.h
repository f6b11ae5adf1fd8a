/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ui/row-list.h"

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* Keeps the rows of a list in step with offers, without touching the rows of those that stay: the focus and
 * the selection stay with them. */

/* Called with a row that was added. */
typedef void (*CardeaCertificateListAdded) (GtkListBoxRow *row, gpointer data);

/* Shows those of @offers that fit, or those that do not. */
void cardea_certificate_list_show (GtkListBox *box, GPtrArray *offers, gboolean fitting, gint64 now,
                                   CardeaCertificateListAdded added, gpointer data);

/* The row of a certificate, or NULL. */
GtkListBoxRow *cardea_certificate_list_find (GtkListBox *box, const char *id);

/* How many of @offers fit, or do not. */
guint cardea_certificate_list_count (GPtrArray *offers, gboolean fitting);

/* The offer with this id, or NULL. */
const CardeaPromptOffer *cardea_certificate_list_offer (GPtrArray *offers, const char *id);

G_END_DECLS
