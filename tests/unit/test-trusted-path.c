/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A path whose file only an administrator can have put there: each way in which it is not one. */

#include "agent/rules/trusted-path.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

typedef struct
{
  char *top, *folder, *file, *link;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->top = g_dir_make_tmp ("trusted-path-XXXXXX", &error);
  g_assert_no_error (error);
  f->folder = g_build_filename (f->top, "folder", NULL);
  f->file = g_build_filename (f->folder, "ca.pem", NULL);
  f->link = g_build_filename (f->top, "link", NULL);
  g_assert_cmpint (g_mkdir (f->folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (f->file, "text", -1, NULL));
  g_assert_cmpint (chmod (f->file, 0644), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_remove (f->link);
  g_remove (f->file);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_assert_cmpint (g_rmdir (f->top), ==, 0);
  g_free (f->top);
  g_free (f->folder);
  g_free (f->file);
  g_free (f->link);
}

static void
assert_opens (const char *path)
{
  g_autoptr (GError) error = NULL;
  char text[5] = "";
  int fd = cardea_trusted_path_open (path, getuid (), &error);

  g_assert_no_error (error);
  g_assert_cmpint (read (fd, text, 4), ==, 4);
  g_assert_cmpstr (text, ==, "text");
  close (fd);
}

/* @where: the part of the path that is at fault. */
static void
assert_refused (const char *path, const char *where, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *begin = g_strconcat (where, ": ", NULL);

  g_assert_cmpint (cardea_trusted_path_open (path, getuid (), &error), ==, -1);
  g_assert_nonnull (error);
  if (!g_str_has_prefix (error->message, begin) || strstr (error->message, why) == NULL)
    g_error ("expected \"%s...%s\", got \"%s\"", begin, why, error->message);
}

static void
test_good (Fixture *f, gconstpointer data)
{
  assert_opens (f->file);
}

static void
test_others_may_write (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (chmod (f->file, 0664), ==, 0);
  assert_refused (f->file, f->file, "written by others");
  g_assert_cmpint (chmod (f->file, 0646), ==, 0);
  assert_refused (f->file, f->file, "written by others");
}

/* A folder that others write to lets them put another file there, unless it is sticky. */
static void
test_folder (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (chmod (f->folder, 0777), ==, 0);
  assert_refused (f->file, f->folder, "written by others");
  g_assert_cmpint (chmod (f->folder, 01777), ==, 0);
  assert_opens (f->file);
  g_assert_cmpint (chmod (f->folder, 0755), ==, 0);
  g_assert_cmpint (chmod (f->top, 0775), ==, 0);
  assert_refused (f->file, f->top, "written by others");
}

/* The sticky bit says nothing of a file. */
static void
test_sticky_file (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (chmod (f->file, 01666), ==, 0);
  assert_refused (f->file, f->file, "written by others");
}

static void
test_owner (Fixture *f, gconstpointer data)
{
  if (getuid () != 0) {
    g_test_skip ("only root gives files away");
    return;
  }
  g_assert_cmpint (chown (f->file, NOBODY, NOBODY), ==, 0);
  assert_refused (f->file, f->file, "belong to root");
  g_assert_cmpint (chown (f->file, 0, 0), ==, 0);
  g_assert_cmpint (chown (f->top, NOBODY, NOBODY), ==, 0);
  assert_refused (f->file, f->top, "belong to root");
}

static void
test_links (Fixture *f, gconstpointer data)
{
  g_autofree char *through = g_build_filename (f->link, "ca.pem", NULL);

  g_assert_cmpint (symlink (f->file, f->link), ==, 0);
  assert_refused (f->link, f->link, "it is a link");
  g_assert_cmpint (g_unlink (f->link), ==, 0);
  g_assert_cmpint (symlink (f->folder, f->link), ==, 0);
  assert_refused (through, f->link, "it is a link");
}

static void
test_no_file (Fixture *f, gconstpointer data)
{
  g_autofree char *below = g_build_filename (f->file, "x", NULL);
  g_autofree char *absent = g_build_filename (f->folder, "absent.pem", NULL);

  assert_refused (f->folder, f->folder, "not a regular file");
  assert_refused (below, f->file, "no folder");
  assert_refused (absent, absent, g_strerror (ENOENT));
  g_assert_cmpint (g_unlink (f->file), ==, 0);
  g_assert_cmpint (mkfifo (f->file, 0644), ==, 0);
  assert_refused (f->file, f->file, "not a regular file");
}

static void
test_form (Fixture *f, gconstpointer data)
{
  g_autofree char *dots = g_build_filename (f->folder, "..", "folder", "ca.pem", NULL);
  g_autofree char *slashes = g_strconcat (f->folder, "//ca.pem", NULL);
  g_autofree char *end = g_strconcat (f->file, "/", NULL);

  assert_refused (dots, dots, "in full");
  assert_refused (slashes, slashes, "in full");
  assert_refused (end, end, "in full");
  assert_refused ("ca.pem", "ca.pem", "in full");
  assert_refused ("", "", "in full");
  assert_refused ("/", "/", "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/trusted-path/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("good", test_good);
  ADD ("others-may-write", test_others_may_write);
  ADD ("folder", test_folder);
  ADD ("sticky-file", test_sticky_file);
  ADD ("owner", test_owner);
  ADD ("links", test_links);
  ADD ("no-file", test_no_file);
  ADD ("form", test_form);
  return g_test_run ();
}
