/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Authorities that rules name. They are read when the rules are, so that a connection waits for no disk and a
 * file that changes means nothing until the administrator says so. One that cannot be used leaves its rule
 * without any, and nobody then vouches for its servers: the system's authorities would be more than the rule
 * allows. */

#include "agent/broker/rule-authorities.h"

#include <unistd.h>

#include "agent/broker/trust-source.h"
#include "agent/rules/rule-problem.h"
#include "agent/rules/trusted-path.h"
#include "agent/tls/pem.h"

typedef struct
{
  GPtrArray *certificates; /* DER (GBytes) */
  char *hash;
  CardeaTrust *stores; /* the snapshot that what is distrusted was taken from; NULL: none yet */
  CardeaTrust *trust;
} Named;

struct _CardeaRuleAuthorities
{
  CardeaRules *rules;
  GHashTable *named; /* CardeaRule -> Named: of rules whose files can be used */
};

static void
named_free (gpointer data)
{
  Named *self = data;

  g_ptr_array_unref (self->certificates);
  g_clear_pointer (&self->stores, cardea_trust_unref);
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_free (self->hash);
  g_free (self);
}

static gboolean
add_anchors (CardeaTrust *trust, GPtrArray *certificates, GError **error)
{
  for (guint i = 0; i < certificates->len; i++)
    if (!cardea_trust_add_anchor (trust, certificates->pdata[i], "config", error)) {
      g_prefix_error (error, "certificate %u: ", i + 1);
      return FALSE;
    }
  return TRUE;
}

/* NULL for a file with a certificate that cannot be read, too. */
static GPtrArray *
read_file (const char *path, uid_t owner, GError **error)
{
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (CardeaTrust) trial = cardea_trust_new ();
  int fd = cardea_trusted_path_open (path, owner, error);

  if (fd < 0)
    return NULL;
  certificates = cardea_pem_read_certificates_from (fd, path, error);
  close (fd);
  if (certificates == NULL)
    return NULL;
  if (!add_anchors (trial, certificates, error)) {
    g_prefix_error (error, "%s, ", path);
    return NULL;
  }
  return g_steal_pointer (&certificates);
}

static GPtrArray *
read_files (const CardeaRule *rule, uid_t owner, GPtrArray *problems)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  for (char **path = rule->settings.authorities; *path != NULL; path++) {
    g_autoptr (GError) error = NULL;
    GPtrArray *certificates = read_file (*path, owner, &error);

    if (certificates == NULL) {
      cardea_rule_problem_add (
          problems,
          "%s: the authorities of [rule %s] cannot be used, so nothing connects where it "
          "applies: %s",
          rule->where, rule->name, error->message);
      return NULL;
    }
    g_ptr_array_extend_and_steal (all, certificates);
  }
  return g_steal_pointer (&all);
}

CardeaRuleAuthorities *
cardea_rule_authorities_new (CardeaRules *rules, uid_t owner, GPtrArray *problems)
{
  CardeaRuleAuthorities *self = g_new0 (CardeaRuleAuthorities, 1);

  self->rules = cardea_rules_ref (rules);
  self->named = g_hash_table_new_full (NULL, NULL, NULL, named_free);
  for (guint i = 0; i < cardea_rules_get_length (rules); i++) {
    const CardeaRule *rule = cardea_rules_get (rules, i);
    GPtrArray *certificates = rule->settings.authorities != NULL ? read_files (rule, owner, problems) : NULL;
    Named *named;

    if (certificates == NULL)
      continue;
    named = g_new0 (Named, 1);
    named->certificates = certificates;
    named->hash = cardea_trust_source_hash (certificates);
    g_hash_table_insert (self->named, (gpointer)rule, named);
  }
  return self;
}

void
cardea_rule_authorities_free (CardeaRuleAuthorities *self)
{
  g_hash_table_unref (self->named);
  cardea_rules_unref (self->rules);
  g_free (self);
}

CardeaRules *
cardea_rule_authorities_get_rules (CardeaRuleAuthorities *self)
{
  return self->rules;
}

CardeaTrust *
cardea_rule_authorities_get_trust (CardeaRuleAuthorities *self, const CardeaRule *rule,
                                   CardeaAuthorityStore *store, const char **hash)
{
  g_autoptr (CardeaTrust) stores = cardea_authority_store_get_trust (store);
  Named *named = g_hash_table_lookup (self->named, rule);

  if (named == NULL)
    return NULL;
  if (named->stores != stores) {
    g_clear_pointer (&named->trust, cardea_trust_unref);
    g_clear_pointer (&named->stores, cardea_trust_unref);
    named->trust = cardea_authority_store_new_distrusting (store);
    add_anchors (named->trust, named->certificates, NULL);
    named->stores = g_steal_pointer (&stores);
  }
  *hash = named->hash;
  return cardea_trust_ref (named->trust);
}
