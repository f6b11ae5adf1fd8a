/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tokens/readers.h"

G_BEGIN_DECLS

/* Cards whose logins are being ended (card-reset.h): one at a time for each card, in a thread of its own, and
 * again for as long as it fails and the card stays. Main loop only; never blocks. One that is under way keeps
 * the object alive for CARDEA_LIMIT_CARD_RESET_MS at most. */
#define CARDEA_TYPE_CARD_RESETS (cardea_card_resets_get_type ())
G_DECLARE_FINAL_TYPE (CardeaCardResets, cardea_card_resets, CARDEA, CARD_RESETS, GObject)

CardeaCardResets *cardea_card_resets_new (void);

/* Whatever was proven to the card until now counts no more, soon. @insertion NULL: no card, and nothing to
 * do. */
void cardea_card_resets_begin (CardeaCardResets *self, CardeaInsertion *insertion);
/* What there is in the readers now: a card that was pulled is a login less. */
void cardea_card_resets_set_readers (CardeaCardResets *self, CardeaReaders *readers);

/* Done once the logins to that card (NULL: to all) that were begun to be ended are over, or have taken
 * CARDEA_LIMIT_CARD_RESET_MS; then explain() tells of it. */
void cardea_card_resets_settle_async (CardeaCardResets *self, const CardeaInsertion *insertion,
                                      GAsyncReadyCallback callback, gpointer data);
void cardea_card_resets_settle_finish (CardeaCardResets *self, GAsyncResult *result);

/* Appends a CardeaReason for each card that may still sign for everybody. */
void cardea_card_resets_explain (CardeaCardResets *self, GPtrArray *problems);

G_END_DECLS
