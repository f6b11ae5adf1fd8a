/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "socket-api/private/host-protocol.h"

G_BEGIN_DECLS

/* The agent's end of a host's socket: packets out in order, messages in. Main loop only. */
typedef struct _CardeaHostChannel CardeaHostChannel;

/* @message NULL: the channel is over, because the host closed it (@error NULL) or said what no host says. It
 * is not called again then. The callback may free the channel. */
typedef void (*CardeaHostChannelReceived) (const CardeaHostMessage *message, const GError *error,
                                           gpointer data);

/* Takes @socket. */
CardeaHostChannel *cardea_host_channel_new (int socket, GMainContext *context,
                                            CardeaHostChannelReceived received, gpointer data);
void cardea_host_channel_free (CardeaHostChannel *self);

/* Sends as soon as the socket takes it. Takes @packet and @fd (or -1), which is closed once sent. */
void cardea_host_channel_send (CardeaHostChannel *self, GBytes *packet, int fd);

G_END_DECLS
