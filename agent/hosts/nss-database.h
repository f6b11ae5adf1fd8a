/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/hosts/host.h"
#include "agent/hosts/module-entry.h"

G_BEGIN_DECLS

/* The user's NSS database: the modules its pkcs11.txt names, and the keys and authorities in it. */

/* CardeaModuleEntry elements; none where there is no such file. */
GPtrArray *cardea_nss_database_read_modules (const char *folder, GPtrArray *problems);

/* The database through softoken, read-only; NULL where there is none, or @roles is empty. */
CardeaHostSpec *cardea_nss_database_get_spec (const char *folder, CardeaHostRoles roles, GPtrArray *problems);
/* The folder of a database that is hosted so; NULL for another host. The caller frees. */
char *cardea_nss_database_get_folder (const CardeaHostSpec *spec);

G_END_DECLS
