/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a certificate may be used without asking, and what to ask otherwise.
 *
 * Consent is for one certificate: where the one that was chosen is missing, another is never taken in its
 * place, were it the only one, its renewal, or allowed by a rule. That there is but one candidate is no
 * consent either: the first time, choosing is. */

#include "agent/policy/consent.h"

static int
find_remembered (const CardeaConsentRequest *request)
{
  for (guint i = 0; i < request->n_candidates; i++)
    if (cardea_certificate_id_equal (request->remembered, &request->candidates[i]))
      return (int)i;
  return -1;
}

/* Of several renewals, the one that is valid longest. */
static int
find_renewed (const CardeaConsentRequest *request)
{
  int best = -1;

  for (guint i = 0; i < request->n_candidates; i++) {
    const CardeaCertificateId *candidate = &request->candidates[i];

    if (cardea_certificate_id_is_renewed_by (request->remembered, candidate) &&
        (best < 0 || candidate->not_after > request->candidates[best].not_after))
      best = (int)i;
  }
  return best;
}

static CardeaConsent
ask (const CardeaConsentRequest *request, int preselected, gboolean renewed)
{
  return (CardeaConsent){ request->may_ask ? CARDEA_CONSENT_ASK : CARDEA_CONSENT_INTERACTION_REQUIRED,
                          preselected, renewed };
}

static CardeaConsent
follow_memory (const CardeaConsentRequest *request)
{
  int index;

  if (request->remembered == NULL)
    return (CardeaConsent){ CARDEA_CONSENT_CONTINUE, -1, FALSE };
  index = find_remembered (request);
  if (index >= 0)
    return (CardeaConsent){ CARDEA_CONSENT_USE, index, FALSE };
  index = find_renewed (request);
  return ask (request, index, index >= 0);
}

CardeaConsent
cardea_policy_consent (const CardeaConsentRequest *request)
{
  if (request->rule == CARDEA_RULE_CONSENT_DENIED)
    return (CardeaConsent){ CARDEA_CONSENT_DENY, -1, FALSE };
  if (request->is_remembered)
    return follow_memory (request);
  if (request->rule == CARDEA_RULE_CONSENT_GIVEN && request->n_candidates == 1)
    return (CardeaConsent){ CARDEA_CONSENT_USE, 0, FALSE };
  return ask (request, -1, FALSE);
}
