/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names that nobody can guess. */

#include "agent/base/random-name.h"

#include <string.h>

static void
test_names (void)
{
  g_autofree char *first = cardea_random_name_new ();
  g_autofree char *second = cardea_random_name_new ();

  g_assert_cmpuint (strlen (first), ==, 32);
  g_assert_cmpuint (strspn (first, "0123456789abcdef"), ==, 32);
  g_assert_cmpstr (first, !=, second);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/random-name/names", test_names);
  return g_test_run ();
}
