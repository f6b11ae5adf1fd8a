/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of a rule, in one table: what is not here is an error for whoever wrote it. */

#include "agent/rules/rule-keys.h"

#include <string.h>

#define RULE_PREFIX "rule "
#define MAX_RULE_NAME 64

static const struct
{
  const char *key;
  gboolean is_list;
} keys[CARDEA_N_RULE_KEYS] = {
  [CARDEA_RULE_KEY_PROGRAM] = { "program", TRUE },
  [CARDEA_RULE_KEY_SERVERS] = { "servers", TRUE },
  [CARDEA_RULE_KEY_ACTION] = { "action", FALSE },
  [CARDEA_RULE_KEY_MESSAGE] = { "message", FALSE },
  [CARDEA_RULE_KEY_CERTIFICATE] = { "certificate", FALSE },
  [CARDEA_RULE_KEY_ISSUER] = { "issuer", FALSE },
  [CARDEA_RULE_KEY_TLS12] = { "tls12", FALSE },
  [CARDEA_RULE_KEY_REVOCATION] = { "revocation", FALSE },
  [CARDEA_RULE_KEY_AUTHORITIES] = { "authorities", TRUE },
  [CARDEA_RULE_KEY_SPKI_PIN] = { "spki-pin", TRUE },
  [CARDEA_RULE_KEY_POST_HANDSHAKE] = { "post-handshake", FALSE },
};

const char *
cardea_rule_get_name (const char *group)
{
  const char *name;

  if (!g_str_has_prefix (group, RULE_PREFIX))
    return NULL;
  name = group + strlen (RULE_PREFIX);
  if (strlen (name) > MAX_RULE_NAME || !g_regex_match_simple ("^[A-Za-z0-9][A-Za-z0-9._-]*\\z", name, 0, 0))
    return NULL;
  return name;
}

static gboolean
knows_group (const char *group)
{
  return cardea_rule_get_name (group) != NULL;
}

static int
find_key (const char *group, const char *key)
{
  for (guint i = 0; i < CARDEA_N_RULE_KEYS; i++)
    if (g_str_equal (keys[i].key, key))
      return (int)i;
  return -1;
}

static char *
list_keys (const char *group)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < CARDEA_N_RULE_KEYS; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? ", " : "", keys[i].key);
  return g_string_free (out, FALSE);
}

static const char *
get_key (int id)
{
  return keys[id].key;
}

static gboolean
is_list (int id)
{
  return keys[id].is_list;
}

const CardeaKeyFileForm cardea_rule_form = {
  .groups = "Each is [rule NAME], where NAME is made of at most 64 letters, digits, \".\", \"_\" and \"-\".",
  .example = "[rule NAME]",
  .tells_groups = TRUE,
  .knows_group = knows_group,
  .find_key = find_key,
  .list_keys = list_keys,
  .get_key = get_key,
  .is_list = is_list,
};

const char *
cardea_rule_key_to_string (CardeaRuleKey key)
{
  g_return_val_if_fail ((guint)key < CARDEA_N_RULE_KEYS, "unknown");

  return keys[key].key;
}
