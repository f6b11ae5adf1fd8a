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
#include "agent/base/config-keys.h"
#include "agent/base/config-server.h"
#include "agent/base/token-uri.h"
#include "socket-api/wire/error.h"

struct _CardeaConfig
{
  gint ref_count;
  gboolean booleans[CARDEA_N_CONFIG_KEYS];
  guint numbers[CARDEA_N_CONFIG_KEYS];
  char **lists[CARDEA_N_CONFIG_KEYS];
  char *nss_database;
  GHashTable *servers;    /* set of strings, see config-server.h */
  GPtrArray *pin_sources; /* of CardeaPinSourceConfig */
  GHashTable *pin_places; /* name -> "FILE:LINE" of its last key; only while reading */
  GPtrArray *remembered;  /* of CardeaRememberConfig */
};

static gboolean
fail (const CardeaConfigEntry *entry, GError **error, const char *what)
{
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: \"%s\" of [%s]: %s.", entry->where,
                    cardea_config_keys[entry->id].key, entry->group, what);
  return FALSE;
}

static void
free_pin_source (gpointer data)
{
  CardeaPinSourceConfig *self = data;

  g_free (self->name);
  g_free (self->token);
  g_free (self->file);
  g_free (self->credential);
  g_free (self);
}

static void
free_remembered (gpointer data)
{
  CardeaRememberConfig *self = data;

  g_free (self->name);
  g_free (self->token);
  g_free (self);
}

static gboolean
set_boolean (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  if (!g_str_equal (entry->value, "true") && !g_str_equal (entry->value, "false"))
    return fail (entry, error, "it is either true or false");
  self->booleans[entry->id] = g_str_equal (entry->value, "true");
  return TRUE;
}

static gboolean
parse_number (const CardeaConfigEntry *entry, guint *number, GError **error)
{
  const CardeaConfigKey *key = &cardea_config_keys[entry->id];
  g_autofree char *what = NULL;
  guint64 value;

  if (g_ascii_string_to_unsigned (entry->value, 10, key->minimum, key->maximum, &value, NULL)) {
    *number = (guint)value;
    return TRUE;
  }
  what = g_strdup_printf ("it is a whole number from %u to %u", key->minimum, key->maximum);
  return fail (entry, error, what);
}

static gboolean
check_path (const CardeaConfigEntry *entry, const char *path, GError **error)
{
  if (path[0] != '/')
    return fail (entry, error, "give the whole path, beginning with \"/\"");
  if (strlen (path) >= PATH_MAX)
    return fail (entry, error, "the path is too long");
  return TRUE;
}

static gboolean
check_module (const CardeaConfigEntry *entry, const char *module, GError **error)
{
  if (strchr (module, '/') != NULL)
    return check_path (entry, module, error);
  return module[0] != '\0' || fail (entry, error, "an entry is empty");
}

/* Variables of the dynamic linker would run other code where tokens are used. */
static gboolean
check_variable (const CardeaConfigEntry *entry, const char *name, GError **error)
{
  if (!g_regex_match_simple ("^[A-Za-z_][A-Za-z0-9_]*\\z", name, 0, 0) || strlen (name) > 255)
    return fail (entry, error, "give names of variables, without values");
  return !g_str_has_prefix (name, "LD_") ||
         fail (entry, error, "variables of the dynamic linker (LD_...) are not passed on");
}

static gboolean
check_list (const CardeaConfigEntry *entry, GError **error)
{
  CardeaConfigType type = cardea_config_keys[entry->id].type;

  for (guint i = 0; entry->list[i] != NULL; i++) {
    const char *item = entry->list[i];
    gboolean good = type == CARDEA_CONFIG_PATHS     ? check_path (entry, item, error)
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

      return fail (entry, error, what);
    }
    g_hash_table_add (self->servers, server);
  }
  return TRUE;
}

static CardeaPinSourceConfig *
obtain_pin_source (CardeaConfig *self, const CardeaConfigEntry *entry)
{
  const char *name = cardea_config_get_name (entry->group, "pin");
  CardeaPinSourceConfig *source;

  g_hash_table_replace (self->pin_places, g_strdup (name), g_strdup (entry->where));
  for (guint i = 0; i < self->pin_sources->len; i++) {
    source = g_ptr_array_index (self->pin_sources, i);
    if (g_str_equal (source->name, name))
      return source;
  }
  source = g_new0 (CardeaPinSourceConfig, 1);
  source->name = g_strdup (name);
  source->descriptor = -1;
  g_ptr_array_add (self->pin_sources, source);
  return source;
}

static gboolean
check_token (const CardeaConfigEntry *entry, GError **error)
{
  g_autofree char *problem = NULL;

  return cardea_token_uri_check (entry->value, &problem) || fail (entry, error, problem);
}

