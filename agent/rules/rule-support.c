/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The settings that rules may have and the agent does not act on: this list, and nothing else, has to become
 * shorter when it does. A value that asks for what the agent does anyway is in force already. */

#include "agent/rules/rule-support.h"

#include "agent/rules/rule-keys.h"
#include "agent/rules/rule-problem.h"

static gboolean
asks_for_post_handshake (const CardeaRuleSettings *settings)
{
  return settings->post_handshake == CARDEA_RULE_YES;
}

static const struct
{
  CardeaRuleKey key;
  gboolean is_restriction;
  gboolean (*asks) (const CardeaRuleSettings *settings);
} not_supported[] = {
  { CARDEA_RULE_KEY_POST_HANDSHAKE, FALSE, asks_for_post_handshake },
};

gboolean
cardea_rule_check_support (const CardeaRule *rule, GPtrArray *problems)
{
  gboolean enforced = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (not_supported); i++) {
    if (!not_supported[i].asks (&rule->settings))
      continue;
    cardea_rule_problem_add (problems, "%s: \"%s\" of [rule %s] is not supported by this version.%s",
                             rule->where, cardea_rule_key_to_string (not_supported[i].key), rule->name,
                             not_supported[i].is_restriction ? " No rule consents where this one applies."
                                                             : "");
    enforced &= !not_supported[i].is_restriction;
  }
  return enforced;
}
