/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What follows from rules, from what was decided and from browsers' policies.
 *
 * It only looks. Whoever acts on it notes the use, and tells it; whoever explains it does neither. */

#include "agent/broker/standing.h"

#include "agent/broker/browsers-choice.h"

static GArray *
identify_candidates (const CardeaChoice *choice)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (CardeaCertificateId));

  for (guint i = 0; i < choice->n_fitting; i++) {
    const CardeaOffer *offer = choice->offers->pdata[i];
    CardeaCertificateId id = cardea_certificate_id_of (offer->certificate->certificate);

    g_array_append_val (ids, id);
  }
  return ids;
}

/* The decision that holds for this; going on without a certificate is none for who insists on one. */
static const CardeaRemembered *
find_remembered (const CardeaStandingCase *about)
{
  const CardeaRemembered *remembered = cardea_decisions_find (about->decisions, &about->key);

  if (remembered != NULL && remembered->without &&
      about->request->authenticate == CARDEA_AUTHENTICATE_REQUIRED)
    return NULL;
  return remembered;
}

static CardeaRuleConsent
get_rules_word (const CardeaRuleAnswer *rule)
{
  if (rule->denied_by != NULL)
    return CARDEA_RULE_CONSENT_DENIED;
  return rule->consented_by != NULL ? CARDEA_RULE_CONSENT_GIVEN : CARDEA_RULE_CONSENT_NOTHING;
}

CardeaStanding
cardea_standing_find (const CardeaStandingCase *about)
{
  g_autoptr (GArray) ids = identify_candidates (about->choice);
  CardeaStanding standing = { .remembered = find_remembered (about) };
  CardeaConsentRequest request = {
    .is_remembered = standing.remembered != NULL,
    .candidates = (const CardeaCertificateId *)ids->data,
    .n_candidates = ids->len,
    .rule = get_rules_word (about->rule),
    .may_ask = about->request->interaction,
  };
  gboolean sure;
  int browsers = cardea_browsers_choice_find (about->chromium, about->request, about->choice, &sure);

  if (standing.remembered != NULL && !standing.remembered->without)
    request.remembered = &standing.remembered->certificate;
  /* Choosing is the browser's policy's; that the choice may be used is another rule's. */
  if (request.rule == CARDEA_RULE_CONSENT_GIVEN && !request.is_remembered && browsers >= 0 && sure) {
    request.candidates += browsers;
    request.n_candidates = 1;
    standing.by_browser = TRUE;
  }
  standing.consent = cardea_policy_consent (&request);
  if (standing.consent.index >= 0) {
    standing.consent.index += (int)(request.candidates - (const CardeaCertificateId *)ids->data);
  } else if (standing.consent.answer == CARDEA_CONSENT_ASK) {
    standing.consent.index = browsers;
    standing.by_browser = browsers >= 0;
  }
  return standing;
}
