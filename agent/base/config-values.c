/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/base/config-values.h"

#include <limits.h>
#include <string.h>

#include "agent/base/config-keys.h"
#include "socket-api/wire/error.h"

gboolean
cardea_config_fail (const CardeaConfigEntry *entry, GError **error, const char *what)
{
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: \"%s\" of [%s]: %s.", entry->where,
                    cardea_config_keys[entry->id].key, entry->group, what);
  return FALSE;
}

gboolean
cardea_config_parse_boolean (const CardeaConfigEntry *entry, gboolean *value, GError **error)
{
  if (!g_str_equal (entry->value, "true") && !g_str_equal (entry->value, "false"))
    return cardea_config_fail (entry, error, "it is either true or false");
  *value = g_str_equal (entry->value, "true");
  return TRUE;
}

gboolean
cardea_config_parse_number (const CardeaConfigEntry *entry, guint *number, GError **error)
{
  const CardeaConfigKey *key = &cardea_config_keys[entry->id];
  g_autofree char *what = NULL;
  guint64 value;

  if (g_ascii_string_to_unsigned (entry->value, 10, key->minimum, key->maximum, &value, NULL)) {
    *number = (guint)value;
    return TRUE;
  }
  what = g_strdup_printf ("it is a whole number from %u to %u", key->minimum, key->maximum);
  return cardea_config_fail (entry, error, what);
}

gboolean
cardea_config_check_path (const CardeaConfigEntry *entry, const char *path, GError **error)
{
  if (path[0] != '/')
    return cardea_config_fail (entry, error, "give the whole path, beginning with \"/\"");
  if (strlen (path) >= PATH_MAX)
    return cardea_config_fail (entry, error, "the path is too long");
  return TRUE;
}
