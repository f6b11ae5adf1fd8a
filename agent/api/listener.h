/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The socket programs connect to. Main loop only. */
typedef struct _CardeaListener CardeaListener;

/* @fd: a connection, taken, non-blocking and close-on-exec. */
typedef void (*CardeaIncoming) (int fd, gpointer user_data);

/* Makes the socket at @path (absolute), mode 0600, in a folder that is ours alone, made 0700 when it is
 * missing. A socket that nobody serves is replaced; a lock beside it keeps two from doing so at once. Errors:
 * CARDEA_ERROR_CONFIGURATION with what to do; G_IO_ERROR_ADDRESS_IN_USE when an agent is running already. */
CardeaListener *cardea_listener_new (const char *path, CardeaIncoming incoming, gpointer user_data,
                                     GError **error);
/* @fd: a listening Unix stream socket that somebody else made (systemd), taken also on failure. */
CardeaListener *cardea_listener_new_for_fd (int fd, CardeaIncoming incoming, gpointer user_data,
                                            GError **error);
/* Stops listening; a socket that it made is removed. */
void cardea_listener_free (CardeaListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaListener, cardea_listener_free)

G_END_DECLS
