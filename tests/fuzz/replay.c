/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a fuzzer over the files of a folder, and over each of them cut short: its corpus as an ordinary test.
 */

#include <glib.h>

#include "tests/fuzz/fuzz.h"

static void
run_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize length;

  g_file_get_contents (path, &bytes, &length, &error);
  g_assert_no_error (error);
  for (gsize cut = 0; cut <= length; cut += 1 + length / 64) {
    /* In memory of its own, so that reading past the end is noticed. */
    g_autofree guint8 *copy = g_memdup2 (bytes, length - cut);

    g_assert_cmpint (LLVMFuzzerTestOneInput (copy, length - cut), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = NULL;
  const char *name;
  guint n = 0;

  g_assert_cmpint (argc, ==, 2);
  LLVMFuzzerInitialize (&argc, &argv);
  folder = g_dir_open (argv[1], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *path = g_build_filename (argv[1], name, NULL);

    run_file (path);
    n++;
  }
  g_assert_cmpuint (n, >, 0);
  return 0;
}
