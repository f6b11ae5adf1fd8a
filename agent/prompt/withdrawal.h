/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* A cancellable that tells why it was cancelled, so that a person who reads the question that it takes back
 * learns the true reason. It is used wherever a GCancellable is. Main loop only. */
#define CARDEA_TYPE_WITHDRAWAL (cardea_withdrawal_get_type ())
G_DECLARE_FINAL_TYPE (CardeaWithdrawal, cardea_withdrawal, CARDEA, WITHDRAWAL, GCancellable)

GCancellable *cardea_withdrawal_new (void);

/* Cancels @cancellable, which was made by cardea_withdrawal_new(). The first reason is the one that counts.
 */
void cardea_withdrawal_cancel (GCancellable *cancellable, CardeaPromptWithdrawn why);

/* @cancellable, made by cardea_withdrawal_new(), is cancelled with @leader, for the same reason. Returns what
 * g_cancellable_disconnect() of @leader takes; 0: there is nothing to disconnect, as for a @leader of NULL.
 */
gulong cardea_withdrawal_follow (GCancellable *cancellable, GCancellable *leader);

/* Of any cancellable, once it is cancelled. One that does not tell is a program's: it left. */
CardeaPromptWithdrawn cardea_withdrawal_get_reason (GCancellable *cancellable);

G_END_DECLS
