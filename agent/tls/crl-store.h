/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/crl.h"

G_BEGIN_DECLS

/* The lists of revoked certificates in files of this computer. Reference-counted, thread-safe; what reads
 * files blocks, and is for worker threads. */
typedef struct _CardeaCrlStore CardeaCrlStore;

/* @paths: of files, and of folders whose files are read (but for those that begin with a dot); copied.
 * Nothing is read yet. */
CardeaCrlStore *cardea_crl_store_new (const char *const *paths);
CardeaCrlStore *cardea_crl_store_ref (CardeaCrlStore *self);
void cardea_crl_store_unref (CardeaCrlStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaCrlStore, cardea_crl_store_unref)

/* Others from the next time on; of files that stay what was read stays. Any thread,
 * never waits for files. */
void cardea_crl_store_set_paths (CardeaCrlStore *self, const char *const *paths);

/* Reads the files that are new or changed since the last time. Blocks. */
void cardea_crl_store_refresh (CardeaCrlStore *self);
/* What they say, as they were read last: the worst that one of them says. Blocks, for signatures. */
CardeaRevocationStatus cardea_crl_store_check (CardeaCrlStore *self, const CardeaX509 *certificate,
                                               const CardeaX509 *issuer, gint64 now);
/* Sentences (char *) about files that could not be used when they were read last; a new array. Any thread,
 * never waits for files. */
GPtrArray *cardea_crl_store_get_problems (CardeaCrlStore *self);

G_END_DECLS
