/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/cli/starttls.h"

G_BEGIN_DECLS

/* A connection of the command's own, up to where TLS begins. Blocking; @deadline is monotonic.
 * Errors of both: CARDEA_ERROR_CONNECT_FAILED ("step", "message"), CARDEA_ERROR_TIMED_OUT ("what"). */

/* Reaches the server. @proxy: a URI, "direct", or NULL for the user's settings. Returns a descriptor of the
 * caller's, or -1. */
int cardea_own_connection_new (const char *host, guint16 port, const char *proxy, gint64 deadline,
                               GError **error);
/* Talks until the server waits for TLS. Not a byte of what it says then is taken from @fd. */
gboolean cardea_own_connection_talk (int fd, CardeaStarttls *talk, gint64 deadline, GError **error);

G_END_DECLS
