/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A view of DER bytes that are still to be read: borrowed, never freed. Reading moves its start; a read that
 * fails leaves it as it was. Accepts DER only (X.690, 10.1): lengths definite and minimal, tags of one byte.
 */
typedef struct
{
  const guint8 *data;
  gsize length;
} CardeaDer;

enum
{
  CARDEA_DER_BOOLEAN = 0x01,
  CARDEA_DER_INTEGER = 0x02,
  CARDEA_DER_BIT_STRING = 0x03,
  CARDEA_DER_OCTET_STRING = 0x04,
  CARDEA_DER_OID = 0x06,
  CARDEA_DER_ENUMERATED = 0x0a,
  CARDEA_DER_SEQUENCE = 0x30,
  CARDEA_DER_SET = 0x31,
};

/* Context tags (X.690, 8.14): [number], primitive or constructed. */
#define CARDEA_DER_CONTEXT(number) (0x80 | (number))
#define CARDEA_DER_CONTEXT_CONSTRUCTED(number) (0xa0 | (number))

/* One element of any tag. @contents and @whole (with its header) may be NULL. */
gboolean cardea_der_read_any (CardeaDer *self, guint8 *tag, CardeaDer *contents, CardeaDer *whole);
/* One element that must have this tag. */
gboolean cardea_der_read (CardeaDer *self, guint8 tag, CardeaDer *contents);
gboolean cardea_der_read_whole (CardeaDer *self, guint8 tag, CardeaDer *whole);
/* FALSE only for an element with this tag that is malformed; @present says whether there is one. */
gboolean cardea_der_read_optional (CardeaDer *self, guint8 tag, CardeaDer *contents, gboolean *present);
/* One element with this tag, and nothing behind it. */
gboolean cardea_der_read_only (CardeaDer self, guint8 tag, CardeaDer *contents);
gboolean cardea_der_read_boolean (CardeaDer *self, gboolean *value);
/* The contents of an INTEGER from 0 to G_MAXINT32. */
gboolean cardea_der_to_uint (CardeaDer contents, guint *value);

gboolean cardea_der_has_tag (const CardeaDer *self, guint8 tag);
gboolean cardea_der_equal (CardeaDer a, CardeaDer b);
gboolean cardea_der_equal_bytes (CardeaDer self, const guint8 *bytes, gsize length);

G_END_DECLS
