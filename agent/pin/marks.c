/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Marks: what keeps a wrong PIN from locking a card by restarts.
 *
 * Whether a try was lost is known only after the token answered, and an agent may die, or the machine lose
 * power, in between. Started again it would send the same PIN, and again, until the card is locked. So before
 * each try a mark must be on the disk, name and content; only the token's yes takes it away. What cannot be
 * marked is not tried.
 *
 * A mark's name is a hash of the token and of what tells one version of the source from the next (inode, time
 * of change, size). Its presence is the message; the content is for people. Nothing in either depends on the
 * PIN. */

#include "agent/pin/marks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How names of marks begin. Those set aside are of a source that was refused before another was accepted. */
#define COUNTED "pin-"
#define ASIDE "old-"

static gboolean
fail (GError **error, const char *what, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s %s: %s.", what, path,
               g_strerror (code));
  return FALSE;
}

/* One line each, in the order of the hash. */
static char *
describe (const char *token_uri, const CardeaPinIdentity *identity)
{
  return g_strdup_printf ("token %s\ninode %" G_GUINT64_FORMAT "\nmtime %" G_GINT64_FORMAT
                          "\nsize %" G_GINT64_FORMAT "\n",
                          token_uri, identity->inode, identity->mtime_ns, identity->size);
}

/* What the names of all marks of a token begin with. */
static char *
make_prefix (const char *token_uri)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, token_uri, -1);

  return g_strdup_printf (COUNTED "%.32s-", hash);
}

static char *
make_name (const char *token_uri, const CardeaPinIdentity *identity)
{
  g_autofree char *text = describe (token_uri, identity);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree char *prefix = make_prefix (token_uri);

  return g_strconcat (prefix, hash, NULL);
}

/* The folder, ours alone, or -1. */
static int
open_folder (const char *folder, GError **error)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  if (fd < 0) {
    fail (error, "Marks of PINs cannot be kept in", folder);
    return -1;
  }
  if (fstat (fd, &status) == 0 && status.st_uid == geteuid () && (status.st_mode & 0077) == 0)
    return fd;
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               "Marks of PINs cannot be kept in %s: it must belong to the agent's user, with mode 0700.",
               folder);
  return -1;
}

/* Makes the folder, and its own name durable, since a mark in it is only as durable as that. */
static gboolean
make_folder (const char *folder, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (folder);
  int fd;
  gboolean done;

  if (g_mkdir_with_parents (folder, 0700) < 0)
    return fail (error, "Marks of PINs need the folder", folder);
  fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail (error, "Marks of PINs need the folder", parent);
  done = fsync (fd) == 0 || fail (error, "The folder could not be written to the disk:", parent);
  close (fd);
  return done;
}

/* Calls back for each name in the folder that begins with @prefix. */
static gboolean
for_each_mark (int folder_fd, const char *prefix,
               void (*act) (int folder_fd, const char *name, gpointer data), gpointer data, GError **error)
{
  int copy = openat (folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = copy >= 0 ? fdopendir (copy) : NULL;

  if (dir == NULL) {
    fail (error, "Marks of PINs cannot be read in", "their folder");
    if (copy >= 0)
      close (copy);
    return FALSE;
  }
  for (const struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    if (g_str_has_prefix (entry->d_name, prefix))
      act (folder_fd, entry->d_name, data);
  closedir (dir);
  return TRUE;
}

static void
count_mark (int folder_fd, const char *name, gpointer data)
{
  *(guint *)data += 1;
}

gboolean
cardea_mark_find (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                  gboolean *marked, guint *n_marks, GError **error)
{
  g_autofree char *name = make_name (token_uri, identity);
  g_autofree char *aside = g_strconcat (ASIDE, name + strlen (COUNTED), NULL);
  g_autofree char *prefix = make_prefix (token_uri);
  struct stat status;
  gboolean done;
  int fd;

  *marked = FALSE;
  *n_marks = 0;
  if (access (folder, F_OK) < 0 && errno == ENOENT)
    return TRUE;
  fd = open_folder (folder, error);
  if (fd < 0)
    return FALSE;
  *marked = fstatat (fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
            (errno == ENOENT && fstatat (fd, aside, &status, AT_SYMLINK_NOFOLLOW) == 0);
  done = *marked || errno == ENOENT || fail (error, "Marks of PINs cannot be read in", folder);
  done = done && for_each_mark (fd, prefix, count_mark, n_marks, error);
  close (fd);
  return done;
}

static gboolean
write_whole (int fd, const char *text, GError **error)
{
  gsize length = strlen (text), done = 0;

  while (done < length) {
    gssize n = TEMP_FAILURE_RETRY (write (fd, text + done, length - done));

    if (n < 0)
      return fail (error, "The mark of a PIN cannot be written", "to the disk");
    done += (gsize)n;
  }
  return fsync (fd) == 0 || fail (error, "The mark of a PIN cannot be written", "to the disk");
}

/* Under its own name from the start, and only where there is none: of two agents that found no mark one makes
 * it, and the other must not try. Half a mark is one, too. */
static gboolean
write_mark (int folder_fd, const char *name, const char *text, GError **error)
{
  int fd = openat (folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean done;

  if (fd < 0)
    return fail (error, "The mark of a PIN cannot be made:", name);
  done = write_whole (fd, text, error);
  close (fd);
  if (!done)
    (void)unlinkat (folder_fd, name, 0);
  return done &&
         (fsync (folder_fd) == 0 || fail (error, "The mark of a PIN cannot be written", "to the disk"));
}

gboolean
cardea_mark_set (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                 const char *source, GError **error)
{
  g_autofree char *name = make_name (token_uri, identity);
  g_autofree char *body = describe (token_uri, identity);
  g_autofree char *text =
      g_strdup_printf ("# The PIN source %s is not used again until it changes.\n%s", source, body);
  gboolean done;
  int fd;

  if (!make_folder (folder, error))
    return FALSE;
  fd = open_folder (folder, error);
  if (fd < 0)
    return FALSE;
  done = write_mark (fd, name, text, error);
  close (fd);
  return done;
}

gboolean
cardea_mark_clear (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                   GError **error)
{
  g_autofree char *name = make_name (token_uri, identity);
  int fd = open_folder (folder, error);
  gboolean done;

  if (fd < 0)
    return FALSE;
  if (unlinkat (fd, name, 0) < 0 && errno != ENOENT)
    done = fail (error, "The mark of a PIN cannot be removed:", name);
  else
    done = fsync (fd) == 0 || fail (error, "The mark of a PIN cannot be removed:", name);
  close (fd);
  return done;
}

/* Another source's mark stays, since its PIN is as wrong as before, but is no try without a success any more.
 */
static void
set_aside (int folder_fd, const char *name, gpointer data)
{
  g_autofree char *aside = g_strconcat (ASIDE, name + strlen (COUNTED), NULL);

  if (renameat (folder_fd, name, folder_fd, aside) < 0 && errno != ENOENT)
    *(int *)data = errno;
}

gboolean
cardea_mark_accept (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                    GError **error)
{
  g_autofree char *prefix = make_prefix (token_uri);
  int fd, problem = 0;
  gboolean done;

  if (!cardea_mark_clear (folder, token_uri, identity, error))
    return FALSE;
  fd = open_folder (folder, error);
  if (fd < 0)
    return FALSE;
  done = for_each_mark (fd, prefix, set_aside, &problem, error);
  if (done && (problem != 0 || fsync (fd) != 0)) {
    if (problem != 0)
      errno = problem;
    done = fail (error, "The marks of PINs cannot be renamed in", folder);
  }
  close (fd);
  return done;
}