/* A name, not a path: systemd.exec(5), LoadCredential=. */
static gboolean
check_credential (const CardeaConfigEntry *entry, GError **error)
{
  const char *name = entry->value;

  if (name[0] == '\0' || strlen (name) > NAME_MAX || strchr (name, '/') != NULL || g_str_equal (name, ".") ||
      g_str_equal (name, ".."))
    return fail (entry, error, "it is the name of a systemd credential, without \"/\"");
  return TRUE;
}

static void
replace (char **place, const char *value)
{
  g_free (*place);
  *place = g_strdup (value);
}

static gboolean
set_pin_key (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  CardeaPinSourceConfig *source = obtain_pin_source (self, entry);
  guint number;

  switch (entry->id) {
  case CARDEA_CONFIG_PIN_TOKEN:
    if (!check_token (entry, error))
      return FALSE;
    replace (&source->token, entry->value);
    return TRUE;
  case CARDEA_CONFIG_PIN_FILE:
    if (!check_path (entry, entry->value, error))
      return FALSE;
    replace (&source->file, entry->value);
    return TRUE;
  case CARDEA_CONFIG_PIN_CREDENTIAL:
    if (!check_credential (entry, error))
      return FALSE;
    replace (&source->credential, entry->value);
    return TRUE;
  default:
    if (!parse_number (entry, &number, error))
      return FALSE;
    source->descriptor = (int)number;
    return TRUE;
  }
}

/* Its one key is its token, so that none is without. */
static gboolean
set_remembered (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  const char *name = cardea_config_get_name (entry->group, "remember");
  CardeaRememberConfig *found = NULL;

  if (!check_token (entry, error))
    return FALSE;
  for (guint i = 0; i < self->remembered->len && found == NULL; i++) {
    CardeaRememberConfig *other = g_ptr_array_index (self->remembered, i);

    found = g_str_equal (other->name, name) ? other : NULL;
  }
  if (found == NULL) {
    found = g_new0 (CardeaRememberConfig, 1);
    found->name = g_strdup (name);
    g_ptr_array_add (self->remembered, found);
  }
  replace (&found->token, entry->value);
  return TRUE;
}

static gboolean
set_key (CardeaConfig *self, const CardeaConfigEntry *entry, GError **error)
{
  const CardeaConfigKey *key = &cardea_config_keys[entry->id];

  if (g_str_equal (key->group, "pin"))
    return set_pin_key (self, entry, error);
  if (g_str_equal (key->group, "remember"))
    return set_remembered (self, entry, error);
  switch (key->type) {
  case CARDEA_CONFIG_BOOLEAN:
    return set_boolean (self, entry, error);
  case CARDEA_CONFIG_NUMBER:
    return parse_number (entry, &self->numbers[entry->id], error);
  case CARDEA_CONFIG_SERVERS:
    return set_servers (self, entry, error);
  case CARDEA_CONFIG_PATH:
    if (!check_path (entry, entry->value, error))
      return FALSE;
    replace (&self->nss_database, entry->value);
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

static gboolean
check_pin_sources (CardeaConfig *self, GError **error)
{
  for (guint i = 0; i < self->pin_sources->len; i++) {
    const CardeaPinSourceConfig *source = g_ptr_array_index (self->pin_sources, i);
    guint n = (source->file != NULL) + (source->credential != NULL) + (source->descriptor >= 0);
    const char *place = g_hash_table_lookup (self->pin_places, source->name);

    if (source->token == NULL || n != 1) {
      cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: [pin %s] needs %s.", place, source->name,
                        source->token == NULL ? "\"token\", the PKCS#11 URI of the token that the PIN is for"
                                              : "exactly one of \"file\", \"credential\" and \"descriptor\"");
      return FALSE;
    }
  }
  return TRUE;
}

static CardeaConfig *
new_with_defaults (void)
{
  CardeaConfig *self = g_new0 (CardeaConfig, 1);

  self->ref_count = 1;
  self->servers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pin_sources = g_ptr_array_new_with_free_func (free_pin_source);
  self->pin_places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->remembered = g_ptr_array_new_with_free_func (free_remembered);
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
  if (!check_pin_sources (self, error))
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
  g_hash_table_unref (self->pin_places);
  g_ptr_array_unref (self->pin_sources);
  g_ptr_array_unref (self->remembered);
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

guint
cardea_config_get_io_threads (const CardeaConfig *self)
{
  return self->numbers[CARDEA_CONFIG_IO_THREADS];
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
  return self->pin_sources;
}

GPtrArray *
cardea_config_get_remembered (const CardeaConfig *self)
{
  return self->remembered;
}
