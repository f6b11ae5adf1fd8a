/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Whether a connection can begin although tokens are still being read: @wanted, the certificate that the
 * caller names or NULL, is there and can be used, and so are the authorities. A card that is silent in one
 * reader is nobody's business who uses another. */
gboolean cardea_readiness_is_given (CardeaCatalogue *catalogue, const char *wanted);

G_END_DECLS
