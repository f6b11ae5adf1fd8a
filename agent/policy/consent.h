/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate-id.h"

G_BEGIN_DECLS

/* Whether a certificate may be used: pure, no I/O, no NSS. */

/* What administrators' rules say about this program and this server. */
typedef enum
{
  CARDEA_RULE_CONSENT_NOTHING,
  CARDEA_RULE_CONSENT_GIVEN,
  CARDEA_RULE_CONSENT_DENIED,
} CardeaRuleConsent;

typedef struct
{
  gboolean is_remembered;                /* there is a decision for program, server, port and trust */
  const CardeaCertificateId *remembered; /* its certificate; NULL: to continue without one */
  const CardeaCertificateId *candidates; /* those that fit, after the caller and rules narrowed them */
  guint n_candidates;
  CardeaRuleConsent rule;
  gboolean may_ask; /* a person may be asked, and can be */
} CardeaConsentRequest;

typedef enum
{
  CARDEA_CONSENT_USE,                  /* silently, the candidate at @index */
  CARDEA_CONSENT_CONTINUE,             /* silently, without a certificate */
  CARDEA_CONSENT_ASK,                  /* with the candidate at @index preselected */
  CARDEA_CONSENT_DENY,                 /* a rule says no */
  CARDEA_CONSENT_INTERACTION_REQUIRED, /* would be ASK, and may not be */
} CardeaConsentAnswer;

typedef struct
{
  CardeaConsentAnswer answer;
  int index;        /* into the candidates; -1: none in particular */
  gboolean renewed; /* the one at @index takes the place of the one that is remembered */
} CardeaConsent;

CardeaConsent cardea_policy_consent (const CardeaConsentRequest *request);

G_END_DECLS
