/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Marks: there before a try, gone after success, and no word of the PIN in them. */

#include "agent/pin/marks.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const CardeaPinIdentity identity = { 17, G_GINT64_CONSTANT (1700000000123456789), 5 };
static const char token[] = "pkcs11:token=T;serial=1";

typedef struct
{
  char *parent;
  char *folder;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->parent = g_dir_make_tmp ("marks-XXXXXX", &error);
  g_assert_no_error (error);
  f->folder = g_build_filename (f->parent, "pin", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  (void)g_remove (f->folder);
  g_assert_cmpint (g_rmdir (f->parent), ==, 0); /* nothing else was left */
  g_free (f->folder);
  g_free (f->parent);
}

static gboolean
is_marked (Fixture *f, const char *uri, const CardeaPinIdentity *id)
{
  g_autoptr (GError) error = NULL;
  gboolean marked = FALSE;
  guint n_marks;

  g_assert_true (cardea_mark_find (f->folder, uri, id, &marked, &n_marks, &error));
  g_assert_no_error (error);
  return marked;
}

static void
set_mark (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cardea_mark_set (f->folder, token, &identity, "a", &error));
  g_assert_no_error (error);
}

static void
clear_mark (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cardea_mark_clear (f->folder, token, &identity, &error));
  g_assert_no_error (error);
}

static void
test_set_and_clear (Fixture *f, gconstpointer data)
{
  g_assert_false (is_marked (f, token, &identity)); /* without a folder */
  set_mark (f);
  g_assert_true (is_marked (f, token, &identity));
  set_mark (f); /* again is no error */
  clear_mark (f);
  g_assert_false (is_marked (f, token, &identity));
  clear_mark (f);
}

static void
test_what_differs (Fixture *f, gconstpointer data)
{
  CardeaPinIdentity others[] = { identity, identity, identity };

  others[0].inode++;
  others[1].mtime_ns++;
  others[2].size++;
  set_mark (f);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (is_marked (f, token, &others[i]));
  g_assert_false (is_marked (f, "pkcs11:token=T;serial=2", &identity));
  g_assert_true (is_marked (f, token, &identity));
  clear_mark (f);
}

/* The folder is 0700, the only file 0600, and no second name of it was left. */
static void
test_files (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = NULL;
  g_autofree char *path = NULL, *content = NULL;
  const char *name;
  struct stat status;

  set_mark (f);
  g_assert_cmpint (stat (f->folder, &status), ==, 0);
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
  dir = g_dir_open (f->folder, 0, NULL);
  name = g_dir_read_name (dir);
  path = g_build_filename (f->folder, name, NULL);
  g_assert_null (g_dir_read_name (dir));
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmphex (status.st_mode & 07777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==,
                   "# The PIN source [pin a] is not used again until it changes.\n"
                   "token pkcs11:token=T;serial=1\ninode 17\nmtime 1700000000123456789\nsize 5\n");
  clear_mark (f);
}

/* Marks of one token are counted and cleared together; another token's stay. */
static void
test_all_of_a_token (Fixture *f, gconstpointer data)
{
  static const char other[] = "pkcs11:token=T;serial=2";
  CardeaPinIdentity second = identity;
  g_autoptr (GError) error = NULL;
  gboolean marked;
  guint n_marks;

  second.inode++;
  set_mark (f);
  g_assert_true (cardea_mark_set (f->folder, token, &second, "a", &error));
  g_assert_true (cardea_mark_set (f->folder, other, &identity, "a", &error));
  g_assert_true (cardea_mark_find (f->folder, token, &identity, &marked, &n_marks, &error));
  g_assert_cmpuint (n_marks, ==, 2);
  g_assert_true (cardea_mark_clear_all (f->folder, token, &error));
  g_assert_true (cardea_mark_find (f->folder, token, &identity, &marked, &n_marks, &error));
  g_assert_cmpuint (n_marks, ==, 0);
  g_assert_true (is_marked (f, other, &identity));
  g_assert_true (cardea_mark_clear (f->folder, other, &identity, &error));
  g_assert_no_error (error);
}

static void
assert_no_mark_possible (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_mark_set (f->folder, token, &identity, "a", &error));
  g_assert_nonnull (error);
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
test_bad_folder (Fixture *f, gconstpointer data)
{
  gboolean marked;
  guint n_marks;

  g_assert_cmpint (mkdir (f->folder, 0700), ==, 0);
  g_assert_cmpint (chmod (f->folder, 0755), ==, 0);
  assert_no_mark_possible (f);
  g_assert_false (cardea_mark_find (f->folder, token, &identity, &marked, &n_marks, NULL));
  g_assert_cmpint (rmdir (f->folder), ==, 0);

  g_assert_true (g_file_set_contents (f->folder, "", 0, NULL));
  assert_no_mark_possible (f);
  g_assert_false (cardea_mark_find (f->folder, token, &identity, &marked, &n_marks, NULL));
  g_assert_cmpint (unlink (f->folder), ==, 0);

  g_assert_cmpint (symlink ("/tmp", f->folder), ==, 0);
  assert_no_mark_possible (f);
}

#define ADD(path, test) g_test_add ("/marks/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("set-and-clear", test_set_and_clear);
  ADD ("what-differs", test_what_differs);
  ADD ("files", test_files);
  ADD ("all-of-a-token", test_all_of_a_token);
  ADD ("bad-folder", test_bad_folder);
  return g_test_run ();
}
