/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/decision.h"
#include "agent/tls/socket.h"

G_BEGIN_DECLS

/* Errors of a handshake, in words a person can act on, with the parameters that org.cardea.agent gives them.
 */

/* From what the socket saw; @certificate_sent: after our Finished an alert is a verdict on our certificate.
 * CARDEA_ERROR_HANDSHAKE_FAILED, CERTIFICATE_REJECTED, or SERVER_NOT_TRUSTED where NSS itself refused the
 * server's key. */
GError *cardea_failure_from_socket (const CardeaTlsSocket *socket, gboolean finished,
                                    gboolean certificate_sent);
/* CARDEA_ERROR_HANDSHAKE_FAILED; @alert: a name or NULL. */
GError *cardea_failure_new (const char *alert, const char *format, ...) G_GNUC_PRINTF (2, 3);
GError *cardea_failure_new_timeout (void);
/* Why there was no signature to send: refused or wrong. */
GError *cardea_failure_from_signing (CardeaSignOutcome outcome);

G_END_DECLS
