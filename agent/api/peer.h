/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/call.h"
#include "agent/api/quota.h"

G_BEGIN_DECLS

/* One program's connection: bytes to calls, answers to bytes. It knows the protocol and the limits, no
 * method. Main loop only. */
typedef struct _CardeaPeer CardeaPeer;

typedef struct
{
  /* A call came; hold a reference until it is answered. */
  void (*call) (CardeaPeer *peer, CardeaCall *call, gpointer user_data);
  /* The connection is over or has become a stream: free the peer, here or later. */
  void (*closed) (CardeaPeer *peer, gpointer user_data);
  guint first_request_ms; /* until the first whole message, and for each one that was begun */
  guint reply_ms;         /* for the program to take an answer */
} CardeaPeerOwner;

/* Takes @fd (non-blocking) and one slot of @quota that was taken for @caller. @owner is borrowed. */
CardeaPeer *cardea_peer_new (int fd, CardeaCaller *caller, CardeaQuota *quota, const CardeaPeerOwner *owner,
                             gpointer user_data);
/* Closes it without asking; a call under way is abandoned. closed() is not called. */
void cardea_peer_free (CardeaPeer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPeer, cardea_peer_free)

G_END_DECLS
