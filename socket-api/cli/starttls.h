/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The talk in the clear by which a client and a server agree to begin TLS, without the network: what the
 * server said goes in, what to say next comes out. Nothing of it is trusted, nor kept: it ends with a server
 * that waits for TLS, or with an error. Bounded by CARDEA_LIMIT_STARTTLS_LINE and
 * CARDEA_LIMIT_STARTTLS_BYTES.
 */
typedef struct _CardeaStarttls CardeaStarttls;

/* The protocols' names for a person: "smtp, imap, ...". */
char *cardea_starttls_list_protocols (void);

/* NULL: there is no such @protocol. @host: whom XMPP addresses; UTF-8. */
CardeaStarttls *cardea_starttls_new (const char *protocol, const char *host);
void cardea_starttls_free (CardeaStarttls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaStarttls, cardea_starttls_free)

/* What is to be sent now, or NULL; once. */
GBytes *cardea_starttls_take_output (CardeaStarttls *self);
/* The server waits for TLS. */
gboolean cardea_starttls_is_done (const CardeaStarttls *self);
/* What came from the server. FALSE: the talk is over. Bytes behind the server's consent are an error, as
 * nobody knows whose they are (CVE-2011-0411). Errors: CARDEA_ERROR_CONNECT_FAILED ("step": starttls,
 * "message"), with some of the server's words, which are UTF-8 and not safe for a terminal. */
gboolean cardea_starttls_feed (CardeaStarttls *self, const guint8 *bytes, gsize length, GError **error);

G_END_DECLS
