/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <prio.h>

G_BEGIN_DECLS

/* The place of one connection's session ticket (RFC 8446, 4.6.1) in NSS's cache, under a name that nobody can
 * guess. It holds one ticket at most, the newest. Any thread but where said. */
typedef struct _CardeaTicket CardeaTicket;

/* Empty. */
CardeaTicket *cardea_ticket_new (void);
CardeaTicket *cardea_ticket_ref (CardeaTicket *self);
/* The last reference takes a ticket that is there out of NSS's memory. */
void cardea_ticket_unref (CardeaTicket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTicket, cardea_ticket_unref)

/* One came. Of itself where a socket receives. */
void cardea_ticket_note_received (CardeaTicket *self);
/* Whether a server sent one that was neither used nor dropped. */
gboolean cardea_ticket_is_there (CardeaTicket *self);
/* It is of no use any more: it leaves NSS's memory, and the connection whose place it is keeps none from now
 * on. Any number of times. */
void cardea_ticket_drop (CardeaTicket *self);

/* For the owner of an NSS socket, which counts as one that speaks to cardea_ticket_get_peer_name(). */

/* Before its handshake: tickets are asked for, and go to this place. FALSE: NSS has no memory. */
gboolean cardea_ticket_receive (CardeaTicket *self, PRFileDesc *fd);
/* Likewise, for the ClientHello alone: the one in @self is offered... */
gboolean cardea_ticket_offer (CardeaTicket *self, PRFileDesc *fd);
/* ...and once the ClientHello is made it is used up, whatever the server says; @own is where others go. */
void cardea_ticket_use_up (CardeaTicket *self, PRFileDesc *fd, CardeaTicket *own);
/* Around each call that may read, for the place that receives: nobody uses or drops it meanwhile, which
 * waits. So such a call must not block. */
void cardea_ticket_begin_reading (CardeaTicket *self, PRFileDesc *fd);
void cardea_ticket_end_reading (CardeaTicket *self, PRFileDesc *fd);

/* NSS files sessions by the server's address, too. Whoever may go on with a session is decided by its name,
 * so all have the same: a method for a layer below NSS. */
PRStatus PR_CALLBACK cardea_ticket_get_peer_name (PRFileDesc *fd, PRNetAddr *address);

G_END_DECLS
