/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names as text: what is no name, and which texts are the same one. */

#include "agent/rules/name-attributes.h"

#include <nss.h>
#include <string.h>

#include "tests/unit/load-certificate.h"

static const char *const refused[] = {
  "",         " ",        ",",         "CN",        "=A",        "CN=A,",  "CN=A,,O=B",   ",CN=A",
  "CN=A+",    "+CN=A",    "CN=A;O=B",  "CN=\"A\"",  "CN=A<B",    "CN=A\\", "CN=A\\0",     "CN=A\\00B",
  "CN=A\\zz", "CN=A\\ff", "CN=A\\c3",  "C N=A",     "-CN=A",     "?=A",    "C\xc3\xb6=A", "CN=#",
  "CN=#0",    "CN=#0g",   "CN=#04 05", "CN=#0400…", "/CN=A/O=B",
};

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autofree char *folded = cardea_name_attributes_fold (refused[i]);

    if (folded != NULL)
      g_error ("\"%s\" was taken", refused[i]);
  }
}

static const struct
{
  const char *a, *b;
  gboolean same;
} pairs[] = {
  { "CN=A,O=B", "CN=A,O=B", TRUE },
  { "CN=A,O=B", "cn = A , o= B ", TRUE },
  { "CN=A\\,O\\=B", "CN=A\\2CO=B", TRUE },
  { "CN=\\41", "CN=A", TRUE },
  { "CN=A=B", "CN=A\\=B", TRUE },
  { "CN=#04aF", "CN=#04Af", TRUE },
  { "CN=\xc3\xa4", "CN=\\C3\\a4", TRUE },
  { "CN=", "cn= ", TRUE },
  { "CN=A+OU=B", "CN=A + OU=B", TRUE },
  { "CN=A,O=B", "O=B,CN=A", FALSE },
  { "CN=A,O=B", "CN=A+O=B", FALSE },
  { "CN=A,O=B", "CN=A\\,O=B", FALSE },
  { "CN=A,O=B", "CN=A", FALSE },
  { "CN=A", "CN=a", FALSE },
  { "CN=A", "OU=A", FALSE },
  { "CN=A\\ ", "CN=A", FALSE },
  { "CN=A  B", "CN=A B", FALSE },
  { "CN=#0400", "CN=\\#0400", FALSE },
  /* A value that looks like the end of the one before it. */
  { "CN=A\\,O=1:B", "CN=A,O=B", FALSE },
  { "CN=1:A", "CN=A", FALSE },
};

static void
test_same (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autofree char *a = cardea_name_attributes_fold (pairs[i].a);
    g_autofree char *b = cardea_name_attributes_fold (pairs[i].b);

    g_assert_nonnull (a);
    g_assert_nonnull (b);
    if (g_str_equal (a, b) != pairs[i].same)
      g_error ("\"%s\" and \"%s\": \"%s\", \"%s\"", pairs[i].a, pairs[i].b, a, b);
  }
}

static void
test_parts (void)
{
  g_autoptr (GPtrArray) parts = cardea_name_attributes_parse ("CN=Ada \\C3\\84 ,OU=a\\+b+OU=c,1.2.3=#0c01");
  const CardeaNameAttribute *part;

  g_assert_cmpuint (parts->len, ==, 4);
  part = parts->pdata[0];
  g_assert_cmpstr (part->type, ==, "CN");
  g_assert_cmpstr (part->value, ==, "Ada \xc3\x84");
  g_assert_false (part->encoded || part->joined);
  part = parts->pdata[1];
  g_assert_cmpstr (part->value, ==, "a+b");
  g_assert_false (part->joined);
  part = parts->pdata[2];
  g_assert_cmpstr (part->type, ==, "OU");
  g_assert_true (part->joined);
  part = parts->pdata[3];
  g_assert_cmpstr (part->type, ==, "1.2.3");
  g_assert_cmpstr (part->value, ==, "0C01");
  g_assert_true (part->encoded);
}

/* Whatever a certificate shows can be written into a rule. */
static void
test_certificates (void)
{
  static const char *const names[] = { "client-rsa", "client-p256", "root",
                                       "sub",        "strange",     "other-attribute" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (CardeaCertificate) certificate = load_certificate (names[i]);
    const char *subject = cardea_certificate_get_subject (certificate);
    g_autofree char *folded = cardea_name_attributes_fold (subject);

    if (folded == NULL && strlen (subject) < 1000)
      g_error ("%s: \"%s\" was not taken", names[i], subject);
  }
}

/* A name that was cut may be the beginning of many. */
static void
test_length (void)
{
  g_autofree char *value = g_strnfill (2000, 'a');
  g_autofree char *most = g_strdup_printf ("CN=%.*s", 1008 - 3, value);
  g_autofree char *cut = g_strdup_printf ("CN=%.*s…", 1021 - 3, value);
  g_autofree char *one_more = g_strconcat (most, "a", NULL);
  g_autofree char *folded = cardea_name_attributes_fold (most);

  g_assert_nonnull (folded);
  g_assert_null (cardea_name_attributes_fold (one_more));
  g_assert_null (cardea_name_attributes_fold (cut));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  g_test_add_func ("/name-attributes/refused", test_refused);
  g_test_add_func ("/name-attributes/same", test_same);
  g_test_add_func ("/name-attributes/parts", test_parts);
  g_test_add_func ("/name-attributes/certificates", test_certificates);
  g_test_add_func ("/name-attributes/length", test_length);
  return g_test_run ();
}
