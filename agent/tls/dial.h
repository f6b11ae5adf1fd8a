/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reaches host:port through the user's proxy settings: GSocketClient, so IPv6, happy eyeballs and proxies are
 * its. */
/* @proxy: NULL for the user's settings (looked up for https://HOST:PORT), "direct", or a proxy URI.
 * The result is a connected, non-blocking, close-on-exec descriptor that the caller owns; @round_trip_us is
 * how long the connecting took and may be NULL. Errors: CARDEA_ERROR_CONNECT_FAILED ("step": resolve, proxy,
 * connect; "message"), TIMED_OUT, CANCELLED. */
void cardea_dial_async (const char *host, guint16 port, const char *proxy, guint timeout_ms,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
int cardea_dial_finish (GAsyncResult *result, gint64 *round_trip_us, GError **error);

/* Brings a host name or address literal as callers write it into the form that is connected to, verified and
 * compared: lower-case A-labels (IDNA), addresses canonical, one trailing dot dropped, brackets refused.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER. */
char *cardea_host_name_normalise (const char *host, GError **error);

G_END_DECLS
