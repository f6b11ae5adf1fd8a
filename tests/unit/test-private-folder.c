/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/private-folder.h"

typedef struct
{
  char *root, *path;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->root = g_dir_make_tmp ("cardea-folder-XXXXXX", NULL);
  self->path = g_build_filename (self->root, "state", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "state/file", "state", "elsewhere" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (self->root, names[i], NULL);

    (void)g_remove (path);
  }
  g_assert_cmpint (g_rmdir (self->root), ==, 0);
  g_free (self->root);
  g_free (self->path);
}

static void
assert_no_folder (Fixture *self, GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (cardea_private_folder_open (self->path, "Notes", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, (int)code);
  g_assert_true (g_str_has_prefix (error->message, "Notes cannot be kept in "));
}

static void
test_made_private (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct stat status;
  int fd;

  assert_no_folder (self, G_IO_ERROR_NOT_FOUND);
  for (guint i = 0; i < 2; i++) {
    g_assert_true (cardea_private_folder_make (self->path, "Notes", &error));
    g_assert_no_error (error);
  }
  g_assert_cmpint (g_stat (self->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0700);
  fd = cardea_private_folder_open (self->path, "Notes", &error);
  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
}

static void
test_open_to_others (Fixture *self, gconstpointer data)
{
  static const int modes[] = { 0701, 0710, 0704, 0720 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_assert_cmpint (g_mkdir (self->path, 0700), ==, 0);
    g_assert_cmpint (g_chmod (self->path, modes[i]), ==, 0);
    assert_no_folder (self, G_IO_ERROR_PERMISSION_DENIED);
    g_assert_cmpint (g_rmdir (self->path), ==, 0);
  }
}

static void
test_link (Fixture *self, gconstpointer data)
{
  g_autofree char *elsewhere = g_build_filename (self->root, "elsewhere", NULL);

  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  g_assert_cmpint (symlink (elsewhere, self->path), ==, 0);
  assert_no_folder (self, G_IO_ERROR_NOT_DIRECTORY);
}

static void
test_file_in_its_place (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (self->path, "", 0, NULL));
  g_assert_false (cardea_private_folder_make (self->path, "Notes", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  assert_no_folder (self, G_IO_ERROR_NOT_DIRECTORY);
}

static int
open_new (Fixture *self)
{
  g_assert_true (cardea_private_folder_make (self->path, "Notes", NULL));
  return cardea_private_folder_open (self->path, "Notes", NULL);
}

static void
test_created (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->path, "file", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;
  int fd = open_new (self);

  g_assert_true (cardea_private_folder_create (fd, "file", "a\0b", 3, "Notes", &error));
  g_assert_no_error (error);
  close (fd);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_assert_cmpint (status.st_size, ==, 3);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpmem (contents, 3, "a\0b", 3);
}

static void
test_never_replaced (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->path, "file", NULL);
  g_autofree char *elsewhere = g_build_filename (self->root, "elsewhere", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  int fd = open_new (self);

  g_assert_true (cardea_private_folder_create (fd, "file", "old", 3, "Notes", NULL));
  g_assert_false (cardea_private_folder_create (fd, "file", "new", 3, "Notes", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "old");

  g_clear_error (&error);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (symlink (elsewhere, path), ==, 0);
  g_assert_false (cardea_private_folder_create (fd, "file", "new", 3, "Notes", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_false (g_file_test (elsewhere, G_FILE_TEST_EXISTS));
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/private-folder/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("made-private", test_made_private);
  ADD ("open-to-others", test_open_to_others);
  ADD ("link", test_link);
  ADD ("file-in-its-place", test_file_in_its_place);
  ADD ("created", test_created);
  ADD ("never-replaced", test_never_replaced);
#undef ADD
  return g_test_run ();
}
