/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* One certificate of a list. The signal "details" asks to see all of it. */
#define CARDEA_TYPE_CERTIFICATE_ROW (cardea_certificate_row_get_type ())
G_DECLARE_FINAL_TYPE (CardeaCertificateRow, cardea_certificate_row, CARDEA, CERTIFICATE_ROW, GtkListBoxRow)

CardeaCertificateRow *cardea_certificate_row_new (void);

/* @offer is copied into labels; @now (Unix seconds) decides on warnings. */
void cardea_certificate_row_show (CardeaCertificateRow *self, const CardeaPromptOffer *offer, gint64 now);
const char *cardea_certificate_row_get_id (CardeaCertificateRow *self);

/* Whether it is the chosen one, which its radio shows. Rows that do not fit have no radio. */
void cardea_certificate_row_set_chosen (CardeaCertificateRow *self, gboolean chosen);

G_END_DECLS
