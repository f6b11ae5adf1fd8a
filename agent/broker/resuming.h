/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/broker/selection.h"
#include "agent/decisions/decisions.h"
#include "agent/tls/resumption.h"

G_BEGIN_DECLS

/* Whether a connection goes on with an earlier one's session, and with whose: only where the same certificate
 * would be used now with nothing to be asked. Main loop only. */
typedef struct _CardeaResuming CardeaResuming;

CardeaResuming *cardea_resuming_new (CardeaCatalogue *catalogue, CardeaUnlocker *unlocker);
/* All sessions are dropped. */
void cardea_resuming_free (CardeaResuming *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaResuming, cardea_resuming_free)

/* On or off from now on, and all sessions dropped. Off at first. */
void cardea_resuming_set_config (CardeaResuming *self, CardeaConfig *config);
/* Whose changes are to be followed from now on; or NULL. */
void cardea_resuming_set_decisions (CardeaResuming *self, CardeaDecisions *decisions);
/* Whom to trust, or what is allowed, is another matter now. */
void cardea_resuming_drop_all (CardeaResuming *self);

gboolean cardea_resuming_is_on (const CardeaResuming *self);
/* The session that a connection may offer to resume, for it alone, and in @certificate (a reference) whose it
 * is; NULL: none. Of @about asker and authorities are not looked at. */
CardeaResumption *cardea_resuming_take (CardeaResuming *self, const CardeaSelectionCase *about,
                                        CardeaTokenCertificate **certificate);
/* The server took it up: the consent is told as used, like that of any connection. */
void cardea_resuming_note_used (const CardeaSelectionCase *about, const CardeaResumption *resumption);
/* A connection with @certificate is ready. Where it may not be resumed, its ticket is dropped. */
void cardea_resuming_keep (CardeaResuming *self, const CardeaSelectionCase *about,
                           CardeaTokenCertificate *certificate, CardeaResumption *resumption);
/* What it was kept for holds no more: it has another certificate now. */
void cardea_resuming_forget (CardeaResuming *self, CardeaResumption *resumption);
/* A server refused, or broke off, what was resumed, or the certificate: nothing is resumed there for a while.
 */
void cardea_resuming_spoil (CardeaResuming *self, CardeaCaller *caller, const char *server_name,
                            guint16 port);

G_END_DECLS
