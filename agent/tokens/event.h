/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* What happened to a token, told once. Values are appended, never renumbered. */
typedef enum
{
  CARDEA_TOKEN_EVENT_ARRIVED,
  CARDEA_TOKEN_EVENT_LEFT,
  CARDEA_TOKEN_EVENT_CHANGED, /* its state, the state of its PIN, or whether it is logged in */

  CARDEA_N_TOKEN_EVENTS
} CardeaTokenEventKind;

typedef struct
{
  CardeaTokenEventKind kind;
  CardeaToken *token; /* owned; as it is now, or as it was last seen when it left */
} CardeaTokenEvent;

const char *cardea_token_event_kind_to_string (CardeaTokenEventKind kind);

CardeaTokenEvent *cardea_token_event_new (CardeaTokenEventKind kind, CardeaToken *token);
void cardea_token_event_free (CardeaTokenEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTokenEvent, cardea_token_event_free)

/* What lies between two listings, both of CardeaToken: those that left first, then the rest in the order of
 * @after. Tokens of one URI in one module are one token, whatever process listed it; but a card that was
 * pulled and inserted again is another. */
GPtrArray *cardea_token_events_between (GPtrArray *before, GPtrArray *after);

G_END_DECLS
