/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"
#include "socket-api/private/host-protocol.h"

G_BEGIN_DECLS

/* One signature on its way from a worker thread to a host and back. Reference-counted, thread-safe. */

CardeaSignCall *cardea_sign_call_new (CardeaHost *host, const CardeaSignRequest *request);
CardeaSignCall *cardea_sign_call_ref (CardeaSignCall *self);
void cardea_sign_call_unref (CardeaSignCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaSignCall, cardea_sign_call_unref)

/* The loop's side. */
CardeaHost *cardea_sign_call_get_host (CardeaSignCall *self);
guint64 cardea_sign_call_get_generation (CardeaSignCall *self);
gboolean cardea_sign_call_is_abandoned (CardeaSignCall *self);
GBytes *cardea_sign_call_encode (CardeaSignCall *self, guint64 id, CardeaHostWireSignPin pin, GError **error);
/* The first answer counts; exactly one of the two is not NULL, and neither is taken. The host is let go. */
void cardea_sign_call_answer (CardeaSignCall *self, GBytes *signature, const GError *error);

/* The worker's side: blocks until there is an answer, or gives the call up. */
gboolean cardea_sign_call_wait (CardeaSignCall *self, gint64 deadline, GCancellable *cancellable,
                                GBytes **signature, GError **error);

G_END_DECLS
