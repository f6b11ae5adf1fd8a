/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CardeaTicket CardeaTicket;
typedef struct _CardeaTlsSocket CardeaTlsSocket;

/* What it takes to go on with an earlier session: the ticket, and what the server proved and asked for in the
 * full handshake that it goes back to. Immutable but for the ticket, reference-counted, thread-safe. */
typedef struct
{
  gatomicrefcount references;
  CardeaTicket *ticket;
  GPtrArray *chain;       /* DER (GBytes), leaf first, as the server sent it */
  GBytes *stapled_ocsp;   /* or NULL */
  GPtrArray *authorities; /* DER names (GBytes) that it accepts; empty: any */
  gint64 begun;           /* when the full handshake was made: cardea_resumption_get_time() */
} CardeaResumption;

/* Of a socket whose handshake was a full one and is over. NULL: it asked for no ticket. */
CardeaResumption *cardea_resumption_new (const CardeaTlsSocket *socket);
/* Of one that resumed @self. */
CardeaResumption *cardea_resumption_renew (const CardeaResumption *self, const CardeaTlsSocket *socket);
CardeaResumption *cardea_resumption_ref (CardeaResumption *self);
void cardea_resumption_unref (CardeaResumption *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaResumption, cardea_resumption_unref)

/* Whether there is a ticket that was neither used nor dropped. */
gboolean cardea_resumption_is_ready (const CardeaResumption *self);
/* It is of no use any more, whoever refers to it: cardea_ticket_drop(). */
void cardea_resumption_drop (const CardeaResumption *self);

/* Seconds that go on while the machine sleeps, and that nobody sets. */
gint64 cardea_resumption_get_time (void);

G_END_DECLS
