/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* A certificate that ends within so many days is told with a warning. */
#define CARDEA_CERTIFICATE_TEXT_WARNING_DAYS 30

/* All in the person's language; foreign text in them is isolated. Times are Unix seconds. */

/* "3 May 2027", in local time. */
char *cardea_certificate_text_day (gint64 time);
/* "Valid until 3 May 2027", "Expires in 12 days, on 3 May 2027", "Expired on 3 May 2026", "Not valid before
 * ...". */
char *cardea_certificate_text_validity (const CardeaPromptOffer *offer, gint64 now);
/* Whether the validity is to be shown as a warning. */
gboolean cardea_certificate_text_is_warning (const CardeaPromptOffer *offer, gint64 now);
/* "RSA, 2048 bits" of "rsa2048", "P-256" of "p256"; what it does not know as it is. */
char *cardea_certificate_text_key (const char *key);
/* "Signing in, e-mail"; "" without purposes. */
char *cardea_certificate_text_purposes (const char *const *purposes);
/* "Demo card in Example Reader 00". */
char *cardea_certificate_text_token (const char *label, const char *reader);
/* Hex digits in groups, as people compare them: "1f2e 3d4c". */
char *cardea_certificate_text_groups (const char *hex);

G_END_DECLS
