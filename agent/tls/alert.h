/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  CARDEA_ALERT_LEVEL_WARNING = 1, /* RFC 5246, 7.2 */
};

enum
{
  CARDEA_ALERT_CLOSE_NOTIFY = 0,
  CARDEA_ALERT_HANDSHAKE_FAILURE = 40,
  CARDEA_ALERT_DECRYPT_ERROR = 51,
  CARDEA_ALERT_PROTOCOL_VERSION = 70,
  CARDEA_ALERT_USER_CANCELED = 90,
};

/* "bad_certificate" (RFC 8446, 6; RFC 8446 leaves the names of older alerts out, they are TLS 1.2's);
 * "alert_200" for one that has no name. Static or interned: not to be freed. */
const char *cardea_alert_to_name (guint alert);
/* What it means, as the end of a sentence that begins with the server. */
const char *cardea_alert_explain (guint alert);
/* Whether it can only be about the certificate of the client, or the lack of one. */
gboolean cardea_alert_is_about_certificate (guint alert);
/* Whether a server may mean that when it says no to a client's certificate, or to the lack of one: TLS 1.2
 * has few names for it (RFC 5246, 7.4.6 and 7.4.8). */
gboolean cardea_alert_may_be_about_certificate (guint alert);

G_END_DECLS
