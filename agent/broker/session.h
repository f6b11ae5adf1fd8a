/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/end.h"
#include "agent/caller/caller.h"
#include "agent/relay/relay.h"
#include "agent/tls/handshake.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* One authenticated connection: what was agreed on, its stream, how it ended. Main loop only.
 * Signal "ended" (): once; get_end() then tells. Signal "attached" (): it has a relay. Signal "changed" ():
 * it has another certificate than before, or was asked for one. A session that is dropped before it got its
 * program's socket closes the connection. */
#define CARDEA_TYPE_SESSION (cardea_session_get_type ())
G_DECLARE_FINAL_TYPE (CardeaSession, cardea_session, CARDEA, SESSION, GObject)

/* Takes stream and info. @certificate NULL: anonymous. @id: unguessable. */
CardeaSession *cardea_session_new (CardeaCaller *caller, const char *server_name, guint16 port,
                                   CardeaTlsStream *stream, CardeaTlsInfo *info,
                                   CardeaTokenCertificate *certificate);

/* The server asked for a certificate in the open stream; it was answered, with @certificate or none (NULL).
 */
void cardea_session_note_requested (CardeaSession *self);
void cardea_session_take_answer (CardeaSession *self, CardeaTokenCertificate *certificate);

/* The program's end, taken: from now on bytes flow. @early: bytes it sent before the reply, or NULL. Once. */
void cardea_session_attach (CardeaSession *self, CardeaRelayPool *relays, int fd, GBytes *early);
void cardea_session_stop (CardeaSession *self, CardeaEndHow how);

CardeaRelay *cardea_session_get_relay (CardeaSession *self); /* borrowed; NULL before it is attached */
const char *cardea_session_get_id (CardeaSession *self);
CardeaCaller *cardea_session_get_caller (CardeaSession *self);
const char *cardea_session_get_server_name (CardeaSession *self);
guint16 cardea_session_get_port (CardeaSession *self);
/* Both NULL once it has ended. */
const CardeaTlsInfo *cardea_session_get_info (CardeaSession *self);
CardeaTokenCertificate *cardea_session_get_certificate (CardeaSession *self);
gint64 cardea_session_get_started (CardeaSession *self); /* Unix seconds */
void cardea_session_get_bytes (CardeaSession *self, guint64 *in, guint64 *out);
const CardeaEnd *cardea_session_get_end (CardeaSession *self); /* NULL while it lives */

G_END_DECLS
