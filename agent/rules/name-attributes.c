/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Distinguished names as text (RFC 4514), taken apart.
 *
 * A rule's name and a certificate's are both text by the time they meet. Comparing the text itself would make
 * "CN=A, O=B" another name than "CN=A,O=B", and an escape another than the letter it stands for; so each is
 * taken apart, and what is compared are types and values. Values are compared to the letter: a certificate
 * authority writes its name one way. */

#include "agent/rules/name-attributes.h"

#include <string.h>

#include "socket-api/limits.h"

/* A certificate's names are cut at CARDEA_LIMIT_LABEL_BYTES, at the beginning of a letter. Two that were cut
 * may differ in what is missing. */
#define MAX_NAME_BYTES (CARDEA_LIMIT_LABEL_BYTES - 16)

static void
free_attribute (gpointer data)
{
  CardeaNameAttribute *self = data;

  g_free (self->type);
  g_free (self->value);
  g_free (self);
}

static void
skip_spaces (const char **at)
{
  while (**at == ' ')
    (*at)++;
}

/* descr or numericoid (RFC 4512, 1.4). */
static char *
take_type (const char **at)
{
  const char *start = *at;
  gsize length;
  char *type;

  while (g_ascii_isalnum (**at) || **at == '-' || **at == '.')
    (*at)++;
  length = (gsize)(*at - start);
  skip_spaces (at);
  if (length == 0 || **at != '=' || !g_ascii_isalnum (start[0]))
    return NULL;
  (*at)++;
  skip_spaces (at);
  type = g_ascii_strup (start, (gssize)length);
  return type;
}

static gboolean
is_end (char c)
{
  return c == '\0' || c == ',' || c == '+';
}

/* "#" and hex digits: the value's DER. */
static char *
take_encoded (const char **at)
{
  const char *start = ++*at;
  gsize length;

  while (g_ascii_isxdigit (**at))
    (*at)++;
  length = (gsize)(*at - start);
  skip_spaces (at);
  if (length == 0 || length % 2 != 0 || !is_end (**at))
    return NULL;
  return g_ascii_strup (start, (gssize)length);
}

/* What a backslash stands before (RFC 4514, 3: pair). */
static gboolean
take_escape (const char **at, GString *value)
{
  int high, low;
  char c = (*at)[1];

  if (c != '\0' && strchr (" \"#+,;<=>\\", c) != NULL) {
    g_string_append_c (value, c);
    *at += 2;
    return TRUE;
  }
  high = g_ascii_xdigit_value (c);
  low = high >= 0 ? g_ascii_xdigit_value ((*at)[2]) : -1;
  /* A NUL would end the value early, unseen. */
  if (low < 0 || (high == 0 && low == 0))
    return FALSE;
  g_string_append_c (value, (char)(high << 4 | low));
  *at += 3;
  return TRUE;
}

static char *
take_text (const char **at)
{
  g_autoptr (GString) value = g_string_new (NULL);
  gsize length = 0; /* without unescaped spaces at the end */

  while (!is_end (**at)) {
    if (**at == '\\') {
      if (!take_escape (at, value))
        return NULL;
      length = value->len;
    } else if (strchr ("\";<>", **at) != NULL) {
      return NULL;
    } else {
      g_string_append_c (value, **at);
      if (**at != ' ')
        length = value->len;
      (*at)++;
    }
  }
  g_string_truncate (value, length);
  return g_utf8_validate (value->str, -1, NULL) ? g_string_free (g_steal_pointer (&value), FALSE) : NULL;
}

static gboolean
take_attribute (const char **at, gboolean joined, GPtrArray *attributes)
{
  CardeaNameAttribute *attribute = g_new0 (CardeaNameAttribute, 1);

  g_ptr_array_add (attributes, attribute);
  attribute->joined = joined;
  attribute->type = take_type (at);
  if (attribute->type == NULL)
    return FALSE;
  attribute->encoded = **at == '#';
  attribute->value = attribute->encoded ? take_encoded (at) : take_text (at);
  return attribute->value != NULL;
}

GPtrArray *
cardea_name_attributes_parse (const char *text)
{
  g_autoptr (GPtrArray) attributes = g_ptr_array_new_with_free_func (free_attribute);
  const char *at = text;
  char separator = '\0';

  if (strlen (text) > MAX_NAME_BYTES)
    return NULL;
  do {
    skip_spaces (&at);
    if (!take_attribute (&at, separator == '+', attributes))
      return NULL;
    separator = *at;
    if (separator != '\0')
      at++;
  } while (separator != '\0');
  return g_steal_pointer (&attributes);
}

char *
cardea_name_attributes_fold (const char *text)
{
  g_autoptr (GPtrArray) attributes = cardea_name_attributes_parse (text);
  GString *out;

  if (attributes == NULL)
    return NULL;
  out = g_string_new (NULL);
  for (guint i = 0; i < attributes->len; i++) {
    const CardeaNameAttribute *attribute = attributes->pdata[i];

    /* The length keeps a value from looking like what comes after it. */
    g_string_append_printf (out, "%c%s%c%" G_GSIZE_FORMAT ":%s", attribute->joined ? '+' : ',',
                            attribute->type, attribute->encoded ? '#' : '=', strlen (attribute->value),
                            attribute->value);
  }
  return g_string_free (out, FALSE);
}
