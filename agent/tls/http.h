/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One small thing from a web server, by plain HTTP: no redirect is followed, nothing is said of who asks. */
typedef struct
{
  const char *url;          /* cardea_revocation_place_is_url() */
  GBytes *body;             /* sent by POST; NULL: GET */
  const char *content_type; /* of @body */
  gsize limit;              /* bytes of the answer */
} CardeaHttpRequest;

/* Through the user's proxies. There is no time limit but the caller's, who cancels. The request is copied.
 * Errors: those of GIO. */
void cardea_http_fetch_async (const CardeaHttpRequest *request, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
GBytes *cardea_http_fetch_finish (GAsyncResult *result, GError **error);

G_END_DECLS
