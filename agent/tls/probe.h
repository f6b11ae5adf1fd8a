/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tls/handshake.h"

G_BEGIN_DECLS

/* What a server would ask for: a handshake up to the point where it had to be answered. No certificate is
 * sent and nothing can be signed. Main loop only; NSS runs on workers. A CardeaAsker while it waits for
 * cardea_probe_leave(). */
#define CARDEA_TYPE_PROBE (cardea_probe_get_type ())
G_DECLARE_FINAL_TYPE (CardeaProbe, cardea_probe, CARDEA, PROBE, GObject)

/* Takes @fd, also on failure. */
CardeaProbe *cardea_probe_new (int fd, const CardeaHandshakeOptions *options);

/* TRUE: the server's part is in, and it was verified or not; see below. Cancelling is prompt. Errors:
 * HANDSHAKE_FAILED, TIMED_OUT, CANCELLED as cardea_handshake_run_async() has them. */
void cardea_probe_run_async (CardeaProbe *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data);
gboolean cardea_probe_run_finish (CardeaProbe *self, GAsyncResult *result, GError **error);

/* Borrowed. Why the server is not believed, as cardea_handshake_run_async() has it; NULL: it is who it should
 * be. Of one that is not, nothing below is more than what somebody said. */
const GError *cardea_probe_get_fault (CardeaProbe *self);
const CardeaTlsInfo *cardea_probe_get_info (CardeaProbe *self); /* borrowed */
/* DER names (GBytes) of the authorities under which it wants a certificate, empty: any; borrowed. NULL: there
 * were more than the limit. */
GPtrArray *cardea_probe_get_authorities (CardeaProbe *self);

/* Breaks off, with an alert, so that the server does not take it for a failure of the network. @left is
 * called once nothing of the connection is left; or NULL. */
void cardea_probe_leave (CardeaProbe *self, void (*left) (gpointer data), gpointer data);

G_END_DECLS
