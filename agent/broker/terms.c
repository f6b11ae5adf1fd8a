/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Terms: what is asked of the server of one connection, decided once.
 *
 * Rules go by the program and the name that has to be proven, and both are known before dialling. Authorities
 * that a rule names take the place of the system's, so they are the first thing that is needed; those that
 * the program brought are asked besides, since a program can only ask for more. */

#include "agent/broker/terms.h"

#include "agent/broker/trust-source.h"
#include "agent/tls/demand.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

void
cardea_terms_free (CardeaTerms *self)
{
  g_clear_pointer (&self->rules, cardea_rules_unref);
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_ptr_array_unref (self->demands);
  g_free (self->trust_source);
  g_free (self);
}

static gboolean
refuse_unreadable (const CardeaRule *rule, const CardeaRequest *request, GError **error)
{
  GError *refusal = cardea_error_new (
      CARDEA_ERROR_SERVER_NOT_TRUSTED,
      "The rule “%s” (%s) names authorities for %s that cannot be used, so nobody vouches for it. \"cardea "
      "status\" says what is wrong; an administrator has to correct it.",
      rule->name, rule->where, cardea_request_get_server_name (request));

  cardea_error_take_parameter (refusal, "reason", json_string ("authorities_unreadable"));
  cardea_error_take_parameter (refusal, "message", json_string (refusal->message));
  cardea_error_take_parameter (refusal, "peer_chain", json_array ());
  g_propagate_error (error, refusal);
  return FALSE;
}

/* What is made for one call. */
typedef struct
{
  CardeaAuthorityStore *store;
  CardeaRuleAuthorities *rules;
  const CardeaRequest *request;
  CardeaTerms *terms;
  GPtrArray *hashes; /* of the authorities that rules name; borrowed texts */
} Making;

static gboolean
add_demand (Making *making, const CardeaRule *rule, GError **error)
{
  g_autoptr (CardeaDemand) demand = cardea_demand_new (rule->name, rule->where);
  const char *hash = NULL;

  if (rule->settings.authorities != NULL) {
    demand->trust = cardea_rule_authorities_get_trust (making->rules, rule, making->store, &hash);
    if (demand->trust == NULL)
      return refuse_unreadable (rule, making->request, error);
    g_ptr_array_add (making->hashes, (gpointer)hash);
  }
  if (rule->settings.spki_pins->len > 0)
    demand->pins = g_ptr_array_ref (rule->settings.spki_pins);
  demand->hard_revocation = rule->settings.hard_revocation == CARDEA_RULE_YES;
  g_ptr_array_add (making->terms->demands, g_steal_pointer (&demand));
  return TRUE;
}

/* It takes both: who asks for it, and who permits it. */
static CardeaTls12
find_tls12 (gboolean asked_for, gboolean permitted)
{
  if (asked_for)
    return permitted ? CARDEA_TLS12_ALLOWED : CARDEA_TLS12_NOT_PERMITTED;
  return permitted ? CARDEA_TLS12_NOT_ASKED_FOR : CARDEA_TLS12_NOT_WANTED;
}

static gboolean
add_demands (Making *making, CardeaCaller *caller, GError **error)
{
  g_auto (CardeaRuleAnswer) answer = { NULL };

  making->terms->tls12 = find_tls12 (making->request->tls12, FALSE);
  if (making->rules == NULL)
    return TRUE;
  making->terms->rules = cardea_rules_ref (cardea_rule_authorities_get_rules (making->rules));
  cardea_rules_decide (making->terms->rules, cardea_caller_get_key (caller),
                       cardea_request_get_server_name (making->request), making->request->port, &answer);
  making->terms->tls12 = find_tls12 (making->request->tls12, answer.tls12 == CARDEA_RULE_YES);
  for (guint i = 0; i < answer.demands->len; i++)
    if (!add_demand (making, answer.demands->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
add_trust (Making *making, GError **error)
{
  GPtrArray *brought = making->request->authorities;
  CardeaTerms *terms = making->terms;

  if (brought != NULL)
    terms->trust = cardea_authority_store_get_trust_of_program (making->store, brought, error);
  else if (making->hashes->len == 0)
    terms->trust = cardea_authority_store_get_trust (making->store);
  terms->trust_source = cardea_trust_source_new (brought, making->hashes);
  terms->by_program_only = brought != NULL && making->hashes->len == 0;
  return brought == NULL || terms->trust != NULL;
}

CardeaTerms *
cardea_terms_new (CardeaAuthorityStore *store, CardeaRuleAuthorities *rules, CardeaCaller *caller,
                  const CardeaRequest *request, GError **error)
{
  g_autoptr (CardeaTerms) terms = g_new0 (CardeaTerms, 1);
  g_autoptr (GPtrArray) hashes = g_ptr_array_new ();
  Making making = { store, rules, request, terms, hashes };

  terms->demands = cardea_demands_new ();
  if (!add_demands (&making, caller, error) || !add_trust (&making, error))
    return NULL;
  return g_steal_pointer (&terms);
}
