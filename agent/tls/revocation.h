/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tls/revocation-status.h"

G_BEGIN_DECLS

/* crl-store.h, revocation-question.h; not included, as whoever only hands this on does without NSS. */
typedef struct _CardeaCrlStore CardeaCrlStore;
typedef struct _CardeaRevocationQuestion CardeaRevocationQuestion;

/* What can be known about revocation besides what servers send: lists on this computer, and the network.
 * Reference-counted; main loop only. */
typedef struct _CardeaRevocation CardeaRevocation;

/* @lists: paths, as cardea_crl_store_new() takes them; they are read on a worker from now on. @fetch: whether
 * the network is asked. @before: whose place it takes, with what was read of lists but not what was answered;
 * NULL: nobody's. */
CardeaRevocation *cardea_revocation_new (const char *const *lists, gboolean fetch, CardeaRevocation *before);
CardeaRevocation *cardea_revocation_ref (CardeaRevocation *self);
/* What is under way when the last reference goes is cancelled. */
void cardea_revocation_unref (CardeaRevocation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRevocation, cardea_revocation_unref)

CardeaCrlStore *cardea_revocation_get_lists (CardeaRevocation *self); /* borrowed, thread-safe */
gboolean cardea_revocation_fetches (const CardeaRevocation *self);
/* cardea_crl_store_get_problems() of them. */
GPtrArray *cardea_revocation_get_problems (CardeaRevocation *self);

/* Asks what @question names, or remembers what it said. There is one inquiry per certificate, however many
 * wait for it. Never fails: "unknown" after CARDEA_LIMIT_REVOCATION_SOFT_MS, or HARD_MS for a hard question;
 * at once where the places said nothing a moment ago and it is soft, where too much is being asked, and when
 * cancelled. */
void cardea_revocation_ask_async (CardeaRevocation *self, CardeaRevocationQuestion *question,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
CardeaRevocationStatus cardea_revocation_ask_finish (GAsyncResult *result);

G_END_DECLS
