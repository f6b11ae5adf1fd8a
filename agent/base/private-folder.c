/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/base/private-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
cardea_private_folder_fail (GError **error, const char *sentence, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s %s: %s.", sentence, path,
               g_strerror (code));
  return FALSE;
}

static gboolean
fail_for (GError **error, const char *what, const char *verb, const char *path)
{
  int code = errno;
  g_autofree char *sentence = g_strconcat (what, " ", verb, NULL);

  errno = code;
  return cardea_private_folder_fail (error, sentence, path);
}

/* The parent is synced also when the folder is there: who made it may have died before. */
gboolean
cardea_private_folder_make (const char *path, const char *what, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  gboolean done;
  int fd;

  if (g_mkdir_with_parents (path, 0700) < 0)
    return fail_for (error, what, "need the folder", path);
  fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail_for (error, what, "need the folder", parent);
  done = fsync (fd) == 0 ||
         cardea_private_folder_fail (error, "The folder could not be written to the disk:", parent);
  close (fd);
  return done;
}

int
cardea_private_folder_open (const char *path, const char *what, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  if (fd < 0) {
    fail_for (error, what, "cannot be kept in", path);
    return -1;
  }
  if (fstat (fd, &status) == 0 && status.st_uid == geteuid () && (status.st_mode & 0077) == 0)
    return fd;
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               "%s cannot be kept in %s: it must belong to the agent's user, with mode 0700.", what, path);
  return -1;
}

static gboolean
write_whole (int fd, const char *data, gsize length, const char *what, GError **error)
{
  gsize done = 0;

  while (done < length) {
    gssize n = TEMP_FAILURE_RETRY (write (fd, data + done, length - done));

    if (n < 0)
      return fail_for (error, what, "cannot be written", "to the disk");
    done += (gsize)n;
  }
  return fsync (fd) == 0 || fail_for (error, what, "cannot be written", "to the disk");
}

gboolean
cardea_private_folder_create (int folder_fd, const char *name, const char *data, gsize length,
                              const char *what, GError **error)
{
  int fd = openat (folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean done;

  if (fd < 0)
    return fail_for (error, what, "cannot be written to the file", name);
  done = write_whole (fd, data, length, what, error);
  close (fd);
  if (!done)
    (void)unlinkat (folder_fd, name, 0);
  return done;
}
