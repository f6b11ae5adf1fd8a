/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/methods.h"
#include "agent/tokens/card-resets.h"

G_BEGIN_DECLS

/* How logins end, put together: which (leases.h), when the person goes (lock-watch.h), in the process and at
 * the card. Main loop only. */
typedef struct _CardeaLogins CardeaLogins;

CardeaLogins *cardea_logins_new (CardeaCatalogue *catalogue, CardeaUnlocker *unlocker,
                                 CardeaCardResets *resets);
/* Ends them all; the end of @resets waits for the cards. */
void cardea_logins_free (CardeaLogins *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaLogins, cardea_logins_free)

/* CardeaLeaseConfig elements. */
void cardea_logins_set_rules (CardeaLogins *self, GPtrArray *rules);
/* Tokens came, went or were read anew. */
void cardea_logins_look (CardeaLogins *self);
gboolean cardea_logins_find_lease (CardeaLogins *self, CardeaToken *token, CardeaLease *lease);
/* As EndLeases: @ended comes when the cards forgot, or are known not to. */
void cardea_logins_end (CardeaLogins *self, const char *pattern, CardeaLeasesEnded ended, gpointer data);

G_END_DECLS
