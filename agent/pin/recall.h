/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/attempt.h"
#include "agent/pin/pin-store.h"

G_BEGIN_DECLS

/* What marks say of a token's remembered PIN: it is one PIN, whichever it is. */
extern const CardeaPinIdentity cardea_pin_remembered;

/* Takes a token's PIN out of @store for one use, and marks that on disk before it is known to the caller; the
 * attempt has no source then. Where the mark of an earlier use still stands the PIN is deleted instead. NULL
 * without an error: none is kept. Errors: G_IO_ERROR codes with a sentence for people; the PIN is then not to
 * be used. */
void cardea_pin_recall_async (CardeaPinStore *store, const char *folder, const char *token_uri,
                              GAsyncReadyCallback callback, gpointer data);
CardeaPinAttempt *cardea_pin_recall_finish (GAsyncResult *result, GError **error);

G_END_DECLS
