/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The answer to one HTTP/1.0 request, as it comes in. Success is status 200 and a body as it is: what is
 * moved, encoded or cut into chunks is a failure. */
typedef struct _CardeaHttpResponse CardeaHttpResponse;

typedef enum
{
  CARDEA_HTTP_MORE, /* is awaited */
  CARDEA_HTTP_WHOLE,
  CARDEA_HTTP_FAILED, /* with the error */
} CardeaHttpProgress;

/* @limit: bytes of the body; a head has its own. */
CardeaHttpResponse *cardea_http_response_new (gsize limit);
void cardea_http_response_free (CardeaHttpResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaHttpResponse, cardea_http_response_free)

/* What was received next; @length 0: the end. Not called again but after MORE. Errors:
 * G_IO_ERROR_INVALID_DATA, G_IO_ERROR_FAILED for another status. */
CardeaHttpProgress cardea_http_response_add (CardeaHttpResponse *self, const guint8 *data, gsize length,
                                             GError **error);
/* Of a whole one; the caller owns it. */
GBytes *cardea_http_response_get_body (CardeaHttpResponse *self);

G_END_DECLS
