/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What administrators' rules leave of a choice. A rule knows names; which certificate is on which token is
 * known here. */

#include "agent/broker/narrowing.h"

static gboolean
meets (const CardeaRuleCondition *condition, const CardeaTokenCertificate *certificate, GPtrArray *issuers)
{
  gboolean malformed;

  if (condition->certificate != NULL &&
      !cardea_choice_is_wanted (condition->certificate, certificate, &malformed))
    return FALSE;
  return cardea_rule_condition_accepts_issuer (condition, certificate->certificate, issuers);
}

static gboolean
meets_all (GPtrArray *conditions, CardeaCatalogue *catalogue, const CardeaTokenCertificate *certificate)
{
  g_autoptr (GPtrArray) issuers = cardea_choice_find_issuers (catalogue, certificate->certificate);

  for (guint i = 0; i < conditions->len; i++)
    if (!meets (conditions->pdata[i], certificate, issuers))
      return FALSE;
  return TRUE;
}

void
cardea_choice_narrow (CardeaChoice *self, CardeaCatalogue *catalogue, GPtrArray *conditions)
{
  guint n = self->n_fitting;

  if (conditions == NULL || conditions->len == 0)
    return;
  for (guint i = 0; i < n; i++) {
    CardeaOffer *offer = self->offers->pdata[i];

    if (!meets_all (conditions, catalogue, offer->certificate))
      g_ptr_array_add (offer->reasons,
                       cardea_reason_new (CARDEA_REASON_NOT_CHOSEN, "Ask whoever administers this computer.",
                                          "A rule on this computer allows other certificates only."));
  }
  cardea_choice_sort (self);
}
