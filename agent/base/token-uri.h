/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* PKCS#11 URIs (RFC 7512) that name a token. */

/* FALSE with @problem set (a sentence part) unless the text is a URI that names a token, by at least one
 * attribute of it, and nothing else: no object, no module, no PIN. */
gboolean cardea_token_uri_check (const char *uri, char **problem);
/* Whether the token of @token_uri has every attribute of @pattern. FALSE also when either is no URI. */
gboolean cardea_token_uri_matches (const char *pattern, const char *token_uri);
