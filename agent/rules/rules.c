/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The administrators' rules together.
 *
 * Rules only ever add up: one that denies cannot be undone by another, conditions all apply, the more careful
 * setting wins. So the order of files decides nothing but which name is shown, and a rule can be read
 * without knowing the rest. Consent and what is permitted besides the usual are all that a rule gives away,
 * and they are withheld where the rules are not known to the last file; consent also where a restriction is
 * not in force. */

#include "agent/rules/rules.h"

#include <string.h>

#include "agent/base/config-server.h"
#include "agent/rules/rule-file.h"
#include "agent/rules/rule-problem.h"
#include "agent/rules/trusted-file.h"
#include "config.h"
#include "socket-api/limits.h"

struct _CardeaRules
{
  gint ref_count;
  gboolean whole;
  GPtrArray *rules; /* of CardeaRule */
};

const char *
cardea_rules_get_default_folder (void)
{
  return CARDEA_SYSCONFDIR "/cardea/rules.d";
}

static gboolean
add_file (CardeaRules *self, const CardeaTrustedFile *file, GPtrArray *problems)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rules = cardea_rule_file_parse (file->path, file->text, &error);

  if (rules == NULL) {
    cardea_rule_problem_add (problems, "%s No rule of this file holds.", error->message);
    return FALSE;
  }
  if (self->rules->len + rules->len > CARDEA_LIMIT_RULES) {
    cardea_rule_problem_add (problems, "%s: there are more than %d rules; no rule of this file holds.",
                             file->path, CARDEA_LIMIT_RULES);
    return FALSE;
  }
  g_ptr_array_extend_and_steal (self->rules, g_steal_pointer (&rules));
  return TRUE;
}

CardeaRules *
cardea_rules_new (GPtrArray *files, gboolean whole, GPtrArray *problems)
{
  CardeaRules *self = g_new0 (CardeaRules, 1);

  self->ref_count = 1;
  self->whole = whole;
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_rule_free);
  for (guint i = 0; i < files->len; i++)
    if (!add_file (self, files->pdata[i], problems))
      self->whole = FALSE;
  return self;
}

CardeaRules *
cardea_rules_load (const char *folder, uid_t owner, GPtrArray *problems)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
  gboolean whole = cardea_trusted_files_read (folder, ".conf", owner, files, problems);

  return cardea_rules_new (files, whole, problems);
}

CardeaRules *
cardea_rules_ref (CardeaRules *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_rules_unref (CardeaRules *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_ptr_array_unref (self->rules);
  g_free (self);
}

guint
cardea_rules_get_length (const CardeaRules *self)
{
  return self->rules->len;
}

const CardeaRule *
cardea_rules_get (const CardeaRules *self, guint i)
{
  g_return_val_if_fail (i < self->rules->len, NULL);

  return self->rules->pdata[i];
}

gboolean
cardea_rules_are_whole (const CardeaRules *self)
{
  return self->whole;
}

/* A "no" to what is dangerous beats a "yes". */
static void
join_permission (CardeaRuleSwitch *place, CardeaRuleSwitch value)
{
  if (value == CARDEA_RULE_NO || *place == CARDEA_RULE_UNSET)
    *place = value == CARDEA_RULE_UNSET ? *place : value;
}

static void
join_demand (CardeaRuleSwitch *place, CardeaRuleSwitch value)
{
  *place = MAX (*place, value);
}

static void
join (CardeaRuleAnswer *answer, const CardeaRule *rule)
{
  const CardeaRuleSettings *settings = &rule->settings;

  if (rule->action == CARDEA_RULE_DENY && answer->denied_by == NULL)
    answer->denied_by = rule;
  if (rule->action == CARDEA_RULE_CONSENT && answer->consented_by == NULL)
    answer->consented_by = rule;
  if (rule->condition != NULL)
    g_ptr_array_add (answer->conditions, rule->condition);
  if (settings->authorities != NULL || settings->spki_pins->len > 0 ||
      settings->hard_revocation == CARDEA_RULE_YES)
    g_ptr_array_add (answer->demands, (gpointer)rule);
  join_permission (&answer->tls12, settings->tls12);
  join_permission (&answer->post_handshake, settings->post_handshake);
  join_demand (&answer->hard_revocation, settings->hard_revocation);
}

void
cardea_rules_decide (CardeaRules *self, const char *program_key, const char *server_name, guint16 port,
                     CardeaRuleAnswer *answer)
{
  g_autofree char *host = NULL;
  g_return_if_fail (program_key != NULL && server_name != NULL);

  host = cardea_config_normalise_host (server_name);
  *answer = (CardeaRuleAnswer){
    .rules = cardea_rules_ref (self),
    .conditions = g_ptr_array_new (),
    .demands = g_ptr_array_new (),
  };
  for (guint i = 0; i < self->rules->len; i++) {
    const CardeaRule *rule = self->rules->pdata[i];

    if (!cardea_rule_matches (rule, program_key, host, port))
      continue;
    join (answer, rule);
  }
  if (!self->whole || answer->denied_by != NULL)
    answer->consented_by = NULL;
  if (!self->whole) {
    join_permission (&answer->tls12, CARDEA_RULE_NO);
    join_permission (&answer->post_handshake, CARDEA_RULE_NO);
  }
}

void
cardea_rule_answer_clear (CardeaRuleAnswer *self)
{
  g_clear_pointer (&self->conditions, g_ptr_array_unref);
  g_clear_pointer (&self->demands, g_ptr_array_unref);
  g_clear_pointer (&self->rules, cardea_rules_unref);
  memset (self, 0, sizeof *self);
}
