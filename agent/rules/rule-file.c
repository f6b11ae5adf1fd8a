/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes rules of one file. A mistake is never guessed around, and voids the file as a whole: whoever wrote it
 * meant its rules together. */

#include "agent/rules/rule-file.h"

#include "agent/rules/rule-values.h"
#include "socket-api/wire/error.h"

static void
free_rule (gpointer data)
{
  cardea_rule_free (data);
}

static gboolean
take_entry (GPtrArray *rules, const CardeaKeyFileEntry *entry, GError **error)
{
  g_autofree char *problem = NULL;

  if (entry->id == CARDEA_KEY_FILE_GROUP) {
    g_ptr_array_add (rules, cardea_rule_new (cardea_rule_get_name (entry->group), entry->where));
    return TRUE;
  }
  /* Its group was told just before, and stands once. */
  if (cardea_rule_set_key (rules->pdata[rules->len - 1], entry, &problem))
    return TRUE;
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: \"%s\" of [%s]: %s.", entry->where,
                    cardea_rule_key_to_string ((CardeaRuleKey)entry->id), entry->group, problem);
  return FALSE;
}

static gboolean
check_rule (const CardeaRule *rule, GError **error)
{
  const char *problem = NULL;

  if (cardea_rule_check (rule, &problem))
    return TRUE;
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: [rule %s]: %s", rule->where, rule->name, problem);
  return FALSE;
}

GPtrArray *
cardea_rule_file_parse (const char *path, const char *text, GError **error)
{
  g_autoptr (GPtrArray) rules = g_ptr_array_new_with_free_func (free_rule);
  g_autoptr (GPtrArray) entries = cardea_key_file_parse (path, text, &cardea_rule_form, error);

  if (entries == NULL)
    return NULL;
  for (guint i = 0; i < entries->len; i++)
    if (!take_entry (rules, entries->pdata[i], error))
      return NULL;
  for (guint i = 0; i < rules->len; i++)
    if (!check_rule (rules->pdata[i], error))
      return NULL;
  return g_steal_pointer (&rules);
}
