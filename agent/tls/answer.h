/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/decision.h"
#include "agent/tls/socket.h"

G_BEGIN_DECLS

/* The answer to a request for a certificate, in a handshake or after it. */

/* The socket's owner, while a request is pending. @decision NULL: no certificate. Signs, so it blocks. */
CardeaTlsStep cardea_answer_send (CardeaTlsSocket *socket, CardeaDecision *decision);
/* The socket's owner, afterwards: whether exactly this certificate went out, with one signature. */
gboolean cardea_answer_was_sent (CardeaTlsSocket *socket, CardeaDecision *decision);
/* The main loop, while a request is pending: whether the server accepts a signature scheme that the
 * certificate's key can make, an RSA key by those its token makes. Another thread may write meanwhile: what
 * is looked at here changes only when NSS takes in the next message of the server's, which it does not before
 * it has the answer. */
gboolean cardea_answer_is_possible (CardeaTlsSocket *socket, CardeaCertificate *certificate,
                                    CardeaRsaSchemes rsa_schemes);

G_END_DECLS
