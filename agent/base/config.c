/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent's configuration, read as a whole or not at all.
 *
 * A mistake in it is never guessed around: whoever wrote "headles=true" meant something, and going on without
 * it could ask, refuse or allow what was not meant. So each file is checked to the last key before anything
 * counts, and the value that comes out never changes again. */

#include "agent/base/config.h"

#include <limits.h>
#include <string.h>

#include "agent/base/config-file.h"
#include "agent/base/config-groups.h"
#include "agent/base/config-keys.h"
#include "agent/base/config-server.h"
#include "agent/base/config-values.h"
#include "socket-api/wire/error.h"

struct _CardeaConfig
{
  gint ref_count;
  gboolean booleans[CARDEA_N_CONFIG_KEYS];
  guint numbers[CARDEA_N_CONFIG_KEYS];
  char **lists[CARDEA_N_CONFIG_KEYS];
  char *nss_database;
  GHashTable *servers; /* set of strings, see config-server.h */
  CardeaConfigGroups groups;
};

static gboolean
check_module (const CardeaConfigEntry *entry, const char *module, GError **error)
{
  if (strchr (module, '/') != NULL)
    return cardea_config_check_path (entry, module, error);
  return module[0] != '\0' || cardea_config_fail (entry, error, "an entry is empty");
}

/* Variables of the dynamic linker would run other code where tokens are used. */
static gboolean
check_variable (const CardeaConfigEntry *entry, const char *name, GError **error)
{
  if (!g_regex_match_simple ("^[A-Za-z_][A-Za-z0-9_]*\\z", name, 0, 0) || strlen (name) > 255)
    return cardea_config_fail (entry, error, "give names of variables, without values");
  return !g_str_has_prefix (name, "LD_") ||
         cardea_config_fail (entry, error, "variables of the dynamic linker (LD_...) are not passed on");
}

static gboolean
check_list (const CardeaConfigEntry *entry, GError **error)
{
  CardeaConfigType type = cardea_config_keys[entry->id].type;

  for (guint i = 0; entry->list[i] != NULL; i++) {
    const char *item = entry->list[i];
    gboolean good = type == CARDEA_CONFIG_PATHS     ? cardea_config_check_path (entry, item, error)
                    : type == CARDEA_CONFIG_MODULES ? check_module (entry, item, error)
                                                    : check_variable (entry, item, error);

    if (!good)
      return FALSE;
  }
  return TRUE;
}

static gboolean
set_list (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  if (!check_list (entry, error))
    return FALSE;
  g_strfreev (self->lists[entry->id]);
  self->lists[entry->id] = g_strdupv (entry->list);
  return TRUE;
}

static gboolean
set_servers (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  g_hash_table_remove_all (self->servers);
  for (guint i = 0; entry->list[i] != NULL; i++) {
    g_autofree char *problem = NULL;
    char *server = cardea_config_parse_server (entry->list[i], &problem);

    if (server == NULL) {
      g_autofree char *what = g_strdup_printf ("\"%s\": %s", entry->list[i], problem);

      return cardea_config_fail (entry, error, what);
    }
    g_hash_table_add (self->servers, server);
  }
  return TRUE;
}

static gboolean
set_key (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  const CardeaConfigKey *key = &cardea_config_keys[entry->id];

  if (cardea_config_is_named (key))
    return cardea_config_groups_set (&self->groups, entry, error);
  switch (key->type) {
  case CARDEA_CONFIG_BOOLEAN:
    return cardea_config_parse_boolean (entry, &self->booleans[entry->id], error);
  case CARDEA_CONFIG_NUMBER:
    return cardea_config_parse_number (entry, &self->numbers[entry->id], error);
  case CARDEA_CONFIG_SERVERS:
    return set_servers (self, entry, error);
  case CARDEA_CONFIG_PATH:
    if (!cardea_config_check_path (entry, entry->value, error))
      return FALSE;
    g_free (self->nss_database);
    self->nss_database = g_strdup (entry->value);
    return TRUE;
  case CARDEA_CONFIG_PATHS:
  case CARDEA_CONFIG_MODULES:
  case CARDEA_CONFIG_VARIABLES:
    return set_list (self, entry, error);
  case CARDEA_CONFIG_TOKEN:
  case CARDEA_CONFIG_CREDENTIAL:
  default:
    g_assert_not_reached ();
  }
}

static CardeaConfig *
new_with_defaults (void)
{
  CardeaConfig *self = g_new0 (CardeaConfig, 1);

  self->ref_count = 1;
  self->servers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  cardea_config_groups_init (&self->groups);
  self->nss_database = g_build_filename (g_get_home_dir (), ".pki", "nssdb", NULL);
  for (guint i = 0; i < CARDEA_N_CONFIG_KEYS; i++) {
    const CardeaConfigKey *key = &cardea_config_keys[i];

    self->lists[i] = g_new0 (char *, 1);
    if (key->initial != NULL && key->type == CARDEA_CONFIG_BOOLEAN)
      self->booleans[i] = g_str_equal (key->initial, "true");
    if (key->initial != NULL && key->type == CARDEA_CONFIG_NUMBER)
      self->numbers[i] = (guint)g_ascii_strtoull (key->initial, NULL, 10);
  }
  return self;
}

