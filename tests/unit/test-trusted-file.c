/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that only an administrator can have written: each way in which one is not is seen, and costs no
 * other. */

#include "agent/rules/trusted-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/reason.h"
#include "socket-api/limits.h"

#define NOBODY 65534

typedef struct
{
  char *folder;
  GPtrArray *files;
  GPtrArray *problems;
} Fixture;

static char *
make_path (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

static void
write_file (Fixture *f, const char *name, const char *text, gssize length, mode_t mode)
{
  g_autofree char *path = make_path (f, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (chmod (path, mode), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("trusted-XXXXXX", &error);
  g_assert_no_error (error);
  f->files = cardea_trusted_files_new ();
  f->problems = cardea_reasons_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) directory = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *path = make_path (f, name);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_ptr_array_unref (f->files);
  g_ptr_array_unref (f->problems);
}

static gboolean
load (Fixture *f)
{
  return cardea_trusted_files_read (f->folder, ".conf", getuid (), f->files, f->problems);
}

static void
assert_texts (Fixture *f, const char *expected)
{
  g_autoptr (GString) texts = g_string_new (NULL);

  for (guint i = 0; i < f->files->len; i++)
    g_string_append (texts, ((const CardeaTrustedFile *)f->files->pdata[i])->text);
  g_assert_cmpstr (texts->str, ==, expected);
}

/* "b.conf" is left out with one problem, "a.conf" and "c.conf" are there. */
static void
assert_left_out (Fixture *f, const char *expected)
{
  g_autofree char *path = make_path (f, "b.conf");
  const CardeaReason *problem;

  write_file (f, "a.conf", "a", -1, 0644);
  write_file (f, "c.conf", "c", -1, 0600);
  g_assert_false (load (f));
  assert_texts (f, "ac");
  g_assert_cmpuint (f->problems->len, ==, 1);
  problem = f->problems->pdata[0];
  g_assert_cmpint (problem->code, ==, CARDEA_REASON_RULE_INVALID);
  g_assert_true (g_str_has_prefix (problem->message, path));
  if (strstr (problem->message, expected) == NULL)
    g_error ("expected \"%s\", got \"%s\"", expected, problem->message);
}

static void
test_group_may_write (Fixture *f, gconstpointer data)
{
  write_file (f, "b.conf", "b", -1, 0664);
  assert_left_out (f, "written by others");
}

static void
test_others_may_write (Fixture *f, gconstpointer data)
{
  write_file (f, "b.conf", "b", -1, 0602);
  assert_left_out (f, "written by others");
}

static void
test_link (Fixture *f, gconstpointer data)
{
  g_autofree char *path = make_path (f, "b.conf");

  g_assert_cmpint (symlink ("a.conf", path), ==, 0);
  assert_left_out (f, "a link");
}

static void
test_fifo (Fixture *f, gconstpointer data)
{
  g_autofree char *path = make_path (f, "b.conf");

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_left_out (f, "not a regular file");
}

static void
test_folder_of_that_name (Fixture *f, gconstpointer data)
{
  g_autofree char *path = make_path (f, "b.conf");

  g_assert_cmpint (mkdir (path, 0700), ==, 0);
  assert_left_out (f, "not a regular file");
}

static void
test_no_text (Fixture *f, gconstpointer data)
{
  write_file (f, "b.conf", "x\n\xff", -1, 0644);
  assert_left_out (f, ":2: this is not UTF-8");
}

static void
test_nul (Fixture *f, gconstpointer data)
{
  write_file (f, "b.conf", "x\0y", 3, 0644);
  assert_left_out (f, "not UTF-8");
}

static void
test_size (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (CARDEA_LIMIT_KEY_FILE_BYTES + 1, '\n');

  write_file (f, "b.conf", text, CARDEA_LIMIT_KEY_FILE_BYTES, 0644);
  g_assert_true (load (f));
  g_ptr_array_set_size (f->files, 0);
  write_file (f, "b.conf", text, CARDEA_LIMIT_KEY_FILE_BYTES + 1, 0644);
  assert_left_out (f, "larger than 1 MiB");
}

/* Root can make a file that is another's; anybody else has only such files. */
static void
test_owner (Fixture *f, gconstpointer data)
{
  g_autofree char *path = make_path (f, "b.conf");

  write_file (f, "b.conf", "b", -1, 0644);
  if (getuid () == 0) {
    g_assert_cmpint (chown (path, NOBODY, NOBODY), ==, 0);
    assert_left_out (f, "does not belong to root");
    return;
  }
  g_assert_false (cardea_trusted_files_read (f->folder, ".conf", 0, f->files, f->problems));
  g_assert_cmpuint (f->files->len, ==, 0);
  g_assert_cmpuint (f->problems->len, ==, 2); /* the folder and the file */
}

/* What others may rename or take away is read, for what it forbids, but is not all there is to know. */
static void
test_open_folder (Fixture *f, gconstpointer data)
{
  write_file (f, "a.conf", "a", -1, 0644);
  g_assert_cmpint (chmod (f->folder, 0777), ==, 0);
  g_assert_false (load (f));
  assert_texts (f, "a");
  g_assert_cmpuint (f->problems->len, ==, 1);
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autofree char *path = make_path (f, "a.conf");

  g_assert_true (cardea_trusted_files_read (path, ".conf", getuid (), f->files, f->problems));
  g_assert_cmpuint (f->problems->len, ==, 0);
  write_file (f, "a.conf", "a", -1, 0644);
  g_assert_false (cardea_trusted_files_read (path, ".conf", getuid (), f->files, f->problems));
  g_assert_cmpuint (f->problems->len, ==, 1);
  g_assert_cmpuint (f->files->len, ==, 0);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "10.conf", "B.conf", "2.conf", "a.conf", "Z.conf" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    write_file (f, names[i], names[i], 1, 0644);
  write_file (f, ".hidden.conf", "h", -1, 0644);
  write_file (f, "c.conf~", "t", -1, 0644);
  write_file (f, "c.conf.dpkg-old", "d", -1, 0644);
  write_file (f, "readme", "r", -1, 0644);
  g_assert_true (load (f));
  g_assert_cmpuint (f->problems->len, ==, 0);
  assert_texts (f, "12BZa");
}

static void
test_number (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < CARDEA_LIMIT_RULE_FILES; i++) {
    g_autofree char *name = g_strdup_printf ("%04u.conf", i);

    write_file (f, name, "", -1, 0644);
  }
  g_assert_true (load (f));
  g_ptr_array_set_size (f->files, 0);
  write_file (f, "z.conf", "z", -1, 0644);
  g_assert_false (load (f));
  g_assert_cmpuint (f->files->len, ==, CARDEA_LIMIT_RULE_FILES);
  assert_texts (f, "");
  g_assert_cmpuint (f->problems->len, ==, 1);
}

#define ADD(path, test) g_test_add ("/trusted-file/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("group-may-write", test_group_may_write);
  ADD ("others-may-write", test_others_may_write);
  ADD ("link", test_link);
  ADD ("fifo", test_fifo);
  ADD ("folder-of-that-name", test_folder_of_that_name);
  ADD ("no-text", test_no_text);
  ADD ("nul", test_nul);
  ADD ("size", test_size);
  ADD ("owner", test_owner);
  ADD ("open-folder", test_open_folder);
  ADD ("no-folder", test_no_folder);
  ADD ("order", test_order);
  ADD ("number", test_number);
  return g_test_run ();
}
