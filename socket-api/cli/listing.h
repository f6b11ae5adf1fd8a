/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The agent's replies as text for people. Each takes the parameters of a reply, in which anything may be
 * missing. */
char *cardea_listing_tokens (json_t *reply);       /* of ListTokens */
char *cardea_listing_certificates (json_t *reply); /* of ListCertificates */
char *cardea_listing_sessions (json_t *reply);     /* of ListSessions */
char *cardea_listing_decisions (json_t *reply);    /* of ListDecisions */

/* One line each: what is wrong, then what to do. */
void cardea_listing_append_problems (GString *text, json_t *problems, const char *indent);

/* Who vouches for the server ("system", ...), whether it was asked if the certificate is revoked, and the
 * states of a PIN and of a token, in words. */
const char *cardea_listing_vouched_by (const char *value);
/* Of a session that goes on with an earlier one's; NULL of any other. */
const char *cardea_listing_resumed (json_t *session);
const char *cardea_listing_revocation (const char *value);
const char *cardea_listing_pin (const char *value);
const char *cardea_listing_token_state (const char *value);

G_END_DECLS
