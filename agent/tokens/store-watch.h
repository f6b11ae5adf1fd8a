/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/token-store.h"

G_BEGIN_DECLS

/* Notices that somebody wrote tokens that are files. Main loop only. */
typedef struct _CardeaStoreWatch CardeaStoreWatch;

/* @tokens: some came or went; else what is on them is another. */
typedef void (*CardeaStoreWatchFunc) (gboolean tokens, gpointer data);

/* Takes @store. */
CardeaStoreWatch *cardea_store_watch_new (CardeaTokenStore *store, CardeaStoreWatchFunc changed,
                                          gpointer data);
void cardea_store_watch_free (CardeaStoreWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaStoreWatch, cardea_store_watch_free)

G_END_DECLS
