/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"

G_BEGIN_DECLS

/* Where tokens that are files lie: SoftHSM's, and the user's NSS database. */
typedef struct
{
  char *folder;
  guint depth; /* 1: each token is a folder in it */
} CardeaTokenStore;

/* Of the host's module, as its environment says; NULL: its tokens are no files that are known of. */
CardeaTokenStore *cardea_token_store_find (CardeaHost *host);
void cardea_token_store_free (CardeaTokenStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTokenStore, cardea_token_store_free)

/* What lies there now, as two texts to be compared: @tokens, which tokens there are, and @content, what is on
 * them. Locks, journals and counters are left out, which are written by who reads. */
void cardea_token_store_look (const CardeaTokenStore *self, char **tokens, char **content);

G_END_DECLS
