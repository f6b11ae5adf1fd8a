/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/broker/assent.h"
#include "agent/broker/request.h"
#include "agent/broker/step.h"
#include "agent/pin/unlocker.h"
#include "agent/tls/handshake.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* The answer to a server that asks for a certificate, up to the signature: chosen, consented to, unlocked.
 * Main loop only. */
typedef struct
{
  CardeaCaller *caller;
  const CardeaRequest *request; /* borrowed until the callback; the rest is referenced */
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaAssent *assent; /* or NULL: no rules, and nobody to ask */
  gboolean asks;        /* it; else nobody is asked, and one certificate has to fit */
  CardeaAsker *asker;
  const CardeaTerms *terms; /* that the server met; borrowed until the callback */
  GPtrArray *authorities;   /* DER names (GBytes) that the server accepts; empty: any */
  CardeaStepFunc step;      /* told of CARDEA_STEP_PIN; or NULL */
  gpointer step_data;
} CardeaSelectionCase;

typedef struct
{
  CardeaTokenCertificate *certificate; /* NULL: go on without one */
  CardeaGrant *grant;                  /* the token's login is for this signature only; or NULL */
  CardeaSecret *typed;                 /* for a key that may want it again; or NULL */
  CardeaTerminal *terminal;            /* where questions go; NULL: to the display */
  gboolean consented;                  /* to it, or to go on without one */
} CardeaSelection;

void cardea_selection_free (CardeaSelection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaSelection, cardea_selection_free)

/* Who cancels needs nothing of it any more. Errors: those of consent (assent.h) and of unlocking. */
void cardea_selection_run_async (const CardeaSelectionCase *about, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data);
CardeaSelection *cardea_selection_run_finish (GAsyncResult *result, GError **error);

/* What fits where nobody is asked; the unlocker is not needed. Errors: INVALID_PARAMETER. */
CardeaChoice *cardea_selection_look_alone (const CardeaSelectionCase *about, GError **error);

/* The certificate (a reference) that it would come to now with nobody asked which; NULL: none. Of the asker
 * nothing is known: it takes whatever scheme a key makes. @used: as cardea_assent_foresee(). */
CardeaTokenCertificate *cardea_selection_foresee (const CardeaSelectionCase *about, gboolean used);

/* What a person is shown who is asked for a PIN on @terminal, or, with NULL, on the display. */
void cardea_selection_describe (const CardeaSelectionCase *about, CardeaTerminal *terminal,
                                CardeaPinQuestion *question);
/* Hosts know modules, not tokens: here an error of one learns which token it was, and what is wrong with it.
 */
void cardea_selection_name_token (const CardeaTokenCertificate *certificate, GError *error);

G_END_DECLS
