/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Taking parameters apart. jansson's own unpacking names neither the field that is unknown nor the one that
 * is wrong. */
#include "agent/api/unpack.h"

#include <string.h>

#include "socket-api/wire/error.h"

#define MAX_NAME 64 /* of a field, as it is said back to the caller */

gboolean
cardea_unpack_refuse (const char *prefix, const char *name, const char *why, GError **error)
{
  g_autofree char *shown = strlen (name) > MAX_NAME
                               ? g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), MAX_NAME))
                               : g_strdup (name);
  g_autofree char *full = g_strconcat (prefix, shown, NULL);
  g_autoptr (GError) refusal =
      cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER, "Parameter “%s” %s", full, why);

  cardea_error_take_parameter (refusal, "parameter", json_string (full));
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

static gboolean
is_strings (json_t *value, json_int_t max)
{
  gsize i;
  json_t *element;

  if (!json_is_array (value) || (json_int_t)json_array_size (value) > max)
    return FALSE;

  json_array_foreach (value, i, element) {
    if (!json_is_string (element))
      return FALSE;
  }

  return TRUE;
}

/* Stores the value, or returns what it should have been. */
static const char *
store (const CardeaField *field, json_t *value)
{
  switch (field->type) {
  case CARDEA_FIELD_STRING:
    if (!json_is_string (value))
      return "must be a string";
    *(const char **)field->target = json_string_value (value);
    return NULL;

  case CARDEA_FIELD_INTEGER:
    if (!json_is_integer (value) || json_integer_value (value) < field->min ||
        json_integer_value (value) > field->max)
      return "must be an integer in its range";
    *(json_int_t *)field->target = json_integer_value (value);
    return NULL;

  case CARDEA_FIELD_BOOLEAN:
    if (!json_is_boolean (value))
      return "must be true or false";
    *(gboolean *)field->target = json_is_true (value);
    return NULL;

  case CARDEA_FIELD_OBJECT:
    if (!json_is_object (value))
      return "must be an object";
    break;

  case CARDEA_FIELD_STRINGS:
    if (!is_strings (value, field->max))
      return "must be an array of strings, and not too long";
    break;

  default:
    g_assert_not_reached ();
  }

  *(json_t **)field->target = value;
  return NULL;
}

static gboolean
is_known (const CardeaField *fields, guint n_fields, const char *name)
{
  for (guint i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].name, name))
      return TRUE;

  return FALSE;
}

gboolean
cardea_unpack (json_t *object, const char *prefix, const CardeaField *fields, guint n_fields, GError **error)
{
  const char *name;
  json_t *ignored;

  json_object_foreach (object, name, ignored) {
    if (!is_known (fields, n_fields, name))
      return cardea_unpack_refuse (prefix, name, "is not known", error);
  }

  for (guint i = 0; i < n_fields; i++) {
    json_t *value = json_object_get (object, fields[i].name);
    const char *fault = NULL;

    if (!value || (json_is_null (value) && !fields[i].required))
      fault = fields[i].required ? "is missing" : NULL;
    else
      fault = store (&fields[i], value);

    if (fault)
      return cardea_unpack_refuse (prefix, fields[i].name, fault, error);
  }

  return TRUE;
}
