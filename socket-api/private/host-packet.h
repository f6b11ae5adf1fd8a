/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One packet to or from a SOCK_SEQPACKET socket, with at most one descriptor beside it. */

/* Sends the whole packet or nothing; @fd (or -1) stays the caller's.
 * Errors: G_IO_ERROR_WOULD_BLOCK on a non-blocking socket, else what errno says. */
gboolean cardea_host_packet_send (int socket, GBytes *packet, int fd, GError **error);

/* Reads one packet into @buffer. @length 0 is the peer's end. A packet larger than @size is an error, and so
 * is a descriptor where @fd is NULL, or a second one: G_IO_ERROR_INVALID_DATA, all of them closed. @fd
 * receives the descriptor (CLOEXEC, the caller's) or -1. Errors: G_IO_ERROR_WOULD_BLOCK on a non-blocking
 * socket. */
gboolean cardea_host_packet_receive (int socket, guint8 *buffer, gsize size, gsize *length, int *fd,
                                     GError **error);

G_END_DECLS
