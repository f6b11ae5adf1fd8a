/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue-host.h"

G_BEGIN_DECLS

/* Whether @token, as it was listed once, was taken away since. @entries: of CardeaCatalogueHost; @readers:
 * what there is in them, or NULL; @fresh: the card service began a moment ago, and what it does not show may
 * be there all the same. Pure. */
CardeaPresence cardea_presence_find (GPtrArray *entries, const CardeaReaders *readers, gboolean fresh,
                                     CardeaToken *token);

G_END_DECLS
