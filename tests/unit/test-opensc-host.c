/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file that OpenSC's hosts are pointed to. */

#include "agent/hosts/opensc-host.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/reason.h"
#include "agent/hosts/opensc-conf.h"
#include "tests/fixtures/credentials/credentials.h"

typedef struct
{
  char *folder, *original, *state;
  GPtrArray *problems;
} World;

static void
world_set_up (World *world, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  world->folder = g_dir_make_tmp ("opensc-host-XXXXXX", &error);
  g_assert_no_error (error);
  world->original = g_build_filename (world->folder, "theirs.conf", NULL);
  world->state = g_build_filename (world->folder, "a", "b", NULL);
  world->problems = cardea_reasons_new ();
}

static void
world_tear_down (World *world, gconstpointer data)
{
  test_remove_folder (world->folder);
  g_free (world->folder);
  g_free (world->original);
  g_free (world->state);
  g_ptr_array_unref (world->problems);
}

/* What the file that OPENSC_CONF names afterwards says; the rest of the environment is as it was. */
static char *
take (World *world)
{
  g_autofree char *named = g_strdup_printf ("OPENSC_CONF=%s", world->original);
  const char *const given[] = { "HOME=/nowhere", named, NULL };
  g_auto (GStrv) environment =
      cardea_opensc_take_environment (g_strdupv ((char **)given), world->state, world->problems);
  g_autofree char *path = g_build_filename (world->state, "opensc.conf", NULL);
  char *text = NULL;
  struct stat status;

  if (environment == NULL)
    return NULL;
  g_assert_cmpuint (g_strv_length (environment), ==, 2);
  g_assert_cmpstr (g_environ_getenv (environment, "HOME"), ==, "/nowhere");
  g_assert_cmpstr (g_environ_getenv (environment, "OPENSC_CONF"), ==, path);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
expect_problem (World *world, const char *text)
{
  const CardeaReason *problem;

  g_assert_cmpuint (world->problems->len, ==, 1);
  problem = world->problems->pdata[0];
  g_assert_cmpint (problem->code, ==, CARDEA_REASON_MODULE_CONFIGURATION);
  g_assert_nonnull (strstr (problem->message, text));
  g_assert_nonnull (problem->remedy);
}

static void
test_theirs (World *world, gconstpointer data)
{
  g_autofree char *text = NULL, *again = NULL;

  g_assert_true (g_file_set_contents (world->original, "app default { card_drivers = piv; }", -1, NULL));
  text = take (world);
  g_assert_cmpstr (text, ==,
                   "app default { pkcs11 { user_pin_unblock_style = set_pin_in_unlogged_session; } framework "
                   "pkcs15 { use_pin_caching = false; } card_drivers = piv; }");
  again = take (world);
  g_assert_cmpstr (again, ==, text);
  g_assert_cmpuint (world->problems->len, ==, 0);
}

static void
test_missing (World *world, gconstpointer data)
{
  g_autofree char *text = take (world);

  g_assert_nonnull (strstr (text, "use_pin_caching = false"));
  g_assert_cmpuint (world->problems->len, ==, 0);
}

static void
test_not_understood (World *world, gconstpointer data)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (world->original, "app default { card_drivers = piv }", -1, NULL));
  text = take (world);
  g_assert_null (strstr (text, "piv"));
  g_assert_nonnull (strstr (text, "use_pin_caching = false"));
  expect_problem (world, world->original);
}

static void
test_unreadable (World *world, gconstpointer data)
{
  g_autofree char *text = NULL;

  g_assert_cmpint (g_mkdir (world->original, 0700), ==, 0);
  text = take (world);
  g_assert_nonnull (strstr (text, "use_pin_caching = false"));
  expect_problem (world, world->original);
}

static void
test_too_large (World *world, gconstpointer data)
{
  g_autofree char *large = g_strnfill (2 * CARDEA_OPENSC_CONF_MOST, ' ');
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (world->original, large, -1, NULL));
  text = take (world);
  g_assert_nonnull (strstr (text, "use_pin_caching = false"));
  expect_problem (world, world->original);
}

static void
test_no_room (World *world, gconstpointer data)
{
  g_autofree char *above = g_path_get_dirname (world->state);
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (above, "a file where a folder should be", -1, NULL));
  text = take (world);
  g_assert_null (text);
  expect_problem (world, "cannot be written");
}

static void
test_module (void)
{
  g_assert_true (cardea_opensc_is_module ("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"));
  g_assert_true (cardea_opensc_is_module ("/usr/lib/x86_64-linux-gnu/onepin-opensc-pkcs11.so"));
  g_assert_false (cardea_opensc_is_module ("/usr/lib/softhsm/libsofthsm2.so"));
  g_assert_false (cardea_opensc_is_module ("/opt/opensc-pkcs11.so/other.so"));
}

#define ADD(name, test) g_test_add ("/opensc-host/" name, World, NULL, world_set_up, test, world_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("theirs", test_theirs);
  ADD ("missing", test_missing);
  ADD ("not-understood", test_not_understood);
  ADD ("unreadable", test_unreadable);
  ADD ("too-large", test_too_large);
  ADD ("no-room", test_no_room);
  g_test_add_func ("/opensc-host/module", test_module);
  return g_test_run ();
}
