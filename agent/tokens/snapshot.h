/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* One host's listing, understood: what a person and a decision need of it. Immutable. */
typedef struct
{
  GPtrArray *tokens;       /* of CardeaToken */
  GPtrArray *certificates; /* of CardeaTokenCertificate: those that could be a client's */
  GPtrArray *issuers;      /* of CardeaCertificate: those that could complete a chain */
} CardeaSnapshot;

/* Pure but for parsing certificates; NSS must be initialised. */
CardeaSnapshot *cardea_snapshot_new (CardeaHost *host, CardeaHostListing *listing);
void cardea_snapshot_free (CardeaSnapshot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaSnapshot, cardea_snapshot_free)

G_END_DECLS
