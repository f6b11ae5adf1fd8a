/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readers as the kernel lists them. */

#include "agent/tokens/usb-readers.h"

#include <glib/gstdio.h>

static void
add (const char *folder, const char *device, const char *attribute, const char *text)
{
  g_autofree char *inner = g_build_filename (folder, device, NULL);
  g_autofree char *path = g_build_filename (inner, attribute, NULL);

  g_assert_cmpint (g_mkdir_with_parents (inner, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_find (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cardea-usb-XXXXXX", NULL);
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", folder);
  g_autofree char *none = cardea_usb_readers_find ("/nonexistent");
  g_autofree char *other = NULL, *nameless = NULL, *named = NULL;

  g_assert_null (none);
  add (folder, "usb1", "product", "Hub\n");
  add (folder, "1-1:1.0", "bInterfaceClass", "03\n"); /* a keyboard */
  other = cardea_usb_readers_find (folder);
  g_assert_null (other);
  add (folder, "1-2:1.0", "bInterfaceClass", "0b\n");
  nameless = cardea_usb_readers_find (folder);
  g_assert_cmpstr (nameless, ==, "1-2");
  add (folder, "1-2", "product", "Bad\033[2Jreader\n");
  named = cardea_usb_readers_find (folder);
  g_assert_cmpstr (named, ==, "Bad\357\277\275[2Jreader");
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/usb-readers/find", test_find);
  return g_test_run ();
}
