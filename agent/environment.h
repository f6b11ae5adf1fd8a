/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a token host sees of our environment: a fixed list, and the names the configuration adds. "NAME=value"
 * each. */
char **cardea_environment_for_hosts (const char *const *more_names);

G_END_DECLS
