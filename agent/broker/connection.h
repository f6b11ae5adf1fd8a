/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/broker/assent.h"
#include "agent/broker/request.h"
#include "agent/broker/resuming.h"
#include "agent/broker/session.h"
#include "agent/broker/step.h"
#include "agent/broker/terms.h"
#include "agent/pin/unlocker.h"
#include "agent/tls/revocation.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* One connection from a request that is permitted to a session. Main loop only. */
typedef struct
{
  CardeaCaller *caller;
  const CardeaRequest *request;
  CardeaTerms *terms; /* taken */
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaRevocation *revocation; /* or NULL */
  CardeaAssent *assent;         /* or NULL: no rules, and nobody to ask */
  CardeaResuming *resuming;     /* borrowed until the callback */
  gboolean headless;   /* nobody is asked; the request is permitted, and one certificate has to fit */
  gint64 deadline;     /* of the whole call, monotonic; 0: only the limits of each step */
  CardeaStepFunc step; /* or NULL; never called after the callback */
  gpointer step_data;
} CardeaConnectionArguments;

/* Everything in @arguments but the terms is copied or referenced. Cancelling is prompt. Errors: those of
 * org.cardea.agent.
 */
void cardea_connection_run_async (const CardeaConnectionArguments *arguments, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
CardeaSession *cardea_connection_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
