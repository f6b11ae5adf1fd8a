/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/insertion.h"

G_BEGIN_DECLS

/* Resets the card of @insertion by a handle of our own, so that it forgets which PIN it was shown, whoever
 * showed it. Blocks for as long as another program keeps the card, or the card is silent: for a thread of its
 * own. TRUE also where there is nothing left to end: another card is there, or none, or one that does not
 * answer. Errors: G_IO_ERROR_BUSY (another program keeps it for itself), G_IO_ERROR_FAILED. */
gboolean cardea_card_reset (const CardeaInsertion *insertion, GError **error);

G_END_DECLS
