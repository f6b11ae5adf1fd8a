/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The rules of one file's text, in its order (CardeaRule; the array owns them): all of them or, with one
 * mistake anywhere, none. @path is for messages. Errors: CARDEA_ERROR_CONFIGURATION with "FILE:LINE: what is
 * wrong". */
GPtrArray *cardea_rule_file_parse (const char *path, const char *text, GError **error);

G_END_DECLS
