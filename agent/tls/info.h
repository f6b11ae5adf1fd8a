/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/handshake.h"
#include "agent/tls/socket.h"

G_BEGIN_DECLS

/* What was agreed on, of a finished handshake; who vouched is for the caller to add. NULL when NSS does not
 * say. */
CardeaTlsInfo *cardea_tls_info_new (CardeaTlsSocket *socket);
/* Whether NSS sent exactly this certificate. */
gboolean cardea_tls_info_was_sent (CardeaTlsSocket *socket, const CERTCertificate *certificate);

G_END_DECLS
