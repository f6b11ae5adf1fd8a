/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The environment of token hosts: an allow-list, for a vendor's module has no business with our session's
 * secrets, and our session has none with the module's debugging switches. */
#include "agent/environment.h"

static const char *const common[] = {
  "HOME",
  "LANG",
  "LANGUAGE",
  "LC_ALL",
  "LC_CTYPE",
  "LC_MESSAGES",
  "LOGNAME",
  "PATH",
  "PCSCLITE_CSOCK_NAME",
  "TMPDIR",
  "TZ",
  "USER",
  "XDG_RUNTIME_DIR",
};

static void
add (GPtrArray *environment, const char *name)
{
  const char *value = g_getenv (name);

  if (value)
    g_ptr_array_add (environment, g_strdup_printf ("%s=%s", name, value));
}

char **
cardea_environment_for_hosts (const char *const *more_names)
{
  GPtrArray *environment = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    add (environment, common[i]);

  for (guint i = 0; more_names && more_names[i]; i++) {
    gboolean seen = FALSE;

    for (guint j = 0; j < G_N_ELEMENTS (common); j++)
      seen = seen || g_str_equal (common[j], more_names[i]);
    if (!seen)
      add (environment, more_names[i]);
  }

  g_ptr_array_add (environment, NULL);
  return (char **)g_ptr_array_free (environment, FALSE);
}
