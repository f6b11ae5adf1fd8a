/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"
#include "socket-api/private/host-protocol.h"

G_BEGIN_DECLS

/* A listing while it arrives, packet by packet, from a process that may say anything. */
typedef struct _CardeaHostCollector CardeaHostCollector;

CardeaHostCollector *cardea_host_collector_new (guint64 generation, CardeaHostRoles roles);
void cardea_host_collector_free (CardeaHostCollector *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaHostCollector, cardea_host_collector_free)

/* Takes one item. FALSE when it does not belong into a listing, or there were more than an honest host sends:
 * nothing of such a host is to be believed. */
gboolean cardea_host_collector_add (CardeaHostCollector *self, const CardeaHostMessage *item);
/* What was collected; the collector is empty afterwards. */
CardeaHostListing *cardea_host_collector_finish (CardeaHostCollector *self);

/* Text from a token or a module for a person: up to its first NUL, valid UTF-8, blanks trimmed, and nothing
 * in it that moves a cursor or reverses the direction of what stands beside it. */
char *cardea_host_text (const CardeaHostBytes *bytes);

G_END_DECLS
