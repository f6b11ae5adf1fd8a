/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* Any error as an error of the contract: its name, and all the parameters which that name promises. New
 * reference. */
json_t *cardea_failure_to_json (const GError *error, const char **name);

G_END_DECLS
