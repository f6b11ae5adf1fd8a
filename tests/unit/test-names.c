/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Host names: syntax, and matching at its edges (RFC 9525, 6; RFC 1035, 2.3.4). Whole certificates:
 * test-verify.c. */

#include "agent/tls/names.h"

#include <string.h>

#include "socket-api/limits.h"

static void
test_host (void)
{
  static const struct
  {
    const char *name;
    gboolean host;
  } cases[] = {
    { "", FALSE },
    { ".", FALSE },
    { "a", TRUE },
    { "a.b", TRUE },
    { ".a", FALSE },
    { "a.", FALSE },
    { "a..b", FALSE },
    { "*", FALSE },
    { "*.a.b", FALSE },
    { "a b", FALSE },
    { "xn--n3h.com", TRUE },
    { "foo_bar.example", TRUE },
    { "\xc3\xa9.example", FALSE },
    { "a/b", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (cardea_names_is_host (cases[i].name, strlen (cases[i].name)), ==, cases[i].host);
  }
}

static void
test_lengths (void)
{
  g_autofree char *label = g_strnfill (64, 'a');
  g_autofree char *name = g_strnfill (CARDEA_LIMIT_HOST_NAME + 1, 'a');

  g_assert_true (cardea_names_is_host (label, 63));
  g_assert_false (cardea_names_is_host (label, 64));
  for (gsize i = 50; i < CARDEA_LIMIT_HOST_NAME; i += 50)
    name[i] = '.';
  g_assert_true (cardea_names_is_host (name, CARDEA_LIMIT_HOST_NAME));
  g_assert_false (cardea_names_is_host (name, CARDEA_LIMIT_HOST_NAME + 1));
  g_assert_false (cardea_names_is_host ("a\0b", 3));
}

/* One dNSName and nothing else. */
static gboolean
matches (const char *pattern, const char *server_name)
{
  guint8 bytes[130] = { CARDEA_DER_CONTEXT (2), (guint8)strlen (pattern) };
  CardeaX509 certificate = { .names = { bytes, strlen (pattern) + 2 }, .has_names = TRUE };

  g_assert_cmpuint (strlen (pattern), <, 128);
  memcpy (bytes + 2, pattern, strlen (pattern));
  return cardea_names_match (&certificate, server_name);
}

static void
test_match (void)
{
  static const struct
  {
    const char *pattern, *name;
    gboolean match;
  } cases[] = {
    { "a.example", "a.example", TRUE },
    { "A.EXAMPLE", "a.example", TRUE },
    { "a.example", "aa.example", FALSE },
    { "a.example.", "a.example", FALSE },
    { "*.b.example", "a.b.example", TRUE },
    { "*.B.example", "a.b.example", TRUE },
    { "*.b.example", "b.example", FALSE },
    { "*.b.example", ".b.example", FALSE },
    { "*.b.example", "a.c.b.example", FALSE },
    { "*.b.example", "xn--n3h.b.example", TRUE },
    { "*.example", "a.example", FALSE },
    { "*.", "a.", FALSE },
    { "*", "a", FALSE },
    { "*", "a.example", FALSE },
    { "*a.b.example", "aa.b.example", FALSE },
    { "a*.b.example", "aa.b.example", FALSE },
    { "a*a.b.example", "aba.b.example", FALSE },
    { "xn--*.b.example", "xn--n3h.b.example", FALSE },
    { "*.*.example", "a.b.example", FALSE },
    { "a.*.example", "a.b.example", FALSE },
    { "**.b.example", "a.b.example", FALSE },
    { "*.2.0.192", "7.2.0.192", FALSE },
    { "192.0.2.7", "192.0.2.7", FALSE },
    { "::1", "::1", FALSE },
    { "a.example", "", FALSE },
    { "a.example", "a.example.", FALSE },
    { "\xc3\xa9.example", "\xc3\xa9.example", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s %s", cases[i].pattern, cases[i].name);
    g_assert_cmpint (matches (cases[i].pattern, cases[i].name), ==, cases[i].match);
  }
}

static void
test_address (void)
{
  static const guint8 names[] = {
    CARDEA_DER_CONTEXT (2), 3, 'a', '.', 'b', CARDEA_DER_CONTEXT (7), 4, 192, 0, 2, 7
  };
  CardeaX509 certificate = { .names = { names, sizeof names }, .has_names = TRUE };

  g_assert_true (cardea_names_match (&certificate, "192.0.2.7"));
  g_assert_true (cardea_names_match (&certificate, "a.b"));
  g_assert_false (cardea_names_match (&certificate, "192.0.2.8"));
  g_assert_false (cardea_names_match (&certificate, "::ffff:192.0.2.7"));
  g_assert_false (cardea_names_match (&certificate, "[::1]"));
  g_assert_false (cardea_names_match (&certificate, "fe80::1%lo"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/names/host", test_host);
  g_test_add_func ("/names/lengths", test_lengths);
  g_test_add_func ("/names/match", test_match);
  g_test_add_func ("/names/address", test_address);
  return g_test_run ();
}
