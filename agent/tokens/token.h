/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Makers of the values that catalogue.h gives out; each starts with one reference. */

/* @info is copied, @host referenced. State ready, no problems. */
CardeaToken *cardea_token_new (CardeaHost *host, guint64 generation, const CardeaHostToken *info);
/* A card that nothing is known of yet but its reader. */
CardeaToken *cardea_token_new_reading (CardeaHost *host, CardeaInsertion *insertion);
CardeaTokenCertificate *cardea_token_certificate_new (CardeaToken *token, CardeaCertificate *certificate,
                                                      const CardeaHostCertificate *listed);

G_END_DECLS
