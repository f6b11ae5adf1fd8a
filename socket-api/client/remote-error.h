/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The agent's error reply as an error of CARDEA_ERROR with the reply's parameters and a sentence for a
 * person. A name that is not known gives CARDEA_ERROR_SERVICE with the name in its message and as parameter
 * "error". */
GError *cardea_remote_error_new (const char *name, json_t *parameters);

G_END_DECLS
