/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A connection that a caller made and hands over. Reference-counted; main loop only. Who lets go of the last
 * reference while nobody took it ends the connection: also for a copy that the caller kept, which would go on
 * in the clear where TLS was meant. */
typedef struct _CardeaConnectedSocket CardeaConnectedSocket;

/* Takes @fd, also where it fails, and closes it then, which leaves what the caller has as it was: a stream
 * socket of TCP or of this machine that is connected. Never waits.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER, without "parameter": it is none;
 * CARDEA_ERROR_CONNECT_FAILED ("step", "message"): it was one, and its peer is gone. */
CardeaConnectedSocket *cardea_connected_socket_new (int fd, GError **error);
CardeaConnectedSocket *cardea_connected_socket_ref (CardeaConnectedSocket *self);
void cardea_connected_socket_unref (CardeaConnectedSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaConnectedSocket, cardea_connected_socket_unref)

/* A Unix socket, whose peer may ask the kernel who writes (unix(7), SCM_CREDENTIALS). */
gboolean cardea_connected_socket_is_local (const CardeaConnectedSocket *self);
/* The descriptor, CLOEXEC, once; the taker ends it with cardea_connected_socket_end(). @round_trip_us: to the
 * other end of the socket, which may be a proxy; 0: not known. */
int cardea_connected_socket_take (CardeaConnectedSocket *self, gint64 *round_trip_us);

/* Ends the connection for everybody and closes @fd. Never waits, whatever a copy of it was set to. */
void cardea_connected_socket_end (int fd);

G_END_DECLS
