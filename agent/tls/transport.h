/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <prio.h>

G_BEGIN_DECLS

/* What is below NSS: a connected stream socket, of TCP or of this machine. Takes @raw, also on failure, and
 * ends the connection when it is closed. No call waits, and what the open file is set to does not matter: a
 * caller may have a copy of it. A server that does not begin with TLS is SSL_ERROR_RX_UNKNOWN_RECORD_TYPE.
 * TCP sends at once what it is given, and notices a peer that vanished. NULL: out of memory. */
PRFileDesc *cardea_transport_new (int raw);

G_END_DECLS
