/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One entry of AutoSelectCertificateForUrls.
 *
 * A part that is not understood would narrow the choice, so leaving it out would choose what the
 * administrator did not mean: the whole entry goes. */

#include "agent/rules/chromium-entry.h"

#include <string.h>

#include "agent/rules/name-attributes.h"
#include "socket-api/limits.h"
#include "socket-api/wire/message.h"

static const char *const attributes[] = {
  [CARDEA_CHROMIUM_CN] = "CN",
  [CARDEA_CHROMIUM_L] = "L",
  [CARDEA_CHROMIUM_O] = "O",
  [CARDEA_CHROMIUM_OU] = "OU",
};

G_STATIC_ASSERT (G_N_ELEMENTS (attributes) == CARDEA_CHROMIUM_N_ATTRIBUTES);

/* The attribute's place, or CARDEA_CHROMIUM_N_ATTRIBUTES. */
static guint
find_attribute (const char *name)
{
  guint i = 0;

  while (i < CARDEA_CHROMIUM_N_ATTRIBUTES && !g_str_equal (attributes[i], name))
    i++;
  return i;
}

static void
collect (const char *name, char ***values)
{
  g_autoptr (GPtrArray) parts = cardea_name_attributes_parse (name);

  for (guint i = 0; i < CARDEA_CHROMIUM_N_ATTRIBUTES; i++) {
    g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

    for (guint j = 0; parts != NULL && j < parts->len; j++) {
      const CardeaNameAttribute *part = parts->pdata[j];

      if (!part->encoded && g_str_equal (part->type, attributes[i]))
        g_strv_builder_add (builder, part->value);
    }
    values[i] = g_strv_builder_end (builder);
  }
}

CardeaChromiumCandidate *
cardea_chromium_candidate_new (const char *issuer, const char *subject)
{
  CardeaChromiumCandidate *self = g_new0 (CardeaChromiumCandidate, 1);

  collect (issuer, self->issuer);
  collect (subject, self->subject);
  return self;
}

void
cardea_chromium_candidate_free (CardeaChromiumCandidate *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < CARDEA_CHROMIUM_N_ATTRIBUTES; i++) {
    g_strfreev (self->issuer[i]);
    g_strfreev (self->subject[i]);
  }
  g_free (self);
}

void
cardea_chromium_entry_free (CardeaChromiumEntry *self)
{
  if (self == NULL)
    return;
  cardea_server_pattern_free (self->server);
  for (guint i = 0; i < CARDEA_CHROMIUM_N_ATTRIBUTES; i++) {
    g_free (self->issuer[i]);
    g_free (self->subject[i]);
  }
  g_free (self);
}

static gboolean
refuse (char **problem, const char *what)
{
  *problem = g_strdup (what);
  return FALSE;
}

/* {"CN": "...", "O": "..."}; an empty value is any, as it is to the browser. */
static gboolean
take_name (json_t *name, char **place, char **problem)
{
  const char *key;
  json_t *value;

  if (!json_is_object (name))
    return refuse (problem, "ISSUER and SUBJECT of a filter are objects");
  json_object_foreach (name, key, value) {
    guint attribute = find_attribute (key);

    if (attribute == CARDEA_CHROMIUM_N_ATTRIBUTES || !json_is_string (value))
      return refuse (problem, "ISSUER and SUBJECT of a filter have only CN, L, O and OU, each a string");
    if (json_string_length (value) > 0)
      place[attribute] = g_strdup (json_string_value (value));
  }
  return TRUE;
}

static gboolean
take_filter (CardeaChromiumEntry *self, json_t *filter, char **problem)
{
  const char *key;
  json_t *value;

  if (!json_is_object (filter))
    return refuse (problem, "its \"filter\" is no object");
  json_object_foreach (filter, key, value) {
    gboolean issuer = g_str_equal (key, "ISSUER");

    if (!issuer && !g_str_equal (key, "SUBJECT"))
      return refuse (problem, "a filter has only ISSUER and SUBJECT");
    if (!take_name (value, issuer ? self->issuer : self->subject, problem))
      return FALSE;
  }
  return TRUE;
}

static CardeaChromiumEntry *
parse_object (json_t *object, char **problem)
{
  g_autoptr (CardeaChromiumEntry) self = g_new0 (CardeaChromiumEntry, 1);
  json_t *pattern = json_object_get (object, "pattern");
  json_t *filter = json_object_get (object, "filter");
  g_autofree char *what = NULL;

  if (!json_is_string (pattern) || filter == NULL || json_object_size (object) != 2) {
    refuse (problem, "an entry has \"pattern\", a string, and \"filter\", and nothing else");
    return NULL;
  }
  self->server = cardea_server_pattern_parse_chromium (json_string_value (pattern), &what);
  if (self->server == NULL) {
    *problem = g_strdup_printf ("\"%s\": %s", json_string_value (pattern), what);
    return NULL;
  }
  return take_filter (self, filter, problem) ? g_steal_pointer (&self) : NULL;
}

static json_t *
parse_string (const char *text, char **problem)
{
  gsize length = strlen (text);
  json_t *object = NULL;

  if (length > CARDEA_LIMIT_POLICY_ENTRY_BYTES)
    refuse (problem, "the entry is too long");
  else if (cardea_wire_json_is_deeper (text, length, CARDEA_LIMIT_JSON_DEPTH))
    refuse (problem, "the entry is nested too deeply");
  else if (object = json_loadb (text, length, JSON_REJECT_DUPLICATES, NULL), object == NULL)
    refuse (problem, "the string holds no JSON");
  return object;
}

CardeaChromiumEntry *
cardea_chromium_entry_parse (json_t *value, char **problem)
{
  g_autoptr (json_t) object = NULL;

  if (json_is_string (value))
    object = parse_string (json_string_value (value), problem);
  else
    object = json_incref (value);
  if (object == NULL)
    return NULL;
  if (json_is_object (object))
    return parse_object (object, problem);
  refuse (problem, "an entry is an object, or a string that holds one");
  return NULL;
}

static gboolean
has_all (char *const *wanted, char **const *values)
{
  for (guint i = 0; i < CARDEA_CHROMIUM_N_ATTRIBUTES; i++)
    if (wanted[i] != NULL &&
        (values[i] == NULL || !g_strv_contains ((const char *const *)values[i], wanted[i])))
      return FALSE;
  return TRUE;
}

gboolean
cardea_chromium_entry_accepts (const CardeaChromiumEntry *self, const CardeaChromiumCandidate *candidate)
{
  return has_all (self->issuer, candidate->issuer) && has_all (self->subject, candidate->subject);
}
