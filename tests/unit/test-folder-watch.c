/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders that are there, that come later, from whatever level on, that go and come back. */

#include "agent/tokens/folder-watch.h"

#include <glib/gstdio.h>
#include <unistd.h>
#include "tests/fixtures/loop.h"

#define PATIENCE_S 20

typedef struct
{
  char *root;
  CardeaFolderWatch *watch;
  guint n_changes;
  guint watchdog;
} Fixture;

static void
on_changed (gpointer data)
{
  ((Fixture *)data)->n_changes++;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->watchdog = test_loop_guard (PATIENCE_S);
  self->root = g_dir_make_tmp ("cardea-folder-XXXXXX", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", self->root);

  cardea_folder_watch_free (self->watch);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_source_remove (self->watchdog);
  g_free (self->root);
}

static void
watch (Fixture *self, const char *folder, guint depth)
{
  g_autofree char *path = g_build_filename (self->root, folder, NULL);

  self->watch = cardea_folder_watch_new (path, depth, on_changed, self);
  g_assert_nonnull (self->watch);
}

static void
make_folder (Fixture *self, const char *folder)
{
  g_autofree char *path = g_build_filename (self->root, folder, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

static void
write_file (Fixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->root, name, NULL);

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
}

static void
await_change (Fixture *self)
{
  guint n = self->n_changes;

  while (self->n_changes == n)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_files (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->root, "file", NULL);

  watch (self, ".", 0);
  write_file (self, "file");
  await_change (self);
  test_loop_pass (50);
  g_assert_cmpint (g_remove (path), ==, 0);
  await_change (self);
}

static void
test_to_come (Fixture *self, gconstpointer data)
{
  watch (self, "a/b/c", 0);
  write_file (self, "other");
  test_loop_pass (50);
  g_assert_cmpuint (self->n_changes, ==, 0); /* what happens on the way is nobody's business */
  make_folder (self, "a");
  await_change (self);
  make_folder (self, "a/b");
  await_change (self);
  make_folder (self, "a/b/c");
  await_change (self);
  test_loop_pass (50);
  write_file (self, "a/b/c/file");
  await_change (self);
}

static void
test_at_once (Fixture *self, gconstpointer data)
{
  watch (self, "a/b/c", 0);
  make_folder (self, "a");
  make_folder (self, "a/b");
  make_folder (self, "a/b/c");
  await_change (self);
  test_loop_pass (50);
  write_file (self, "a/b/c/file");
  await_change (self);
}

static void
test_replaced (Fixture *self, gconstpointer data)
{
  g_autofree char *old = g_build_filename (self->root, "a", NULL);
  g_autofree char *moved = g_build_filename (self->root, "moved", NULL);

  make_folder (self, "a");
  watch (self, "a", 0);
  g_assert_cmpint (g_rename (old, moved), ==, 0);
  await_change (self);
  make_folder (self, "a");
  await_change (self);
  test_loop_pass (50);
  write_file (self, "a/file");
  await_change (self);
}

static void
test_inner (Fixture *self, gconstpointer data)
{
  make_folder (self, "a");
  make_folder (self, "a/token");
  watch (self, "a", 1);
  write_file (self, "a/token/object");
  await_change (self);
  make_folder (self, "a/other");
  await_change (self);
  test_loop_pass (50);
  write_file (self, "a/other/object");
  await_change (self);
}

/* Reading is no change. */
static void
test_reading (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->root, "file", NULL);
  g_autofree char *text = NULL;

  write_file (self, "file");
  watch (self, ".", 0);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  test_loop_pass (100);
  g_assert_cmpuint (self->n_changes, ==, 0);
}

#define ADD(path, function) g_test_add ("/folder-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("files", test_files);
  ADD ("to-come", test_to_come);
  ADD ("at-once", test_at_once);
  ADD ("replaced", test_replaced);
  ADD ("inner", test_inner);
  ADD ("reading", test_reading);
  return g_test_run ();
}
