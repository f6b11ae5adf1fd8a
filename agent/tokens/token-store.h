/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"

G_BEGIN_DECLS

/* Where tokens that are files lie: SoftHSM's, the user's NSS database, and what wraps a TPM's keys. */
typedef struct
{
  char *folder;
  guint depth;        /* 1: each token is a folder in it */
  gboolean read_once; /* its module does so: any change is as if tokens had come or gone */
} CardeaTokenStore;

/* Of the host's module, as its environment says; NULL: its tokens are no files that are known of. */
CardeaTokenStore *cardea_token_store_find (CardeaHost *host);
void cardea_token_store_free (CardeaTokenStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTokenStore, cardea_token_store_free)

/* What lies there now, as two texts to be compared: @tokens, what a new process is needed for, and @content,
 * what a running one sees. Locks, journals and counters are left out, which are written by who reads. */
void cardea_token_store_look (const CardeaTokenStore *self, char **tokens, char **content);

G_END_DECLS
