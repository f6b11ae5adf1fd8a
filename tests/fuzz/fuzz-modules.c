/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes the files that name modules: p11-kit's own configuration, one module's file as a package and as the
 * user has it, and the pkcs11.txt of an NSS database, in this order. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/hosts/nss-database.h"
#include "agent/hosts/p11-kit-files.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static struct
{
  char *folder;
  char *package, *user;
  char *config, *package_module, *user_module, *database;
} place;

static void
remove_place (void)
{
  g_unlink (place.config);
  g_unlink (place.package_module);
  g_unlink (place.user_module);
  g_unlink (place.database);
  g_rmdir (place.package);
  g_rmdir (place.user);
  g_rmdir (place.folder);
}

/* The files stay the same and are only filled afresh: that is faster by far than making new ones. */
static void
fill (const char *path, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  g_file_set_contents_full (path, length > 0 ? text : "", (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600,
                            &error);
  g_assert_no_error (error);
}

static void
check_entries (GPtrArray *entries)
{
  for (guint i = 0; i < entries->len; i++) {
    const CardeaModuleEntry *entry = entries->pdata[i];

    g_assert_nonnull (entry->name);
    g_assert_cmpint (entry->path[0], ==, '/');
    cardea_module_entry_is_skipped (entry);
  }
}

static void
check_problems (GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    g_assert_true (g_utf8_validate (((CardeaReason *)problems->pdata[i])->message, -1, NULL));
}

static void
read_p11_kit (GPtrArray *problems)
{
  const CardeaP11KitPlaces places = {
    place.package, place.config, place.package, place.config, place.user,
  };
  g_auto (GStrv) folders = cardea_p11_kit_get_folders (&places, problems);
  const char *const both[] = { place.package, place.user, NULL };
  g_autoptr (GPtrArray) entries = cardea_p11_kit_read (both, "cardea-agent", problems);

  g_assert_nonnull (folders);
  check_entries (entries);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  place.folder = g_dir_make_tmp ("cardea-fuzz-XXXXXX", NULL);
  g_assert_nonnull (place.folder);
  place.package = g_build_filename (place.folder, "package", NULL);
  place.user = g_build_filename (place.folder, "user", NULL);
  place.config = g_build_filename (place.folder, "pkcs11.conf", NULL);
  place.package_module = g_build_filename (place.package, "a.module", NULL);
  place.user_module = g_build_filename (place.user, "a.module", NULL);
  place.database = g_build_filename (place.folder, "pkcs11.txt", NULL);
  g_assert_cmpint (g_mkdir (place.package, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (place.user, 0700), ==, 0);
  g_assert_cmpint (atexit (remove_place), ==, 0);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  const char *const paths[] = { place.config, place.package_module, place.user_module };
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GBytes) rest = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GBytes) part = fuzz_take_part (&input);

    fill (paths[i], part);
  }
  rest = fuzz_take_rest (&input);
  fill (place.database, rest);
  read_p11_kit (problems);
  entries = cardea_nss_database_read_modules (place.folder, problems);
  check_entries (entries);
  check_problems (problems);
  return 0;
}
