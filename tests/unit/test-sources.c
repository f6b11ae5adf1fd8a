/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* PIN sources: what is refused before a byte is read, and what a PIN may look like. */

#include "agent/pin/sources.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *folder;
  char *file;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("sources-XXXXXX", &error);
  g_assert_no_error (error);
  f->file = g_build_filename (f->folder, "pin", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  (void)g_remove (f->file);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->file);
  g_free (f->folder);
}

static void
write_pin (Fixture *f, const char *bytes, gsize length, mode_t mode)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->file, bytes, (gssize)length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (chmod (f->file, mode), ==, 0);
}

static CardeaPinSource *
make_file_source (const char *path)
{
  CardeaPinSourceConfig config = {
    .name = (char *)"a", .token = (char *)"pkcs11:token=T", .file = (char *)path, .descriptor = -1
  };

  return cardea_pin_source_new (&config);
}

static CardeaPinSource *
make_descriptor_source (int fd)
{
  CardeaPinSourceConfig config = { .name = (char *)"a", .token = (char *)"pkcs11:token=T", .descriptor = fd };

  return cardea_pin_source_new (&config);
}

static void
assert_not_opened (CardeaPinSource *source, int code)
{
  CardeaPinOpened opened = { .fd = -1 };
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_pin_source_open (source, &opened, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_cmpint (opened.fd, ==, -1);
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
assert_file_refused (const char *path, int code)
{
  g_autoptr (CardeaPinSource) source = make_file_source (path);

  assert_not_opened (source, code);
}

static void
test_modes (Fixture *f, gconstpointer data)
{
  static const mode_t open_modes[] = { 0644, 0640, 0604, 0602, 0620, 0610, 0700, 04600 };

  for (gsize i = 0; i < G_N_ELEMENTS (open_modes); i++) {
    write_pin (f, "1234", 4, open_modes[i]);
    assert_file_refused (f->file, G_IO_ERROR_PERMISSION_DENIED);
  }
}

static void
test_other_owner (Fixture *f, gconstpointer data)
{
  if (geteuid () == 0) {
    write_pin (f, "1234", 4, 0600);
    g_assert_cmpint (chown (f->file, 12345, (gid_t)-1), ==, 0);
    assert_file_refused (f->file, G_IO_ERROR_PERMISSION_DENIED);
  } else {
    assert_file_refused ("/etc/passwd", G_IO_ERROR_PERMISSION_DENIED);
  }
}

static void
test_no_file (Fixture *f, gconstpointer data)
{
  g_autofree char *target = g_strconcat (f->file, ".real", NULL);

  assert_file_refused (f->file, G_IO_ERROR_NOT_FOUND);
  assert_file_refused (f->folder, G_IO_ERROR_NOT_REGULAR_FILE);
  g_assert_cmpint (mkfifo (f->file, 0600), ==, 0);
  assert_file_refused (f->file, G_IO_ERROR_NOT_REGULAR_FILE); /* without waiting for a writer */
  g_assert_cmpint (unlink (f->file), ==, 0);
  write_pin (f, "1234", 4, 0600);
  g_assert_cmpint (rename (f->file, target), ==, 0);
  g_assert_cmpint (symlink (target, f->file), ==, 0);
  assert_file_refused (f->file, G_IO_ERROR_TOO_MANY_LINKS);
  g_assert_cmpint (unlink (target), ==, 0);
}

static CardeaSecret *
open_and_read (CardeaPinSource *source, CardeaPinIdentity *identity, GError **error)
{
  CardeaPinOpened opened = { .fd = -1 };

  if (!cardea_pin_source_open (source, &opened, error))
    return NULL;
  if (identity != NULL)
    *identity = opened.identity;
  return cardea_pin_source_read (source, &opened, error);
}

static void
assert_pin (CardeaSecret *secret, const char *expected)
{
  gsize length;
  const guint8 *bytes;

  g_assert_nonnull (secret);
  bytes = cardea_secret_peek (secret, &length);
  g_assert_cmpmem (bytes, length, expected, strlen (expected));
}

static void
test_contents (Fixture *f, gconstpointer data)
{
  g_autofree char *long_pin = g_strnfill (300, '7');
  const struct
  {
    const char *bytes;
    gsize length;
    const char *expected; /* NULL: refused */
  } cases[] = {
    { "", 0, NULL },         { "\n", 1, NULL },           { "12\0 34", 6, NULL },
    { long_pin, 256, NULL }, { long_pin, 300, NULL },     { "1234", 4, "1234" },
    { "1234\n", 5, "1234" }, { "1234\n\n", 6, "1234\n" }, { " 12 34", 6, " 12 34" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (CardeaPinSource) source = make_file_source (f->file);
    g_autoptr (CardeaSecret) secret = NULL;
    g_autoptr (GError) error = NULL;

    write_pin (f, cases[i].bytes, cases[i].length, 0600);
    secret = open_and_read (source, NULL, &error);
    if (cases[i].expected != NULL)
      assert_pin (secret, cases[i].expected);
    else
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  }
}

static void
test_longest (Fixture *f, gconstpointer data)
{
  g_autofree char *pin = g_strnfill (255, '7');
  g_autoptr (CardeaPinSource) source = make_file_source (f->file);
  g_autoptr (CardeaSecret) secret = NULL;

  write_pin (f, pin, 255, 0600);
  secret = open_and_read (source, NULL, NULL);
  assert_pin (secret, pin);
}

static void
test_identity (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinSource) source = make_file_source (f->file);
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000, .tv_nsec = 7 } };
  CardeaPinIdentity first = { 0 }, second = { 0 };
  g_autoptr (CardeaSecret) a = NULL, b = NULL;

  write_pin (f, "1234", 4, 0600);
  a = open_and_read (source, &first, NULL);
  g_assert_cmpint (utimensat (AT_FDCWD, f->file, times, 0), ==, 0);
  b = open_and_read (source, &second, NULL);
  g_assert_cmpuint (first.inode, ==, second.inode);
  g_assert_cmpint (second.size, ==, 4);
  g_assert_cmpint (second.mtime_ns, ==, G_GINT64_CONSTANT (1000000000007));
  g_assert_cmpint (first.mtime_ns, !=, second.mtime_ns);
}

