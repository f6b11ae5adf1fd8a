/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/hosts/host.h"

G_BEGIN_DECLS

/* Which PKCS#11 modules there are to host: p11-kit's *.module files, the pkcs11.txt of the user's NSS
 * database, the configuration and the command line; each under the rule on who may write a module. */
typedef struct
{
  /* Where p11-kit's files are, in ascending precedence; NULL: the directories p11-kit was built with, and the
   * user's. */
  const char *const *p11_kit_directories;
  const char *const *command_line; /* absolute paths named by --module, exempt from the rule; or NULL */
} CardeaModuleSources;

/* Reads everything now. Returns CardeaHostSpec elements, each module file once; @problems receives a
 * CardeaReason for each module that was refused or could not be read. Trust: p11-kit-trust.so with the
 * authorities role; the user's NSS database by softoken with both. Never fails as a whole. */
GPtrArray *cardea_modules_find (const CardeaConfig *config, const CardeaModuleSources *sources,
                                GPtrArray *problems);

/* The rule: @path and each folder above it, links resolved, are root's and writable by nobody else.
 * Errors: G_IO_ERROR_PERMISSION_DENIED naming the file or folder; G_IO_ERROR_NOT_FOUND. */
gboolean cardea_module_path_is_safe (const char *path, GError **error);
/* The same, and the real path that was judged, which alone may be loaded; NULL when it is not safe. */
char *cardea_module_path_resolve (const char *path, GError **error);

G_END_DECLS
