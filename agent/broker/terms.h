/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/request.h"
#include "agent/broker/rule-authorities.h"
#include "agent/caller/caller.h"
#include "agent/tls/tls12-use.h"

G_BEGIN_DECLS

/* Whom one connection has to believe and how it is made, as the rules and the request have it before anything
 * is sent. */
typedef struct
{
  CardeaRules *rules; /* that it was decided by; NULL: there are none */
  CardeaTrust *trust; /* NULL: only whom the demands name */
  GPtrArray *demands; /* of CardeaDemand */
  CardeaTls12 tls12;
  char *trust_source;       /* cardea_trust_source_new() */
  gboolean by_program_only; /* nobody vouches but whom the program brought along */
} CardeaTerms;

/* @rules NULL: none. Errors: CARDEA_ERROR_INVALID_PARAMETER; CARDEA_ERROR_SERVER_NOT_TRUSTED with "reason"
 * (authorities_unreadable), "message" and an empty "peer_chain". */
CardeaTerms *cardea_terms_new (CardeaAuthorityStore *store, CardeaRuleAuthorities *rules,
                               CardeaCaller *caller, const CardeaRequest *request, GError **error);
void cardea_terms_free (CardeaTerms *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTerms, cardea_terms_free)

G_END_DECLS
