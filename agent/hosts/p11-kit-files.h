/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/hosts/module-entry.h"

G_BEGIN_DECLS

/* p11-kit's configuration (pkcs11.conf(5)), as far as it says which modules there are. */
typedef struct
{
  const char *package_modules; /* where distributions put *.module files */
  const char *system_config;   /* pkcs11.conf */
  const char *system_modules;
  const char *user_config;
  const char *user_modules;
} CardeaP11KitPlaces;

/* The folders to read in ascending precedence, as user-config: none, merge (the default) or only says. */
GStrv cardea_p11_kit_get_folders (const CardeaP11KitPlaces *places, GPtrArray *problems);

/* Reads the *.module files; one of equal name in a later folder overrides it setting by setting. Returns
 * CardeaModuleEntry elements in the order of their names: those enabled for @program. @problems receives a
 * CardeaReason for each file that cannot be used. */
GPtrArray *cardea_p11_kit_read (const char *const *folders, const char *program, GPtrArray *problems);

G_END_DECLS
