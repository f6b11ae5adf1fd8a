/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/socket.h"

G_BEGIN_DECLS

/* TLS 1.2 on one socket, as little of it as there is any need for. */

/* To be called before the handshake begins: versions, suites and signatures of a socket that may speak it.
 * FALSE: NSS says why. */
gboolean cardea_tls12_enable (PRFileDesc *fd);
/* From the hook that has the server's certificate: what was agreed on so far. */
void cardea_tls12_note (CardeaTlsSocket *socket);
/* Whether NSS agreed on TLS 1.2; known once the server's certificate is. */
gboolean cardea_tls12_is_spoken (const CardeaTlsSocket *socket);
/* While it is spoken, and after the server signed: from now on RSA keys of ours sign in these ways only. */
void cardea_tls12_limit_rsa (const CardeaTlsSocket *socket, CardeaRsaSchemes schemes);
/* Why the connection may not go on though the server's certificate may be good; NULL when it may. */
GError *cardea_tls12_find_fault (const CardeaTlsSocket *socket);

G_END_DECLS
