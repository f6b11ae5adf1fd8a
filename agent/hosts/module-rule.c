/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may write a module. A module's code runs with the user's rights and sees PINs, so a path that another
 * program of the user can replace would hand both to that program. What is checked is the real path, and the
 * very same path is what is loaded: between the two only root could change anything. Links are resolved once,
 * since a second look might lead elsewhere. */

#include "agent/hosts/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static gboolean
refuse (const char *path, const char *why, GError **error)
{
  g_autofree char *display = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "%s %s", display, why);
  return FALSE;
}

static gboolean
component_is_safe (const char *path, gboolean is_last, GError **error)
{
  struct stat status;

  if (lstat (path, &status) != 0)
    return refuse (path, g_strerror (errno), error);
  if (is_last && !S_ISREG (status.st_mode))
    return refuse (path, "is not an ordinary file", error);
  if (!is_last && !S_ISDIR (status.st_mode))
    return refuse (path, "is not a folder", error);
  if (status.st_uid != 0)
    return refuse (path, "does not belong to root", error);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse (path, "may be written by others than root", error);
  return TRUE;
}

char *
cardea_module_path_resolve (const char *path, GError **error)
{
  g_autofree char *display = g_filename_display_name (path);
  g_autofree char *real = NULL;

  if (!g_path_is_absolute (path)) {
    refuse (path, "is not an absolute path", error);
    return NULL;
  }
  real = realpath (path, NULL);
  if (real == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s: %s", display, g_strerror (errno));
    return NULL;
  }
  for (char *slash = real; slash != NULL; slash = strchr (slash + 1, '/')) {
    g_autofree char *folder = g_strndup (real, slash == real ? 1 : (gsize)(slash - real));

    if (!component_is_safe (folder, FALSE, error))
      return NULL;
  }
  return component_is_safe (real, TRUE, error) ? g_steal_pointer (&real) : NULL;
}

gboolean
cardea_module_path_is_safe (const char *path, GError **error)
{
  g_autofree char *real = cardea_module_path_resolve (path, error);

  return real != NULL;
}
