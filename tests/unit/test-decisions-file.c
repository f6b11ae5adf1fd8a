/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file on the disk: whole or not there, nobody else's, and never written over by mistake. */

#include "agent/decisions/decisions-file.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "tests/unit/state-folder.h"

typedef struct
{
  StateFolder place;
  CardeaDecisionsFile *file;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  state_folder_make (&f->place);
  f->file = cardea_decisions_file_new (f->place.folder);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  cardea_decisions_file_unref (f->file);
  state_folder_remove (&f->place);
}

static gboolean
write_text (Fixture *f, const char *text, guint64 serial, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return cardea_decisions_file_write (f->file, bytes, serial, error);
}

static void
assert_read (Fixture *f, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = cardea_decisions_file_read (f->file, &error);

  g_assert_no_error (error);
  if (expected == NULL) {
    g_assert_null (text);
    return;
  }
  g_assert_nonnull (text);
  g_assert_cmpmem (g_bytes_get_data (text, NULL), g_bytes_get_size (text), expected, strlen (expected));
}

static void
assert_unreadable (Fixture *f, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_decisions_file_read (f->file, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
test_write_and_read (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  assert_read (f, NULL); /* without a folder */
  g_assert_true (write_text (f, "one", 1, &error));
  assert_read (f, "one");
  g_assert_true (write_text (f, "two, longer", 2, &error));
  g_assert_true (write_text (f, "3", 3, &error));
  g_assert_no_error (error);
  assert_read (f, "3");
  state_folder_assert_names (&f->place, "decisions.json");
}

static void
test_modes (Fixture *f, gconstpointer data)
{
  struct stat status;
  mode_t before = umask (0);

  g_assert_true (write_text (f, "one", 1, NULL));
  (void)umask (before);
  g_assert_cmpint (stat (f->place.folder, &status), ==, 0);
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (f->place.path, &status), ==, 0);
  g_assert_cmphex (status.st_mode & 07777, ==, 0600);
}

/* A worker that was slow brings an older text after a newer one. */
static void
test_older_comes_later (Fixture *f, gconstpointer data)
{
  g_assert_true (write_text (f, "newer", 2, NULL));
  g_assert_true (write_text (f, "older", 1, NULL));
  g_assert_true (write_text (f, "same", 2, NULL));
  assert_read (f, "newer");
}

static void
write_too_much (gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (write_text (data, "longer than there is room for", 2, &error));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

/* A full disk, before the first byte and in the middle: the old file stays, and nothing else does. */
static void
test_full_disk (Fixture *f, gconstpointer data)
{
  g_assert_true (write_text (f, "old", 1, NULL));
  run_with_small_files (0, write_too_much, f);
  run_with_small_files (10, write_too_much, f);
  assert_read (f, "old");
  state_folder_assert_names (&f->place, "decisions.json");
  g_assert_true (write_text (f, "new", 2, NULL)); /* once there is room */
  assert_read (f, "new");
}

/* What a crash left, in whatever form, is no hindrance and is never followed. */
static void
test_left_over (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->place.folder, "decisions.json.new", NULL);
  g_autofree char *outside = g_build_filename (f->place.parent, "outside", NULL);

  g_assert_true (write_text (f, "one", 1, NULL));
  g_assert_true (g_file_set_contents (path, "half", 4, NULL));
  g_assert_true (write_text (f, "two", 2, NULL));
  g_assert_cmpint (symlink (outside, path), ==, 0);
  g_assert_true (write_text (f, "three", 3, NULL));
  g_assert_false (g_file_test (outside, G_FILE_TEST_EXISTS));
  assert_read (f, "three");
  state_folder_assert_names (&f->place, "decisions.json");
}

static void
test_modes_refused (Fixture *f, gconstpointer data)
{
  static const mode_t refused[] = { 0620, 0602, 0666, 0777 };

  g_assert_true (write_text (f, "one", 1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_assert_cmpint (chmod (f->place.path, refused[i]), ==, 0);
    assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
  }
  g_assert_cmpint (chmod (f->place.path, 0644), ==, 0); /* no secret is in it */
  assert_read (f, "one");
}

static void
test_foreign_owner (Fixture *f, gconstpointer data)
{
  g_assert_true (write_text (f, "one", 1, NULL));
  if (geteuid () != 0) { /* cannot give a file away, and sees another's as one that it may not read */
    g_assert_cmpint (chmod (f->place.path, 0), ==, 0);
    assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
    return;
  }
  g_assert_cmpint (chown (f->place.path, 65534, (gid_t)-1), ==, 0);
  assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (chown (f->place.path, 0, (gid_t)-1), ==, 0);
  assert_read (f, "one");
  g_assert_cmpint (chown (f->place.folder, 65534, (gid_t)-1), ==, 0);
  assert_unreadable (f, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (write_text (f, "two", 2, NULL));
}

static void
test_links (Fixture *f, gconstpointer data)
{
  g_autofree char *target = g_build_filename (f->place.folder, "target", NULL);
  g_autofree char *name = NULL;

  g_assert_cmpint (mkdir (f->place.folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (target, "theirs", -1, NULL));
  g_assert_cmpint (symlink ("target", f->place.path), ==, 0);
  assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
  g_assert_false (write_text (f, "one", 1, NULL)); /* not over a link that was never read */
  name = cardea_decisions_file_set_aside (f->file, NULL);
  g_assert_cmpstr (name, ==, "decisions.json.bad-1");
  g_assert_true (write_text (f, "one", 1, NULL));
  assert_read (f, "one");
  state_folder_assert_names (&f->place, "decisions.json decisions.json.bad-1 target");
}

/* Nothing hangs on what is no file. */
static void
test_no_file (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (mkdir (f->place.folder, 0700), ==, 0);
  g_assert_cmpint (mkfifo (f->place.path, 0600), ==, 0);
  assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (unlink (f->place.path), ==, 0);
  g_assert_cmpint (mkdir (f->place.path, 0700), ==, 0);
  assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (rmdir (f->place.path), ==, 0);
  assert_read (f, NULL);
}

static void
test_size (Fixture *f, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (CARDEA_LIMIT_DECISIONS_BYTES, 'a');
  g_autofree char *longer = g_strnfill (CARDEA_LIMIT_DECISIONS_BYTES + 1, 'a');

  g_assert_true (write_text (f, longest, 1, NULL));
  assert_read (f, longest);
  g_assert_true (write_text (f, longer, 2, NULL));
  assert_unreadable (f, G_IO_ERROR_INVALID_DATA);
}

static void
test_bad_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkdir (f->place.folder, 0700), ==, 0);
  g_assert_cmpint (chmod (f->place.folder, 0750), ==, 0);
  assert_unreadable (f, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (write_text (f, "one", 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  state_folder_assert_names (&f->place, "");
  g_assert_cmpint (rmdir (f->place.folder), ==, 0);

  g_assert_true (g_file_set_contents (f->place.folder, "", 0, NULL));
  assert_unreadable (f, G_IO_ERROR_NOT_DIRECTORY);
  g_assert_false (write_text (f, "one", 1, NULL));
  g_assert_cmpint (unlink (f->place.folder), ==, 0);

  g_assert_cmpint (symlink (f->place.parent, f->place.folder), ==, 0);
  g_assert_null (cardea_decisions_file_read (f->file, NULL));
  g_assert_false (write_text (f, "one", 1, NULL));
  g_assert_cmpint (unlink (f->place.folder), ==, 0);
}

/* Each under a name of its own, as many as there are names, then none. */
static void
test_set_aside (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 1; i <= CARDEA_LIMIT_DECISIONS_ASIDE; i++) {
    g_autofree char *text = g_strdup_printf ("bad %u", i);
    g_autofree char *expected = g_strdup_printf ("decisions.json.bad-%u", i);
    g_autofree char *name = NULL;

    g_assert_true (write_text (f, text, i, NULL));
    name = cardea_decisions_file_set_aside (f->file, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (name, ==, expected);
    assert_read (f, NULL);
  }
  g_assert_true (write_text (f, "bad last", 100, NULL));
  g_assert_null (cardea_decisions_file_set_aside (f->file, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  assert_read (f, "bad last");
  state_folder_assert_content (&f->place, "decisions.json.bad-1", "bad 1");
  state_folder_assert_content (&f->place, "decisions.json.bad-4", "bad 4");
}

/* Whoever put another file there, or took ours away, knows something that we do not. */
static void
test_changed_by_others (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaDecisionsFile) other = cardea_decisions_file_new (f->place.folder);
  g_autoptr (GBytes) theirs = g_bytes_new_static ("theirs", 6);

  assert_read (f, NULL);
  g_assert_true (cardea_decisions_file_write (other, theirs, 1, NULL));
  g_assert_false (write_text (f, "ours", 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG);
  assert_read (f, "theirs");
  g_assert_true (write_text (f, "ours", 1, NULL)); /* now that it was read */
  assert_read (f, "ours");
  g_assert_cmpint (unlink (f->place.path), ==, 0);
  g_assert_false (write_text (f, "ours again", 2, NULL));
  state_folder_assert_names (&f->place, "");
}

#define ADD(path, test) g_test_add ("/decisions-file/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("write-and-read", test_write_and_read);
  ADD ("modes", test_modes);
  ADD ("older-comes-later", test_older_comes_later);
  ADD ("full-disk", test_full_disk);
  ADD ("left-over", test_left_over);
  ADD ("modes-refused", test_modes_refused);
  ADD ("foreign-owner", test_foreign_owner);
  ADD ("links", test_links);
  ADD ("no-file", test_no_file);
  ADD ("size", test_size);
  ADD ("bad-folder", test_bad_folder);
  ADD ("set-aside", test_set_aside);
  ADD ("changed-by-others", test_changed_by_others);
  return g_test_run ();
}
