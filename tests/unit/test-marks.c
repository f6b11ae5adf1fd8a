/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Marks: there before a try, gone after success, and no word of the PIN in them. */

#include "agent/pin/marks.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
remove_set_aside (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (f->folder, name, NULL);

    if (g_str_has_prefix (name, "old-"))
      (void)g_remove (path);
  }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_set_aside (f);
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

  g_assert_true (cardea_mark_set (f->folder, token, &identity, "[pin a]", &error));
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

/* Marks of one token are counted together, until it accepts a PIN; another token's stay, and so does the word
 * of what was refused. */
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
  g_assert_true (cardea_mark_set (f->folder, token, &second, "[pin a]", &error));
  g_assert_true (cardea_mark_set (f->folder, other, &identity, "[pin a]", &error));
  g_assert_true (cardea_mark_find (f->folder, token, &identity, &marked, &n_marks, &error));
  g_assert_cmpuint (n_marks, ==, 2);
  g_assert_true (cardea_mark_accept (f->folder, token, &identity, &error));
  g_assert_true (cardea_mark_find (f->folder, token, &identity, &marked, &n_marks, &error));
  g_assert_false (marked);
  g_assert_cmpuint (n_marks, ==, 0);
  g_assert_true (is_marked (f, token, &second));
  g_assert_true (is_marked (f, other, &identity));
  g_assert_true (cardea_mark_clear (f->folder, other, &identity, &error));
  g_assert_no_error (error);
}

typedef struct
{
  Fixture *f;
  gint *ready, *made; /* atomic */
} Racer;

static gpointer
race_for_mark (gpointer data)
{
  Racer *racer = data;
  gboolean marked;
  guint n_marks;

  g_assert_true (cardea_mark_find (racer->f->folder, token, &identity, &marked, &n_marks, NULL));
  g_assert_false (marked);
  g_atomic_int_inc (racer->ready);
  while (g_atomic_int_get (racer->ready) < 4)
    g_thread_yield ();
  if (cardea_mark_set (racer->f->folder, token, &identity, "[pin a]", NULL))
    g_atomic_int_inc (racer->made);
  return NULL;
}

/* Of several agents that see no mark at the same moment one may try. */
static void
test_one_of_several (Fixture *f, gconstpointer data)
{
  gint ready = 0, made = 0;
  Racer racer = { f, &ready, &made };
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("race", race_for_mark, &racer);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (made, ==, 1);
  g_assert_true (is_marked (f, token, &identity));
  clear_mark (f);
}

/* A disk that is full: no mark, so no try. A limit on the size of files does the same to any user. */
static void
test_full_disk (Fixture *f, gconstpointer data)
{
  const struct rlimit none = { 0, 0 };
  int status = 0;
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    signal (SIGXFSZ, SIG_IGN);
    if (setrlimit (RLIMIT_FSIZE, &none) != 0)
      _exit (2);
    _exit (cardea_mark_set (f->folder, token, &identity, "[pin a]", NULL) ? 1 : 0);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_false (is_marked (f, token, &identity)); /* it may be tried once there is room */
}

/* Somebody put a link there, to have a file of the user's overwritten, or the mark kept elsewhere. */
static void
test_link_in_place (Fixture *f, gconstpointer data)
{
  g_autofree char *outside = g_build_filename (f->parent, "outside", NULL);
  g_autofree char *path = NULL;
  g_autoptr (GDir) dir = NULL;

  set_mark (f);
  dir = g_dir_open (f->folder, 0, NULL);
  path = g_build_filename (f->folder, g_dir_read_name (dir), NULL);
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_cmpint (symlink (outside, path), ==, 0);
  g_assert_true (is_marked (f, token, &identity));
  g_assert_false (cardea_mark_set (f->folder, token, &identity, "[pin a]", NULL));
  g_assert_false (g_file_test (outside, G_FILE_TEST_EXISTS));
  clear_mark (f);
}

static void
assert_no_mark_possible (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_mark_set (f->folder, token, &identity, "[pin a]", &error));
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
  ADD ("one-of-several", test_one_of_several);
  ADD ("full-disk", test_full_disk);
  ADD ("link-in-place", test_link_in_place);
  ADD ("bad-folder", test_bad_folder);
  return g_test_run ();
}
