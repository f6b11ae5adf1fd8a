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

#include "agent/base/private-folder.h"

#define WHAT "Marks of PINs" /* in messages */

/* How names of marks begin. Those set aside are of a source that was refused before another was accepted. */
#define COUNTED "pin-"
#define ASIDE "old-"

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

/* Calls back for each name in the folder that begins with @prefix. */
static gboolean
for_each_mark (int folder_fd, const char *prefix,
               void (*act) (int folder_fd, const char *name, gpointer data), gpointer data, GError **error)
{
  int copy = openat (folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = copy >= 0 ? fdopendir (copy) : NULL;

  if (dir == NULL) {
    cardea_private_folder_fail (error, "Marks of PINs cannot be read in", "their folder");
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
  fd = cardea_private_folder_open (folder, WHAT, error);
  if (fd < 0)
    return FALSE;
  *marked = fstatat (fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
            (errno == ENOENT && fstatat (fd, aside, &status, AT_SYMLINK_NOFOLLOW) == 0);
  done = *marked || errno == ENOENT ||
         cardea_private_folder_fail (error, "Marks of PINs cannot be read in", folder);
  done = done && for_each_mark (fd, prefix, count_mark, n_marks, error);
  close (fd);
  return done;
}

/* Under its own name from the start, and only where there is none: of two agents that found no mark one makes
 * it, and the other must not try. Half a mark is one, too. */
static gboolean
write_mark (int folder_fd, const char *name, const char *text, GError **error)
{
  return cardea_private_folder_create (folder_fd, name, text, strlen (text), WHAT, error) &&
         (fsync (folder_fd) == 0 ||
          cardea_private_folder_fail (error, WHAT " cannot be written", "to the disk"));
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

  if (!cardea_private_folder_make (folder, WHAT, error))
    return FALSE;
  fd = cardea_private_folder_open (folder, WHAT, error);
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
  int fd = cardea_private_folder_open (folder, WHAT, error);
  gboolean done;

  if (fd < 0)
    return FALSE;
  if (unlinkat (fd, name, 0) < 0 && errno != ENOENT)
    done = cardea_private_folder_fail (error, "The mark of a PIN cannot be removed:", name);
  else
    done =
        fsync (fd) == 0 || cardea_private_folder_fail (error, "The mark of a PIN cannot be removed:", name);
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
  fd = cardea_private_folder_open (folder, WHAT, error);
  if (fd < 0)
    return FALSE;
  done = for_each_mark (fd, prefix, set_aside, &problem, error);
  if (done && (problem != 0 || fsync (fd) != 0)) {
    if (problem != 0)
      errno = problem;
    done = cardea_private_folder_fail (error, "The marks of PINs cannot be renamed in", folder);
  }
  close (fd);
  return done;
}
