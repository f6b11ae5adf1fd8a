/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The DER reader: lengths and tags that must not be accepted, and views that never leave their bytes. */

#include "agent/tls/der.h"

static void
test_lengths (void)
{
  static const struct
  {
    guint8 bytes[8];
    gsize length;
    gboolean valid;
    gsize contents;
  } cases[] = {
    { { 0x04 }, 1, FALSE },
    { { 0x04, 0x00 }, 2, TRUE, 0 },
    { { 0x04, 0x01 }, 2, FALSE },
    { { 0x04, 0x01, 0xff }, 3, TRUE, 1 },
    { { 0x04, 0x80, 0x00, 0x00 }, 4, FALSE },             /* indefinite */
    { { 0x04, 0x81, 0x01, 0xff }, 4, FALSE },             /* not minimal */
    { { 0x04, 0x82, 0x00, 0x80 }, 4, FALSE },             /* a leading zero */
    { { 0x04, 0x81 }, 2, FALSE },                         /* without its octet */
    { { 0x04, 0x83, 0xff, 0xff, 0xff, 0x00 }, 6, FALSE }, /* more than there is */
    { { 0x04, 0x84, 0x00, 0x00, 0x00, 0x01, 0xff }, 7, FALSE },
    { { 0x04, 0xff, 0x00 }, 3, FALSE },
    { { 0x1f, 0x81, 0x01, 0x00 }, 4, FALSE }, /* a tag of several octets */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree guint8 *exact = g_memdup2 (cases[i].bytes, cases[i].length);
    CardeaDer der = { exact, cases[i].length }, contents;

    g_assert_cmpint (cardea_der_read_any (&der, NULL, &contents, NULL), ==, cases[i].valid);
    g_assert_cmpuint (der.length, ==, cases[i].valid ? 0 : cases[i].length);
    if (cases[i].valid)
      g_assert_cmpuint (contents.length, ==, cases[i].contents);
  }
}

static void
test_long (void)
{
  g_autofree guint8 *bytes = g_malloc0 (4 + 65536);
  CardeaDer der = { bytes, 4 + 256 }, contents;

  bytes[0] = CARDEA_DER_OCTET_STRING;
  bytes[1] = 0x82;
  bytes[2] = 1;
  g_assert_true (cardea_der_read (&der, CARDEA_DER_OCTET_STRING, &contents));
  g_assert_cmpuint (contents.length, ==, 256);
  g_assert_true (contents.data == bytes + 4);
  der = (CardeaDer){ bytes, 4 + 255 };
  g_assert_false (cardea_der_read (&der, CARDEA_DER_OCTET_STRING, &contents));
}

static void
test_order (void)
{
  static const guint8 bytes[] = { 0x30, 3, 0x01, 1, 0xff, 0x02, 1, 7 };
  CardeaDer der = { bytes, sizeof bytes }, fields, number;
  gboolean value, present;
  guint integer;

  g_assert_false (cardea_der_read_only (der, CARDEA_DER_SEQUENCE, &fields));
  g_assert_false (cardea_der_read (&der, CARDEA_DER_INTEGER, &number));
  g_assert_true (cardea_der_read (&der, CARDEA_DER_SEQUENCE, &fields));
  g_assert_true (cardea_der_read_boolean (&fields, &value));
  g_assert_true (value);
  g_assert_true (cardea_der_read_optional (&der, CARDEA_DER_CONTEXT (0), &fields, &present));
  g_assert_false (present);
  g_assert_true (cardea_der_read_optional (&der, CARDEA_DER_INTEGER, &number, &present));
  g_assert_true (present);
  g_assert_true (cardea_der_to_uint (number, &integer));
  g_assert_cmpuint (integer, ==, 7);
  g_assert_cmpuint (der.length, ==, 0);
  g_assert_false (cardea_der_read_any (&der, NULL, NULL, NULL));
}

static void
test_values (void)
{
  static const guint8 odd_boolean[] = { 0x01, 1, 0x01 }, negative[] = { 0x80 }, padded[] = { 0, 1 },
                      largest[] = { 0x7f, 0xff, 0xff, 0xff }, too_large[] = { 0, 0x80, 0, 0, 0 };
  CardeaDer der = { odd_boolean, sizeof odd_boolean };
  gboolean value;
  guint integer;

  g_assert_false (cardea_der_read_boolean (&der, &value));
  g_assert_cmpuint (der.length, ==, sizeof odd_boolean);
  g_assert_false (cardea_der_to_uint ((CardeaDer){ negative, 1 }, &integer));
  g_assert_false (cardea_der_to_uint ((CardeaDer){ padded, 2 }, &integer));
  g_assert_false (cardea_der_to_uint ((CardeaDer){ padded, 0 }, &integer));
  g_assert_false (cardea_der_to_uint ((CardeaDer){ too_large, 5 }, &integer));
  g_assert_true (cardea_der_to_uint ((CardeaDer){ largest, 4 }, &integer));
  g_assert_cmpuint (integer, ==, G_MAXINT32);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/der/lengths", test_lengths);
  g_test_add_func ("/der/long", test_long);
  g_test_add_func ("/der/order", test_order);
  g_test_add_func ("/der/values", test_values);
  return g_test_run ();
}
