/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"

G_BEGIN_DECLS

/* PKCS#11 URIs (RFC 7512) without a query: what people and programs name tokens and certificates by. */

/* token, manufacturer, model and serial, as far as they are not empty. */
char *cardea_uri_for_token (const CardeaHostToken *token);
/* Of a card reader (slot-description), for a card of which nothing else is known. */
char *cardea_uri_for_reader (const char *name);
/* The token's, and id, object, type=cert. */
char *cardea_uri_for_certificate (const CardeaHostToken *token, GBytes *id, const char *label);

G_END_DECLS
