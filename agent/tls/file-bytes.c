/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading a file whole, no more of it than was said before. */

#include "agent/tls/file-bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s cannot be read: %s", path,
               g_strerror (saved));
  return FALSE;
}

int
cardea_file_bytes_open (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    fail_errno (error, path);
  return fd;
}

static gboolean
fill (int fd, const char *path, gsize limit, GString *text, GError **error)
{
  char buffer[16384];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_errno (error, path);
    if (text->len + (gsize)n > limit) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is larger than %" G_GSIZE_FORMAT " bytes.",
                   path, limit);
      return FALSE;
    }
    g_string_append_len (text, buffer, n);
  }
  return TRUE;
}

GString *
cardea_file_bytes_read (int fd, const char *path, gsize limit, GError **error)
{
  GString *text = g_string_new (NULL);
  struct stat info;
  gboolean whole = FALSE;

  if (fstat (fd, &info) != 0)
    fail_errno (error, path);
  else if (!S_ISREG (info.st_mode))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is not a regular file.", path);
  else
    whole = fill (fd, path, limit, text, error);
  if (whole)
    return text;
  g_string_free (text, TRUE);
  return NULL;
}
