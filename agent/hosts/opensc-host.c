/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where OpenSC's configuration comes from, and where its hosts find it. */

#include "agent/hosts/opensc-host.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "agent/base/reason.h"
#include "agent/hosts/opensc-conf.h"

#define VARIABLE "OPENSC_CONF"
#define SYSTEM_FILE "/etc/opensc/opensc.conf"
#define OUR_FILE "opensc.conf"

gboolean
cardea_opensc_is_module (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);

  return g_str_equal (name, "opensc-pkcs11.so") || g_str_equal (name, "onepin-opensc-pkcs11.so");
}

static void
add_problem (GPtrArray *problems, const char *path, const char *what)
{
  g_ptr_array_add (problems,
                   cardea_reason_new (CARDEA_REASON_MODULE_CONFIGURATION,
                                      "Correct it and reload; until then OpenSC runs with its defaults.",
                                      "%s is not used: %s.", path, what));
}

/* At most one byte more than allowed: which says that it is too much. */
static GBytes *
read_some (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autofree char *text = g_malloc (CARDEA_OPENSC_CONF_MOST + 1);
  gsize length = 0;

  if (stream == NULL || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, CARDEA_OPENSC_CONF_MOST + 1,
                                                  &length, NULL, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&text), length);
}

/* Never NULL. */
static char *
make_text (const char *original, GPtrArray *problems)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_some (original, &error);
  gsize length = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  char *made = text != NULL ? cardea_opensc_conf_make (text, length) : NULL;

  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    add_problem (problems, original, error->message);
  else if (error == NULL && made == NULL)
    add_problem (problems, original, "it is not written as OpenSC reads it");
  return made != NULL ? made : cardea_opensc_conf_make ("", 0);
}

static gboolean
write_text (const char *folder, const char *path, const char *text, GPtrArray *problems)
{
  g_autoptr (GError) error = NULL;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    g_set_error_literal (&error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  else if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    return TRUE;
  g_ptr_array_add (problems,
                   cardea_reason_new (CARDEA_REASON_MODULE_CONFIGURATION,
                                      "Make room for it and reload; until then OpenSC's tokens are left out.",
                                      "%s cannot be written: %s.", path, error->message));
  return FALSE;
}

char **
cardea_opensc_take_environment (char **environment, const char *folder, GPtrArray *problems)
{
  const char *named = g_environ_getenv (environment, VARIABLE);
  g_autofree char *text = make_text (named != NULL && *named != '\0' ? named : SYSTEM_FILE, problems);
  g_autofree char *path = g_build_filename (folder, OUR_FILE, NULL);

  if (write_text (folder, path, text, problems))
    return g_environ_setenv (environment, VARIABLE, path, TRUE);
  g_strfreev (environment);
  return NULL;
}
