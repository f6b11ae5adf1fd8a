/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config-file.h"

/* Values of single keys. Errors: CARDEA_ERROR_CONFIGURATION; what is written to is left as it was then. */

/* Says what is wrong with an entry. Returns FALSE. */
gboolean cardea_config_fail (const CardeaConfigEntry *entry, GError **error, const char *what);

gboolean cardea_config_parse_boolean (const CardeaConfigEntry *entry, gboolean *value, GError **error);
/* Within the limits of its key. */
gboolean cardea_config_parse_number (const CardeaConfigEntry *entry, guint *number, GError **error);
gboolean cardea_config_check_path (const CardeaConfigEntry *entry, const char *path, GError **error);
