/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the module at this path is OpenSC's. */
gboolean cardea_opensc_is_module (const char *path);

/* Takes @environment ("NAME=value" each) and returns that of a host of OpenSC's: OPENSC_CONF names a file
 * that is written to @folder (made if it is missing), from the one it named before, else the system's. What
 * could not be read or understood is left out, and becomes one of @problems. NULL when the file cannot be
 * written, which is a problem as well: without it PINs would be kept. */
char **cardea_opensc_take_environment (char **environment, const char *folder, GPtrArray *problems);

G_END_DECLS
