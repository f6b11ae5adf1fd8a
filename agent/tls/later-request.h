/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tls/handshake.h"
#include "agent/tls/stream.h"

G_BEGIN_DECLS

typedef struct _CardeaTlsSocket CardeaTlsSocket;

/* A server's request for a certificate in an open stream (RFC 8446, 4.6.2); a CardeaAsker. Main loop only,
 * unless it says otherwise. */
#define CARDEA_TYPE_LATER_REQUEST (cardea_later_request_get_type ())
G_DECLARE_FINAL_TYPE (CardeaLaterRequest, cardea_later_request, CARDEA, LATER_REQUEST, GObject)

/* The thread that owns @socket, of which a reference is taken. @authority: who vouches for the server. */
CardeaLaterRequest *cardea_later_request_new (CardeaTlsSocket *socket, const char *authority);

/* DER names (GBytes), empty: any; borrowed. NULL: it names more than CARDEA_LIMIT_AUTHORITY_NAMES_BYTES. */
GPtrArray *cardea_later_request_get_authorities (CardeaLaterRequest *self);

/* Once. Takes @stream, which asked, and which nobody else uses until it is given back; @signer as
 * cardea_handshake_answer() has it. A worker signs. */
void cardea_later_request_answer_async (CardeaLaterRequest *self, CardeaTlsStream *stream,
                                        const CardeaSigner *signer, GAsyncReadyCallback callback,
                                        gpointer data);
/* The stream, also when it failed. @outcome: what its reader learns next, unless there is an error: then what
 * was decided was not sent, and the stream must not go on. Errors: HANDSHAKE_FAILED. */
CardeaTlsStream *cardea_later_request_answer_finish (CardeaLaterRequest *self, GAsyncResult *result,
                                                     CardeaStreamResult *outcome, GError **error);

G_END_DECLS
