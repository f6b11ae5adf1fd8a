/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A reader for DER that allocates nothing.
 *
 * A peer chooses how many names, constraints and policies its certificates carry. Lists made of them cost
 * hundreds of bytes for each few bytes received; views into what was received cost none, so the size of the
 * chain bounds the memory. */

#include "agent/tls/der.h"

#include <string.h>

/* The length octets at @at: how long the contents are, and where they begin. */
static gboolean
read_length (const CardeaDer *self, gsize at, gsize *header, gsize *length)
{
  gsize n_octets, value = 0;

  if (at >= self->length)
    return FALSE;
  if (self->data[at] < 0x80) {
    *length = self->data[at];
    *header = at + 1;
    return TRUE;
  }
  n_octets = self->data[at] & 0x7f;
  if (n_octets < 1 || n_octets > 3 || self->length - at - 1 < n_octets || self->data[at + 1] == 0)
    return FALSE;
  for (gsize i = 1; i <= n_octets; i++)
    value = value << 8 | self->data[at + i];
  if (value < 0x80)
    return FALSE;
  *length = value;
  *header = at + 1 + n_octets;
  return TRUE;
}

gboolean
cardea_der_read_any (CardeaDer *self, guint8 *tag, CardeaDer *contents, CardeaDer *whole)
{
  gsize header, length;

  if (self->length < 2 || (self->data[0] & 0x1f) == 0x1f || !read_length (self, 1, &header, &length) ||
      length > self->length - header)
    return FALSE;
  if (tag != NULL)
    *tag = self->data[0];
  if (contents != NULL)
    *contents = (CardeaDer){ self->data + header, length };
  if (whole != NULL)
    *whole = (CardeaDer){ self->data, header + length };
  self->data += header + length;
  self->length -= header + length;
  return TRUE;
}

gboolean
cardea_der_has_tag (const CardeaDer *self, guint8 tag)
{
  return self->length > 0 && self->data[0] == tag;
}

gboolean
cardea_der_read (CardeaDer *self, guint8 tag, CardeaDer *contents)
{
  return cardea_der_has_tag (self, tag) && cardea_der_read_any (self, NULL, contents, NULL);
}

gboolean
cardea_der_read_whole (CardeaDer *self, guint8 tag, CardeaDer *whole)
{
  return cardea_der_has_tag (self, tag) && cardea_der_read_any (self, NULL, NULL, whole);
}

gboolean
cardea_der_read_optional (CardeaDer *self, guint8 tag, CardeaDer *contents, gboolean *present)
{
  *present = cardea_der_has_tag (self, tag);
  return !*present || cardea_der_read (self, tag, contents);
}

gboolean
cardea_der_read_only (CardeaDer self, guint8 tag, CardeaDer *contents)
{
  return cardea_der_read (&self, tag, contents) && self.length == 0;
}

gboolean
cardea_der_read_boolean (CardeaDer *self, gboolean *value)
{
  CardeaDer contents;
  CardeaDer rest = *self;

  if (!cardea_der_read (&rest, CARDEA_DER_BOOLEAN, &contents) || contents.length != 1 ||
      (contents.data[0] != 0 && contents.data[0] != 0xff))
    return FALSE;
  *value = contents.data[0] != 0;
  *self = rest;
  return TRUE;
}

gboolean
cardea_der_to_uint (CardeaDer contents, guint *value)
{
  guint sum = 0;

  if (contents.length < 1 || contents.length > 4 || (contents.data[0] & 0x80) != 0 ||
      (contents.length > 1 && contents.data[0] == 0 && (contents.data[1] & 0x80) == 0))
    return FALSE;
  for (gsize i = 0; i < contents.length; i++)
    sum = sum << 8 | contents.data[i];
  *value = sum;
  return TRUE;
}

gboolean
cardea_der_equal (CardeaDer a, CardeaDer b)
{
  return cardea_der_equal_bytes (a, b.data, b.length);
}

gboolean
cardea_der_equal_bytes (CardeaDer self, const guint8 *bytes, gsize length)
{
  return self.length == length && (length == 0 || memcmp (self.data, bytes, length) == 0);
}
