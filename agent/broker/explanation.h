/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <jansson.h>

#include "agent/base/config.h"
#include "agent/broker/assent.h"
#include "agent/broker/request.h"
#include "agent/broker/terms.h"
#include "agent/pin/unlocker.h"
#include "agent/tls/revocation.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* What a connection would meet and come to, without making it: the server is reached and verified, and not
 * answered. Nobody is asked, nothing is signed or logged in, and nothing is noted anywhere. Main loop only.
 */
typedef struct
{
  CardeaCaller *caller;
  const CardeaRequest *request; /* copied; the rest is referenced */
  CardeaConfig *config;
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaAssent *assent; /* or NULL */
  CardeaRevocation *revocation;
  /* As cardea_terms_new(), once the tokens are read; @broker is borrowed until the callback. */
  CardeaTerms *(*make_terms) (gpointer broker, CardeaCaller *caller, const CardeaRequest *request,
                              GError **error);
  gpointer broker;
  GCancellable *stop; /* the agent's */
} CardeaExplanationCase;

/* Cancelling is prompt. The parameters of Explain's reply, a new reference. Errors: those of Connect where no
 * server was met. */
void cardea_explanation_run_async (const CardeaExplanationCase *about, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
json_t *cardea_explanation_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
