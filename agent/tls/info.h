/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/handshake.h"
#include "agent/tls/socket.h"

G_BEGIN_DECLS

/* What was agreed on, of a finished handshake; who vouched is for the caller to add. NULL when NSS does not
 * say. */
CardeaTlsInfo *cardea_tls_info_new (CardeaTlsSocket *socket);
/* The same before the end of the handshake, once the server's part is in. Nothing of it counts before the
 * server was verified. */
CardeaTlsInfo *cardea_tls_info_new_so_far (CardeaTlsSocket *socket);
/* Whether NSS sent exactly this certificate. */
gboolean cardea_tls_info_was_sent (CardeaTlsSocket *socket, const CERTCertificate *certificate);

G_END_DECLS
