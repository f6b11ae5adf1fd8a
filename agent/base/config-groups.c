/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/base/config-groups.h"

#include <limits.h>
#include <string.h>

#include "agent/base/config-keys.h"
#include "agent/base/config-values.h"
#include "agent/base/token-uri.h"
#include "socket-api/wire/error.h"

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

static void
free_lease (gpointer data)
{
  CardeaLeaseConfig *self = data;

  g_free (self->name);
  g_free (self->token);
  g_free (self);
}

void
cardea_config_groups_init (CardeaConfigGroups *self)
{
  self->pin_sources = g_ptr_array_new_with_free_func (free_pin_source);
  self->remembered = g_ptr_array_new_with_free_func (free_remembered);
  self->leases = g_ptr_array_new_with_free_func (free_lease);
  self->places = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

void
cardea_config_groups_clear (CardeaConfigGroups *self)
{
  g_hash_table_unref (self->places);
  g_ptr_array_unref (self->pin_sources);
  g_ptr_array_unref (self->remembered);
  g_ptr_array_unref (self->leases);
}

static void
replace (char **place, const char *value)
{
  g_free (*place);
  *place = g_strdup (value);
}

static gboolean
set_token (const CardeaConfigEntry *entry, char **place, GError **error)
{
  g_autofree char *problem = NULL;

  if (!cardea_token_uri_check (entry->value, &problem))
    return cardea_config_fail (entry, error, problem);
  replace (place, entry->value);
  return TRUE;
}

/* A name, not a path: systemd.exec(5), LoadCredential=. */
static gboolean
check_credential (const CardeaConfigEntry *entry, GError **error)
{
  const char *name = entry->value;

  if (name[0] == '\0' || strlen (name) > NAME_MAX || strchr (name, '/') != NULL || g_str_equal (name, ".") ||
      g_str_equal (name, ".."))
    return cardea_config_fail (entry, error, "it is the name of a systemd credential, without \"/\"");
  return TRUE;
}

/* What each value of a group begins with. */
typedef struct
{
  char *name;
} Named;

G_STATIC_ASSERT (G_STRUCT_OFFSET (CardeaPinSourceConfig, name) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (CardeaRememberConfig, name) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (CardeaLeaseConfig, name) == 0);

static gpointer
find (GPtrArray *values, const char *name)
{
  for (guint i = 0; i < values->len; i++)
    if (g_str_equal (((const Named *)values->pdata[i])->name, name))
      return values->pdata[i];
  return NULL;
}

static CardeaPinSourceConfig *
obtain_pin_source (CardeaConfigGroups *self, const char *name)
{
  CardeaPinSourceConfig *source = find (self->pin_sources, name);

  if (source != NULL)
    return source;
  source = g_new0 (CardeaPinSourceConfig, 1);
  source->name = g_strdup (name);
  source->descriptor = -1;
  g_ptr_array_add (self->pin_sources, source);
  return source;
}

static gboolean
set_pin_key (CardeaConfigGroups *self, const CardeaConfigEntry *entry, GError **error)
{
  CardeaPinSourceConfig *source = obtain_pin_source (self, cardea_config_get_name (entry->group, "pin"));
  guint number;

  g_hash_table_replace (self->places, source, g_strdup (entry->where));
  switch (entry->id) {
  case CARDEA_CONFIG_PIN_TOKEN:
    return set_token (entry, &source->token, error);
  case CARDEA_CONFIG_PIN_FILE:
    if (!cardea_config_check_path (entry, entry->value, error))
      return FALSE;
    replace (&source->file, entry->value);
    return TRUE;
  case CARDEA_CONFIG_PIN_CREDENTIAL:
    if (!check_credential (entry, error))
      return FALSE;
    replace (&source->credential, entry->value);
    return TRUE;
  default:
    if (!cardea_config_parse_number (entry, &number, error))
      return FALSE;
    source->descriptor = (int)number;
    return TRUE;
  }
}

/* Its one key is its token, so that none is without. */
static gboolean
set_remembered (CardeaConfigGroups *self, const CardeaConfigEntry *entry, GError **error)
{
  const char *name = cardea_config_get_name (entry->group, "remember");
  CardeaRememberConfig *found = find (self->remembered, name);

  if (found == NULL) {
    found = g_new0 (CardeaRememberConfig, 1);
    found->name = g_strdup (name);
    g_ptr_array_add (self->remembered, found);
  }
  return set_token (entry, &found->token, error);
}

static CardeaLeaseConfig *
obtain_lease (CardeaConfigGroups *self, const char *name)
{
  CardeaLeaseConfig *lease = find (self->leases, name);

  if (lease != NULL)
    return lease;
  lease = g_new0 (CardeaLeaseConfig, 1);
  lease->name = g_strdup (name);
  lease->screen_lock = TRUE;
  g_ptr_array_add (self->leases, lease);
  return lease;
}

static gboolean
set_lease_key (CardeaConfigGroups *self, const CardeaConfigEntry *entry, GError **error)
{
  CardeaLeaseConfig *lease = obtain_lease (self, cardea_config_get_name (entry->group, "lease"));

  g_hash_table_replace (self->places, lease, g_strdup (entry->where));
  switch (entry->id) {
  case CARDEA_CONFIG_LEASE_TOKEN:
    return set_token (entry, &lease->token, error);
  case CARDEA_CONFIG_LEASE_SCREEN_LOCK:
    return cardea_config_parse_boolean (entry, &lease->screen_lock, error);
  case CARDEA_CONFIG_LEASE_IDLE_SECONDS:
    return cardea_config_parse_number (entry, &lease->idle_seconds, error);
  case CARDEA_CONFIG_LEASE_SINGLE_USE:
    return cardea_config_parse_boolean (entry, &lease->single_use, error);
  default:
    return cardea_config_parse_number (entry, &lease->seconds, error);
  }
}

gboolean
cardea_config_groups_set (CardeaConfigGroups *self, const CardeaConfigEntry *entry, GError **error)
{
  const char *kind = cardea_config_keys[entry->id].group;

  if (g_str_equal (kind, "pin"))
    return set_pin_key (self, entry, error);
  if (g_str_equal (kind, "remember"))
    return set_remembered (self, entry, error);
  return set_lease_key (self, entry, error);
}

static gboolean
check_pin_source (CardeaConfigGroups *self, const CardeaPinSourceConfig *source, GError **error)
{
  guint n = (source->file != NULL) + (source->credential != NULL) + (source->descriptor >= 0);

  if (source->token != NULL && n == 1)
    return TRUE;
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: [pin %s] needs %s.",
                    (const char *)g_hash_table_lookup (self->places, source), source->name,
                    source->token == NULL ? "\"token\", the PKCS#11 URI of the token that the PIN is for"
                                          : "exactly one of \"file\", \"credential\" and \"descriptor\"");
  return FALSE;
}

static gboolean
check_lease (CardeaConfigGroups *self, const CardeaLeaseConfig *lease, GError **error)
{
  if (lease->token != NULL)
    return TRUE;
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                    "%s: [lease %s] needs \"token\", the PKCS#11 URI of the tokens that it is for.",
                    (const char *)g_hash_table_lookup (self->places, lease), lease->name);
  return FALSE;
}

gboolean
cardea_config_groups_check (CardeaConfigGroups *self, GError **error)
{
  for (guint i = 0; i < self->pin_sources->len; i++)
    if (!check_pin_source (self, g_ptr_array_index (self->pin_sources, i), error))
      return FALSE;
  for (guint i = 0; i < self->leases->len; i++)
    if (!check_lease (self, g_ptr_array_index (self->leases, i), error))
      return FALSE;
  return TRUE;
}
