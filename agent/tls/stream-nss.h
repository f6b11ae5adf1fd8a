/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/socket.h"
#include "agent/tls/stream.h"

G_BEGIN_DECLS

/* The stream of a finished handshake; takes @socket. @authority: what a person calls who vouches for the
 * server. */
CardeaTlsStream *cardea_nss_stream_new (CardeaTlsSocket *socket, gboolean certificate_sent,
                                        const char *authority);

G_END_DECLS
