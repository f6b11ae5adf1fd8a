/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <jansson.h>

#include "agent/broker/forecast.h"
#include "agent/pin/unlocker.h"
#include "agent/tls/handshake.h"

G_BEGIN_DECLS

/* What an explanation tells; everything is borrowed. */
typedef struct
{
  const CardeaRequest *request;
  CardeaCaller *caller;
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaRules *rules;               /* or NULL */
  const CardeaTlsInfo *info;        /* NULL: no server was met */
  GPtrArray *authorities;           /* DER names (GBytes), or NULL: none, or too many */
  const GError *fault;              /* SERVER_NOT_TRUSTED, or NULL */
  const CardeaForesight *foresight; /* NULL: nothing is asked for. Without a fault its standing counts. */
  const CardeaForecast *forecast;
} CardeaExplanationParts;

/* The parameters of Explain's reply, in the room that a reply has: of long lists the first. */
json_t *cardea_explanation_to_json (const CardeaExplanationParts *self);

G_END_DECLS
