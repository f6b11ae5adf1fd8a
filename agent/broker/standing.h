/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/choice.h"
#include "agent/broker/request.h"
#include "agent/decisions/decisions.h"
#include "agent/policy/consent.h"
#include "agent/rules/chromium-policy.h"
#include "agent/rules/rules.h"

G_BEGIN_DECLS

/* What stands before anybody is asked: rules, what was decided, browsers' policies. Everything is borrowed.
 */
typedef struct
{
  CardeaRememberedKey key;
  const CardeaRequest *request;
  const CardeaChoice *choice; /* narrowed already */
  const CardeaRuleAnswer *rule;
  CardeaDecisions *decisions;
  CardeaChromiumPolicy *chromium; /* or NULL */
} CardeaStandingCase;

typedef struct
{
  CardeaConsent consent;              /* its index is one of the choice's offers */
  const CardeaRemembered *remembered; /* what it follows from, or NULL; until anything is decided */
  gboolean by_browser;                /* a browser's policy made the choice, or put it first */
} CardeaStanding;

/* Changes nothing. */
CardeaStanding cardea_standing_find (const CardeaStandingCase *about);

G_END_DECLS
