/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/tls/trust.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* The trust snapshot of the moment, made from what the hosts listed and what the configuration names; made
 * anew only when one of them changed. Main loop only. */
typedef struct _CardeaAuthorityStore CardeaAuthorityStore;

CardeaAuthorityStore *cardea_authority_store_new (CardeaCatalogue *catalogue);
void cardea_authority_store_free (CardeaAuthorityStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaAuthorityStore, cardea_authority_store_free)

/* The files named by @config are read now, and again only when a store changed. Returns the problems met, as
 * CardeaReason. */
GPtrArray *cardea_authority_store_set_config (CardeaAuthorityStore *self, CardeaConfig *config);
/* A new reference. */
CardeaTrust *cardea_authority_store_get_trust (CardeaAuthorityStore *self);

/* A new snapshot that believes nobody, and distrusts whom the stores distrust: for who adds authorities. */
CardeaTrust *cardea_authority_store_new_distrusting (CardeaAuthorityStore *self);
/* Only these, vouched for by the program that brought them; what the stores distrust stays distrusted.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER. */
CardeaTrust *cardea_authority_store_get_trust_of_program (CardeaAuthorityStore *self, GPtrArray *brought,
                                                          GError **error);

G_END_DECLS
