/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names for those who vouch: the same for the same, in whatever order, and never for others. */

#include "agent/broker/trust-source.h"

#include <string.h>

static GPtrArray *
make_list (const char *first, const char *second)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  g_ptr_array_add (list, g_bytes_new (first, strlen (first)));
  if (second != NULL)
    g_ptr_array_add (list, g_bytes_new (second, strlen (second)));
  return list;
}

static char *
name (GPtrArray *brought, const char *first, const char *second)
{
  g_autoptr (GPtrArray) rules = g_ptr_array_new ();

  if (first != NULL)
    g_ptr_array_add (rules, (gpointer)first);
  if (second != NULL)
    g_ptr_array_add (rules, (gpointer)second);
  return cardea_trust_source_new (brought, rules);
}

static void
test_program (void)
{
  g_autoptr (GPtrArray) ab = make_list ("a", "b"), ba = make_list ("b", "a"), a = make_list ("a", NULL);
  g_autofree char *system = name (NULL, NULL, NULL), *one = name (ab, NULL, NULL);
  g_autofree char *two = name (ba, NULL, NULL), *fewer = name (a, NULL, NULL);

  g_assert_cmpstr (system, ==, "system");
  g_assert_cmpstr (one, ==, two);
  g_assert_cmpstr (one, !=, fewer);
  g_assert_true (g_str_has_prefix (one, "program:"));
  g_assert_cmpuint (strlen (one), ==, strlen ("program:") + 64);
}

static void
test_rules (void)
{
  g_autoptr (GPtrArray) a = make_list ("a", NULL);
  g_autofree char *hash = cardea_trust_source_hash (a);
  const char *other = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  g_autofree char *one = name (NULL, hash, NULL), *twice = name (NULL, hash, hash);
  g_autofree char *both = name (NULL, hash, other), *turned = name (NULL, other, hash);
  g_autofree char *besides = name (a, other, NULL), *program = name (a, NULL, NULL);
  g_autofree char *without = name (NULL, other, NULL);

  g_assert_true (g_str_has_prefix (one, "rule:"));
  g_assert_cmpuint (strlen (one), ==, strlen ("rule:") + 64);
  g_assert_cmpstr (one, ==, twice);
  g_assert_cmpstr (both, ==, turned);
  g_assert_cmpstr (one, !=, both);
  /* The same certificates are others when a program brings them. */
  g_assert_cmpstr (besides, !=, both);
  g_assert_cmpstr (besides, !=, program);
  g_assert_cmpstr (besides, !=, without);
  g_assert_true (g_str_has_prefix (besides, "rule:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trust-source/program", test_program);
  g_test_add_func ("/trust-source/rules", test_rules);
  return g_test_run ();
}
