/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* All there is to know of a certificate, to be compared and copied. */
#define CARDEA_TYPE_CERTIFICATE_DETAILS (cardea_certificate_details_get_type ())
G_DECLARE_FINAL_TYPE (CardeaCertificateDetails, cardea_certificate_details, CARDEA, CERTIFICATE_DETAILS,
                      GtkBox)

/* @offer is copied into labels. */
void cardea_certificate_details_show (CardeaCertificateDetails *self, const CardeaPromptOffer *offer);

G_END_DECLS
