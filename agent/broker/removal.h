/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/broker/session.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Ends sessions whose token was taken away, as [streams] of the configuration says. Main loop only. */
typedef struct _CardeaRemoval CardeaRemoval;

CardeaRemoval *cardea_removal_new (CardeaCatalogue *catalogue);
void cardea_removal_free (CardeaRemoval *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRemoval, cardea_removal_free)

/* Also for the sessions there are, from the next change of tokens on. */
void cardea_removal_set_config (CardeaRemoval *self, CardeaConfig *config);
/* Watches a session until it ends, for the token of the certificate it has now; also again, when it has
 * another one: then for both. */
void cardea_removal_add (CardeaRemoval *self, CardeaSession *session);

G_END_DECLS