/* A pipe as a parent would hand it on: open across exec. */
static int
make_inherited (const char *pin)
{
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (write (ends[1], pin, strlen (pin)), ==, (gssize)strlen (pin));
  close (ends[1]);
  return ends[0];
}

static void
test_descriptor (Fixture *f, gconstpointer data)
{
  int fd = make_inherited ("1234\n");
  g_autoptr (CardeaPinSource) source = make_descriptor_source (fd);
  g_autoptr (CardeaSecret) first = NULL, again = NULL;
  CardeaPinIdentity identity = { 0 }, same = { 0 };

  g_assert_cmpint (fcntl (fd, F_GETFD), ==, FD_CLOEXEC); /* no child of ours gets it */
  first = open_and_read (source, &identity, NULL);
  assert_pin (first, "1234");
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  again = open_and_read (source, &same, NULL);
  assert_pin (again, "1234");
  g_assert_cmpmem (&identity, sizeof identity, &same, sizeof same);
  cardea_pin_source_refuse (source);
  assert_not_opened (source, G_IO_ERROR_CLOSED);
}

/* Numbers that mean something else here are not read and not closed. */
static void
test_descriptor_not_inherited (Fixture *f, gconstpointer data)
{
  int ours = open ("/dev/null", O_RDONLY | O_CLOEXEC), device = open ("/dev/zero", O_RDONLY);
  g_autoptr (CardeaPinSource) own = make_descriptor_source (ours);
  g_autoptr (CardeaPinSource) endless = make_descriptor_source (device);
  g_autoptr (CardeaPinSource) closed = make_descriptor_source (999);

  assert_not_opened (own, G_IO_ERROR_CLOSED);
  assert_not_opened (endless, G_IO_ERROR_CLOSED);
  assert_not_opened (closed, G_IO_ERROR_CLOSED);
  g_assert_cmpint (close (ours), ==, 0);
  g_assert_cmpint (close (device), ==, 0);
}

static void
test_descriptor_empty (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinSource) source = make_descriptor_source (make_inherited (""));
  g_autoptr (GError) error = NULL;

  g_assert_null (open_and_read (source, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  assert_not_opened (source, G_IO_ERROR_CLOSED);
}

static CardeaPinSource *
make_credential_source (void)
{
  CardeaPinSourceConfig config = {
    .name = (char *)"a", .token = (char *)"pkcs11:token=T", .credential = (char *)"pin", .descriptor = -1
  };

  return cardea_pin_source_new (&config);
}

static void
test_credential (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinSource) without = NULL;
  g_autoptr (CardeaPinSource) source = NULL;
  g_autoptr (CardeaSecret) secret = NULL;

  g_unsetenv ("CREDENTIALS_DIRECTORY");
  without = make_credential_source ();
  assert_not_opened (without, G_IO_ERROR_NOT_FOUND);
  g_setenv ("CREDENTIALS_DIRECTORY", f->folder, TRUE);
  source = make_credential_source ();
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  assert_not_opened (source, G_IO_ERROR_NOT_FOUND);
  write_pin (f, "4321", 4, 0404);
  assert_not_opened (source, G_IO_ERROR_PERMISSION_DENIED);
  write_pin (f, "4321", 4, 0400);
  secret = open_and_read (source, NULL, NULL);
  assert_pin (secret, "4321");
}

#define ADD(path, test) g_test_add ("/sources/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("modes", test_modes);
  ADD ("other-owner", test_other_owner);
  ADD ("no-file", test_no_file);
  ADD ("contents", test_contents);
  ADD ("longest", test_longest);
  ADD ("identity", test_identity);
  ADD ("descriptor", test_descriptor);
  ADD ("descriptor-not-inherited", test_descriptor_not_inherited);
  ADD ("descriptor-empty", test_descriptor_empty);
  ADD ("credential", test_credential);
  return g_test_run ();
}
