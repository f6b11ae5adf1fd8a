/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of the configuration, in one table: what is not here is an error for whoever wrote it. */

#include "agent/base/config-keys.h"

#include <string.h>

#define MAX_NAME 64

/* Of these there may be several, each with a name. */
static const char *const named_groups[] = { "pin", "remember", "lease" };

const CardeaConfigKey cardea_config_keys[CARDEA_N_CONFIG_KEYS] = {
  [CARDEA_CONFIG_HEADLESS] = { "agent", "headless", CARDEA_CONFIG_BOOLEAN, "false" },
  [CARDEA_CONFIG_DRAIN_SECONDS] = { "agent", "drain-seconds", CARDEA_CONFIG_NUMBER, "10", 0, 300 },
  [CARDEA_CONFIG_IO_THREADS] = { "agent", "io-threads", CARDEA_CONFIG_NUMBER, "0", 0, 4 },
  [CARDEA_CONFIG_TOKEN_NOTIFICATIONS] = { "agent", "token-notifications", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_KEEP_AFTER_REMOVAL] = { "streams", "keep-after-removal", CARDEA_CONFIG_BOOLEAN, "false" },
  [CARDEA_CONFIG_REMOVAL_GRACE_SECONDS] = { "streams", "removal-grace-seconds", CARDEA_CONFIG_NUMBER, "0", 0,
                                            86400 },
  [CARDEA_CONFIG_RESUMPTION] = { "streams", "resumption", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_ALLOW_SERVERS] = { "allow", "servers", CARDEA_CONFIG_SERVERS, "" },
  [CARDEA_CONFIG_ALLOW_CALLER_AUTHORITIES] = { "allow", "caller-authorities", CARDEA_CONFIG_BOOLEAN,
                                               "false" },
  [CARDEA_CONFIG_AUTHORITIES_SYSTEM] = { "authorities", "system", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_AUTHORITIES_DATABASE] = { "authorities", "nss-database", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_AUTHORITIES_FILES] = { "authorities", "files", CARDEA_CONFIG_PATHS, "" },
  [CARDEA_CONFIG_REVOCATION_LISTS] = { "revocation", "lists", CARDEA_CONFIG_PATHS, "" },
  [CARDEA_CONFIG_REVOCATION_FETCH] = { "revocation", "fetch", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_MODULES_P11_KIT] = { "modules", "p11-kit", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_MODULES_DATABASE] = { "modules", "nss-database", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_MODULES_LOAD] = { "modules", "load", CARDEA_CONFIG_PATHS, "" },
  [CARDEA_CONFIG_MODULES_DISABLE] = { "modules", "disable", CARDEA_CONFIG_MODULES, "" },
  [CARDEA_CONFIG_MODULES_PASS_ENVIRONMENT] = { "modules", "pass-environment", CARDEA_CONFIG_VARIABLES, "" },
  [CARDEA_CONFIG_NSS_DATABASE] = { "nss", "database", CARDEA_CONFIG_PATH, "~/.pki/nssdb" },
  [CARDEA_CONFIG_PIN_TOKEN] = { "pin", "token", CARDEA_CONFIG_TOKEN },
  [CARDEA_CONFIG_PIN_FILE] = { "pin", "file", CARDEA_CONFIG_PATH },
  [CARDEA_CONFIG_PIN_CREDENTIAL] = { "pin", "credential", CARDEA_CONFIG_CREDENTIAL },
  /* 0 to 2 are the standard streams. */
  [CARDEA_CONFIG_PIN_DESCRIPTOR] = { "pin", "descriptor", CARDEA_CONFIG_NUMBER, NULL, 3, 1023 },
  [CARDEA_CONFIG_REMEMBER_TOKEN] = { "remember", "token", CARDEA_CONFIG_TOKEN },
  [CARDEA_CONFIG_LEASE_TOKEN] = { "lease", "token", CARDEA_CONFIG_TOKEN },
  [CARDEA_CONFIG_LEASE_SCREEN_LOCK] = { "lease", "screen-lock", CARDEA_CONFIG_BOOLEAN, "true" },
  [CARDEA_CONFIG_LEASE_IDLE_SECONDS] = { "lease", "idle-seconds", CARDEA_CONFIG_NUMBER, "0", 0, 604800 },
  [CARDEA_CONFIG_LEASE_SECONDS] = { "lease", "seconds", CARDEA_CONFIG_NUMBER, "0", 0, 604800 },
  [CARDEA_CONFIG_LEASE_SINGLE_USE] = { "lease", "single-use", CARDEA_CONFIG_BOOLEAN, "false" },
};

const char *
cardea_config_get_name (const char *group, const char *kind)
{
  const char *name;

  if (!g_str_has_prefix (group, kind) || group[strlen (kind)] != ' ')
    return NULL;
  name = group + strlen (kind) + 1;
  if (strlen (name) > MAX_NAME || !g_regex_match_simple ("^[A-Za-z0-9][A-Za-z0-9._-]*\\z", name, 0, 0))
    return NULL;
  return name;
}

gboolean
cardea_config_is_named (const CardeaConfigKey *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (named_groups); i++)
    if (g_str_equal (key->group, named_groups[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_in_group (const CardeaConfigKey *key, const char *group)
{
  if (cardea_config_is_named (key))
    return cardea_config_get_name (group, key->group) != NULL;
  return g_str_equal (key->group, group);
}

gboolean
cardea_config_knows_group (const char *group)
{
  for (guint i = 0; i < CARDEA_N_CONFIG_KEYS; i++)
    if (is_in_group (&cardea_config_keys[i], group))
      return TRUE;
  return FALSE;
}

int
cardea_config_find_key (const char *group, const char *key)
{
  for (guint i = 0; i < CARDEA_N_CONFIG_KEYS; i++)
    if (is_in_group (&cardea_config_keys[i], group) && g_str_equal (cardea_config_keys[i].key, key))
      return (int)i;
  return -1;
}

char *
cardea_config_list_keys (const char *group)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < CARDEA_N_CONFIG_KEYS; i++)
    if (is_in_group (&cardea_config_keys[i], group))
      g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", cardea_config_keys[i].key);
  return g_string_free (out, FALSE);
}
