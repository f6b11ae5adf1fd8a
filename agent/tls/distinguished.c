/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Comparing distinguished names, for name constraints only.
 *
 * An authority under an excluded name must not get past it by writing the same name in another case or string
 * type, so text is folded before it is compared. Issuers are found by comparing bytes instead: a false
 * "different" costs a path there, here it would cost the constraint. */

#include "agent/tls/distinguished.h"

#include <string.h>

enum
{
  TEXT_UTF8 = 0x0c,
  TEXT_NUMERIC = 0x12,
  TEXT_PRINTABLE = 0x13,
  TEXT_TELETEX = 0x14,
  TEXT_IA5 = 0x16,
  TEXT_VISIBLE = 0x1a,
  TEXT_UNIVERSAL = 0x1c,
  TEXT_BMP = 0x1e,
};

/* A NUL inside would end the text before its end. */
static char *
convert (CardeaDer value, const char *encoding)
{
  gsize length;
  g_autofree char *text =
      g_convert ((const char *)value.data, (gssize)value.length, "UTF-8", encoding, NULL, &length, NULL);

  return text != NULL && strlen (text) == length ? g_steal_pointer (&text) : NULL;
}

static char *
to_utf8 (guint8 tag, CardeaDer value)
{
  const char *text = (const char *)value.data;

  switch (tag) {
  case TEXT_UTF8:
  case TEXT_NUMERIC:
  case TEXT_PRINTABLE:
  case TEXT_IA5:
  case TEXT_VISIBLE:
    return g_utf8_validate_len (text, value.length, NULL) ? g_strndup (text, value.length) : NULL;
  case TEXT_TELETEX:
    return convert (value, "ISO-8859-1");
  case TEXT_UNIVERSAL:
    return convert (value, "UTF-32BE");
  case TEXT_BMP:
    return convert (value, "UTF-16BE");
  default:
    return NULL;
  }
}

/* Folded text, one space between words, none around; NULL for what is no text. */
static char *
fold (guint8 tag, CardeaDer value)
{
  g_autofree char *text = to_utf8 (tag, value);
  g_autofree char *normal = text != NULL ? g_utf8_normalize (text, -1, G_NORMALIZE_ALL) : NULL;
  g_autofree char *folded = normal != NULL ? g_utf8_casefold (normal, -1) : NULL;
  GString *out;

  if (folded == NULL)
    return NULL;
  out = g_string_new (NULL);
  for (const char *c = g_strstrip (folded); *c != '\0'; c++)
    if (*c != ' ' || out->str[out->len - 1] != ' ')
      g_string_append_c (out, *c);
  return g_string_free (out, FALSE);
}

/* AttributeTypeAndValue */
static gboolean
equal_attributes (CardeaDer a, CardeaDer b)
{
  CardeaDer a_type, a_value, b_type, b_value;
  guint8 a_tag, b_tag;
  g_autofree char *a_text = NULL;
  g_autofree char *b_text = NULL;

  if (cardea_der_equal (a, b))
    return TRUE;
  if (!cardea_der_read (&a, CARDEA_DER_OID, &a_type) || !cardea_der_read (&b, CARDEA_DER_OID, &b_type) ||
      !cardea_der_equal (a_type, b_type) || !cardea_der_read_any (&a, &a_tag, &a_value, NULL) ||
      !cardea_der_read_any (&b, &b_tag, &b_value, NULL))
    return FALSE;
  a_text = fold (a_tag, a_value);
  b_text = fold (b_tag, b_value);
  return a_text != NULL && b_text != NULL && g_str_equal (a_text, b_text);
}

static guint
count_elements (CardeaDer run)
{
  guint n = 0;

  while (cardea_der_read_any (&run, NULL, NULL, NULL))
    n++;
  return n;
}

static gboolean
has_attribute (CardeaDer set, CardeaDer wanted)
{
  CardeaDer attribute;

  while (cardea_der_read (&set, CARDEA_DER_SEQUENCE, &attribute))
    if (equal_attributes (attribute, wanted))
      return TRUE;
  return FALSE;
}

/* Sets of attributes, nearly always of one; a larger one than anybody uses is compared byte by byte. */
static gboolean
equal_relative_names (CardeaDer a, CardeaDer b)
{
  guint n = count_elements (a);
  CardeaDer attribute, rest = a;

  if (cardea_der_equal (a, b))
    return TRUE;
  if (n > 8 || n != count_elements (b))
    return FALSE;
  while (cardea_der_read (&rest, CARDEA_DER_SEQUENCE, &attribute))
    if (!has_attribute (b, attribute))
      return FALSE;
  return rest.length == 0;
}

gboolean
cardea_distinguished_is_within (CardeaDer name, CardeaDer base)
{
  CardeaDer names, bases, a, b;

  if (!cardea_der_read_only (name, CARDEA_DER_SEQUENCE, &names) ||
      !cardea_der_read_only (base, CARDEA_DER_SEQUENCE, &bases))
    return FALSE;
  while (bases.length > 0)
    if (!cardea_der_read (&bases, CARDEA_DER_SET, &b) || !cardea_der_read (&names, CARDEA_DER_SET, &a) ||
        !equal_relative_names (a, b))
      return FALSE;
  return TRUE;
}

gboolean
cardea_distinguished_next_email (CardeaDer *relative_names, CardeaDer *address)
{
  static const guint8 email[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1 };
  CardeaDer set, attribute, type;

  while (cardea_der_read (relative_names, CARDEA_DER_SET, &set))
    while (cardea_der_read (&set, CARDEA_DER_SEQUENCE, &attribute))
      if (cardea_der_read (&attribute, CARDEA_DER_OID, &type) &&
          cardea_der_equal_bytes (type, email, sizeof email) &&
          cardea_der_read_any (&attribute, NULL, address, NULL))
        return TRUE;
  return FALSE;
}