CardeaConfig *
cardea_config_load (const char *const *paths, GError **error)
{
  g_autoptr (CardeaConfig) self = new_with_defaults ();

  for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
    g_autoptr (GPtrArray) entries = cardea_config_file_read (paths[i], error);

    if (entries == NULL)
      return NULL;
    for (guint j = 0; j < entries->len; j++)
      if (!set_key (self, g_ptr_array_index (entries, j), error))
        return NULL;
  }
  if (!cardea_config_groups_check (&self->groups, error))
    return NULL;
  return g_steal_pointer (&self);
}

CardeaConfig *
cardea_config_ref (CardeaConfig *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_config_unref (CardeaConfig *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  for (guint i = 0; i < CARDEA_N_CONFIG_KEYS; i++)
    g_strfreev (self->lists[i]);
  g_hash_table_unref (self->servers);
  cardea_config_groups_clear (&self->groups);
  g_free (self->nss_database);
  g_free (self);
}

gboolean
cardea_config_allows (const CardeaConfig *self, const char *host, guint16 port)
{
  g_autofree char *server = NULL;

  g_return_val_if_fail (host != NULL, FALSE);

  server = cardea_config_make_server (host, port);
  return server != NULL && g_hash_table_contains (self->servers, server);
}

static const char *const *
get_list (const CardeaConfig *self, CardeaConfigKeyId id)
{
  return (const char *const *)self->lists[id];
}

gboolean
cardea_config_get_headless (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_HEADLESS];
}

void
cardea_config_set_headless (CardeaConfig *self)
{
  self->booleans[CARDEA_CONFIG_HEADLESS] = TRUE;
}

guint
cardea_config_get_drain_seconds (const CardeaConfig *self)
{
  return self->numbers[CARDEA_CONFIG_DRAIN_SECONDS];
}

gboolean
cardea_config_get_token_notifications (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_TOKEN_NOTIFICATIONS];
}

guint
cardea_config_get_io_threads (const CardeaConfig *self)
{
  return self->numbers[CARDEA_CONFIG_IO_THREADS];
}

gboolean
cardea_config_get_keep_after_removal (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_KEEP_AFTER_REMOVAL];
}

guint
cardea_config_get_removal_grace_seconds (const CardeaConfig *self)
{
  return self->numbers[CARDEA_CONFIG_REMOVAL_GRACE_SECONDS];
}

gboolean
cardea_config_get_resumption (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_RESUMPTION];
}

gboolean
cardea_config_get_allow_caller_authorities (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_ALLOW_CALLER_AUTHORITIES];
}

gboolean
cardea_config_get_system_authorities (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_AUTHORITIES_SYSTEM];
}

gboolean
cardea_config_get_database_authorities (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_AUTHORITIES_DATABASE];
}

const char *const *
cardea_config_get_authority_files (const CardeaConfig *self)
{
  return get_list (self, CARDEA_CONFIG_AUTHORITIES_FILES);
}

const char *const *
cardea_config_get_revocation_lists (const CardeaConfig *self)
{
  return get_list (self, CARDEA_CONFIG_REVOCATION_LISTS);
}

gboolean
cardea_config_get_revocation_fetch (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_REVOCATION_FETCH];
}

gboolean
cardea_config_get_p11_kit_modules (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_MODULES_P11_KIT];
}

gboolean
cardea_config_get_database_modules (const CardeaConfig *self)
{
  return self->booleans[CARDEA_CONFIG_MODULES_DATABASE];
}

const char *const *
cardea_config_get_modules (const CardeaConfig *self)
{
  return get_list (self, CARDEA_CONFIG_MODULES_LOAD);
}

const char *const *
cardea_config_get_disabled_modules (const CardeaConfig *self)
{
  return get_list (self, CARDEA_CONFIG_MODULES_DISABLE);
}

const char *const *
cardea_config_get_pass_environment (const CardeaConfig *self)
{
  return get_list (self, CARDEA_CONFIG_MODULES_PASS_ENVIRONMENT);
}

const char *
cardea_config_get_nss_database (const CardeaConfig *self)
{
  return self->nss_database;
}

GPtrArray *
cardea_config_get_pin_sources (const CardeaConfig *self)
{
  return self->groups.pin_sources;
}

GPtrArray *
cardea_config_get_remembered (const CardeaConfig *self)
{
  return self->groups.remembered;
}

GPtrArray *
cardea_config_get_leases (const CardeaConfig *self)
{
  return self->groups.leases;
}
