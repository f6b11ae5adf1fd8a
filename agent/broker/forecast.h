/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/assent.h"
#include "agent/broker/choice.h"
#include "agent/broker/request.h"

G_BEGIN_DECLS

/* What a connection would come to, and why. Pure. */
typedef enum
{
  CARDEA_OUTCOME_USE,  /* a certificate, and nobody is asked for consent */
  CARDEA_OUTCOME_ASK,  /* the person */
  CARDEA_OUTCOME_NONE, /* a connection without a certificate */
  CARDEA_OUTCOME_DENY, /* no connection */
} CardeaOutcome;

const char *cardea_outcome_to_string (CardeaOutcome outcome);

typedef struct
{
  CardeaOutcome outcome;
  GString *because;         /* whole sentences, for the person */
  const CardeaOffer *offer; /* that would be used, or stands first in the question; or NULL. The choice's. */
} CardeaForecast;

void cardea_forecast_clear (CardeaForecast *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CardeaForecast, cardea_forecast_clear)

/* Each fills @self, which is to be cleared: the server asks for nothing in the handshake, @later: it may do
 * so in the stream; or it is not to be answered. */
void cardea_forecast_unasked (CardeaForecast *self, const CardeaRequest *request, gboolean later);
/* It asks, and the agent has a person. @whole: no file of rules is left out. */
void cardea_forecast_asked (CardeaForecast *self, const CardeaForesight *foresight, gboolean whole);
/* It asks, and the agent has nobody. */
void cardea_forecast_alone (CardeaForecast *self, const CardeaChoice *choice);
void cardea_forecast_denied (CardeaForecast *self, const char *because);

G_END_DECLS
