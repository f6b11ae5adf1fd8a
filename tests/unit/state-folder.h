/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A folder for the state of an agent, which is not there yet, and disks that are full. */

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  char *parent;
  char *folder;
  char *path; /* of decisions.json in it */
} StateFolder;

static inline void
state_folder_make (StateFolder *self)
{
  g_autoptr (GError) error = NULL;

  self->parent = g_dir_make_tmp ("state-XXXXXX", &error);
  g_assert_no_error (error);
  self->folder = g_build_filename (self->parent, "cardea", NULL);
  self->path = g_build_filename (self->folder, "decisions.json", NULL);
}

static inline void
state_folder_remove (StateFolder *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  (void)g_rmdir (self->folder);
  g_assert_cmpint (g_rmdir (self->parent), ==, 0); /* nothing was put beside it */
  g_free (self->parent);
  g_free (self->folder);
  g_free (self->path);
}

static inline int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *)a, *(const char *const *)b);
}

/* @expected: sorted, with blanks between. */
static inline void
state_folder_assert_names (const StateFolder *self, const char *expected)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *joined = NULL;
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  joined = g_strjoinv (" ", (char **)names->pdata);
  g_assert_cmpstr (joined, ==, expected);
}

static inline void
state_folder_assert_content (const StateFolder *self, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, expected);
}

/* Runs where no file may grow beyond @bytes, as if the disk were full; any user may have that. */
static inline void
run_with_small_files (rlim_t bytes, void (*run) (gpointer data), gpointer data)
{
  struct rlimit before, limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = (struct rlimit){ bytes, before.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  run (data);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
}
