/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue-host.h"

G_BEGIN_DECLS

/* Cards and readers of which no token came: why not. @entries: of CardeaCatalogueHost. */

/* Of CardeaToken: cards that are being read and have shown nothing yet. */
GPtrArray *cardea_catalogue_readers_get_reading (GPtrArray *entries);

/* Whether anything in the agent works with card readers; @confinable: there are modules that do, of which no
 * process runs without a card. */
gboolean cardea_catalogue_readers_are_wanted (GPtrArray *entries, gboolean confinable);

/* Appends CardeaReason elements; @readers as they are now, @tokens those that there are. */
void cardea_catalogue_readers_explain (CardeaReaders *readers, GPtrArray *entries, GPtrArray *tokens,
                                       GPtrArray *problems);

G_END_DECLS
