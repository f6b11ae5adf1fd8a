/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Configuration files of modules may come from the user's home, where any program writes: each is read as a
 * bounded text, or not at all. */

#include "agent/hosts/module-lines.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
set_system_error (GError **error, const char *path, int code)
{
  g_autofree char *display = g_filename_display_name (path);

  g_set_error (error, G_FILE_ERROR, (gint)g_file_error_from_errno (code), "%s: %s", display,
               g_strerror (code));
}

static char *
refuse (GError **error, const char *path, const char *why)
{
  g_autofree char *display = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s %s", display, why);
  return NULL;
}

/* Until the end or until @size bytes came; -1 with errno. */
static gssize
read_fully (int fd, char *buffer, gsize size)
{
  gsize length = 0;

  while (length < size) {
    gssize n = read (fd, buffer + length, size - length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    length += (gsize)n;
  }
  return (gssize)length;
}

static char *
read_descriptor (const char *path, int fd, GError **error)
{
  g_autofree char *text = g_malloc (CARDEA_LIMIT_MODULE_FILE_BYTES + 1);
  struct stat status;
  gssize length;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    return refuse (error, path, "is not an ordinary file");
  length = read_fully (fd, text, CARDEA_LIMIT_MODULE_FILE_BYTES + 1);
  if (length < 0) {
    set_system_error (error, path, errno);
    return NULL;
  }
  if (length > CARDEA_LIMIT_MODULE_FILE_BYTES)
    return refuse (error, path, "is larger than 64 KiB");
  if (!g_utf8_validate_len (text, (gsize)length, NULL))
    return refuse (error, path, "is not UTF-8 text");
  text[length] = '\0';
  return g_steal_pointer (&text);
}

char *
cardea_module_lines_read (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  char *text;

  if (fd < 0) {
    set_system_error (error, path, errno);
    return NULL;
  }
  text = read_descriptor (path, fd, error);
  close (fd);
  return text;
}

static gboolean
is_name (const char *name)
{
  if (*name == '\0')
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && strchr ("._-", *name) == NULL)
      return FALSE;
  return TRUE;
}

CardeaModuleLine
cardea_module_line_parse (char *line, char separator, char **name, char **value)
{
  char *end;

  g_strstrip (line);
  if (*line == '\0')
    return CARDEA_MODULE_LINE_BLANK;
  if (*line == '#')
    return CARDEA_MODULE_LINE_COMMENT;
  end = strchr (line, separator);
  if (end == NULL)
    return CARDEA_MODULE_LINE_MALFORMED;
  *end = '\0';
  *name = g_strchomp (line);
  *value = g_strchug (end + 1);
  return is_name (*name) ? CARDEA_MODULE_LINE_SETTING : CARDEA_MODULE_LINE_MALFORMED;
}
