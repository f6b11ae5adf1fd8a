/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fields of one JSON object between agent and prompt.
 *
 * A problem sticks, so that who takes twenty fields asks once, at the end, whether they were all there. Keys
 * are counted as they are taken: an object with more of them than that has one that is not known. */

#include "socket-api/private/prompt-json.h"

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#define NOT_AN_OBJECT "{}"

void
cardea_prompt_fields_init (CardeaPromptFields *self, json_t *object)
{
  *self = (CardeaPromptFields){ .object = object };
  if (!json_is_object (object))
    self->problem = NOT_AN_OBJECT;
}

void
cardea_prompt_fields_fail (CardeaPromptFields *self, const char *key)
{
  if (!self->problem)
    self->problem = key;
}

gboolean
cardea_prompt_fields_finish (CardeaPromptFields *self, GError **error)
{
  if (self->problem)
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "“%s” of a prompt's message is not as it should be",
                      self->problem);
  else if (json_object_size (self->object) != self->n_taken)
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A prompt's message has a key that is not known");
  else
    return TRUE;
  return FALSE;
}

/* Borrowed; NULL where there is no such key, or was a problem before. */
static json_t *
take (CardeaPromptFields *self, const char *key)
{
  json_t *value = self->problem ? NULL : json_object_get (self->object, key);

  if (value)
    self->n_taken++;
  return value;
}

/* Borrowed; NULL for what is no text within the limit. */
static const char *
get_text (const json_t *value)
{
  gboolean fits = json_is_string (value) && json_string_length (value) <= CARDEA_LIMIT_PROMPT_TEXT_BYTES;

  return fits ? json_string_value (value) : NULL;
}

char *
cardea_prompt_take_text (CardeaPromptFields *self, const char *key)
{
  const char *text = get_text (take (self, key));

  if (!text)
    cardea_prompt_fields_fail (self, key);
  return g_strdup (text ? text : "");
}

char *
cardea_prompt_take_name (CardeaPromptFields *self, const char *key)
{
  char *text = cardea_prompt_take_text (self, key);

  if (text[0] == '\0')
    cardea_prompt_fields_fail (self, key);
  return text;
}

char *
cardea_prompt_take_optional_text (CardeaPromptFields *self, const char *key)
{
  json_t *value = take (self, key);
  const char *text = get_text (value);

  if (value && !text)
    cardea_prompt_fields_fail (self, key);
  return g_strdup (text);
}

gboolean
cardea_prompt_take_flag (CardeaPromptFields *self, const char *key)
{
  json_t *value = take (self, key);

  if (!json_is_boolean (value))
    cardea_prompt_fields_fail (self, key);
  return json_is_true (value);
}

gint64
cardea_prompt_take_number (CardeaPromptFields *self, const char *key, gint64 min, gint64 max)
{
  json_t *value = take (self, key);
  gint64 number = json_integer_value (value);

  if (json_is_integer (value) && number >= min && number <= max)
    return number;
  cardea_prompt_fields_fail (self, key);
  return min;
}

int
cardea_prompt_take_choice (CardeaPromptFields *self, const char *key, const char *const *names)
{
  const char *text = get_text (take (self, key));

  for (int i = 0; text && names[i]; i++)
    if (strcmp (names[i], text) == 0)
      return i;
  cardea_prompt_fields_fail (self, key);
  return 0;
}

json_t *
cardea_prompt_take_array (CardeaPromptFields *self, const char *key, gsize max)
{
  json_t *value = take (self, key);

  if (json_is_array (value) && json_array_size (value) <= max)
    return value;
  cardea_prompt_fields_fail (self, key);
  return NULL;
}

json_t *
cardea_prompt_take_object (CardeaPromptFields *self, const char *key)
{
  json_t *value = take (self, key);

  if (json_is_object (value))
    return value;
  cardea_prompt_fields_fail (self, key);
  return NULL;
}

char **
cardea_prompt_take_texts (CardeaPromptFields *self, const char *key)
{
  json_t *array = cardea_prompt_take_array (self, key, CARDEA_LIMIT_PROMPT_ITEMS);
  char **texts = g_new0 (char *, json_array_size (array) + 1);

  for (gsize i = 0; i < json_array_size (array); i++) {
    const char *text = get_text (json_array_get (array, i));

    if (!text)
      cardea_prompt_fields_fail (self, key);
    texts[i] = g_strdup (text ? text : "");
  }
  return texts;
}

/* What is cut off a whole character at the end of the first step lies past the limit of the second. */
static json_t *
make_text (const char *text)
{
  gsize looked_at = text ? strnlen (text, CARDEA_LIMIT_PROMPT_TEXT_BYTES + 4) : 0;
  g_autofree char *valid = g_utf8_make_valid (text ? text : "", (gssize)looked_at);
  gsize length = strlen (valid);

  if (length > CARDEA_LIMIT_PROMPT_TEXT_BYTES) {
    length = CARDEA_LIMIT_PROMPT_TEXT_BYTES;
    while ((valid[length] & 0xc0) == 0x80)
      length--;
  }
  return json_stringn (valid, length);
}

void
cardea_prompt_put_text (json_t *object, const char *key, const char *text)
{
  json_object_set_new (object, key, make_text (text));
}

void
cardea_prompt_put_optional_text (json_t *object, const char *key, const char *text)
{
  if (text)
    cardea_prompt_put_text (object, key, text);
}

void
cardea_prompt_put_texts (json_t *object, const char *key, char *const *texts)
{
  json_t *array = json_array ();

  for (gsize i = 0; texts && texts[i] && i < CARDEA_LIMIT_PROMPT_ITEMS; i++)
    json_array_append_new (array, make_text (texts[i]));
  json_object_set_new (object, key, array);
}

void
cardea_prompt_put_flag (json_t *object, const char *key, gboolean flag)
{
  json_object_set_new (object, key, json_boolean (flag));
}

void
cardea_prompt_put_number (json_t *object, const char *key, gint64 number)
{
  json_object_set_new (object, key, json_integer (number));
}

GBytes *
cardea_prompt_dump (const json_t *object)
{
  gsize length = json_dumpb (object, NULL, 0, JSON_COMPACT);
  char *text = g_malloc (length + 1);

  json_dumpb (object, text, length, JSON_COMPACT);
  text[length] = '\0';
  return g_bytes_new_take (text, length + 1);
}
