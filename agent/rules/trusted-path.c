/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file that a rule names, wherever it lies.
 *
 * Who can change a folder above it can put another file in its place, so each is looked at, from the root
 * down, by the descriptor that the next one is opened from. A folder with the sticky bit that is root's, as
 * /tmp, lets nobody rename what belongs to another. */

#include "agent/rules/trusted-path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
find_fault (int fd, uid_t owner, gboolean may_be_sticky)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return g_strerror (errno);
  if (status.st_uid != 0 && status.st_uid != owner)
    return "it does not belong to root";
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !(may_be_sticky && (status.st_mode & S_ISVTX) != 0))
    return "it may be written by others than its owner";
  return NULL;
}

const char *
cardea_trusted_path_find_fault (int fd, uid_t owner)
{
  return find_fault (fd, owner, FALSE);
}

static int
refuse (int fd, const char *path, const char *why, GError **error)
{
  g_autofree char *display = g_filename_display_name (path);

  if (fd >= 0)
    close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "%s: %s.", display, why);
  return -1;
}

/* Takes @parent; @so_far names what is opened. */
static int
step_into (int parent, const char *name, const char *so_far, int flags, GError **error)
{
  int fd = openat (parent, name, flags | O_CLOEXEC | O_NOFOLLOW);
  int saved = errno;

  close (parent);
  if (fd >= 0)
    return fd;
  if (saved == ENOTDIR)
    return refuse (-1, so_far, "it is a link, or no folder", error);
  return refuse (-1, so_far, saved == ELOOP ? "it is a link" : g_strerror (saved), error);
}

/* Takes @fd. */
static int
check_folder (int fd, const char *so_far, uid_t owner, GError **error)
{
  const char *fault = find_fault (fd, owner, TRUE);

  return fault == NULL ? fd : refuse (fd, so_far, fault, error);
}

/* Takes @fd. */
static int
check_file (int fd, const char *path, uid_t owner, GError **error)
{
  const char *fault = find_fault (fd, owner, FALSE);
  struct stat status;

  if (fault == NULL && (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode)))
    fault = "it is not a regular file";
  return fault == NULL ? fd : refuse (fd, path, fault, error);
}

/* Takes @root. */
static int
walk (int root, const char *path, uid_t owner, GError **error)
{
  int fd = check_folder (root, "/", owner, error);

  for (const char *begin = path + 1, *end = strchr (begin, '/'); fd >= 0 && end != NULL;
       begin = end + 1, end = strchr (begin, '/')) {
    g_autofree char *name = g_strndup (begin, (gsize)(end - begin));
    g_autofree char *so_far = g_strndup (path, (gsize)(end - path));

    fd = step_into (fd, name, so_far, O_PATH | O_DIRECTORY, error);
    if (fd >= 0)
      fd = check_folder (fd, so_far, owner, error);
  }
  /* Without O_NONBLOCK a FIFO of that name would hold the agent up. */
  if (fd >= 0)
    fd = step_into (fd, strrchr (path, '/') + 1, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, error);
  return fd >= 0 ? check_file (fd, path, owner, error) : -1;
}

int
cardea_trusted_path_open (const char *path, uid_t owner, GError **error)
{
  g_autofree char *canonical = g_canonicalize_filename (path, "/");
  int root;

  if (!g_str_equal (canonical, path))
    return refuse (-1, path, "the path is not written in full, or has parts such as \"..\"", error);
  root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return root >= 0 ? walk (root, path, owner, error) : refuse (-1, "/", g_strerror (errno), error);
}
