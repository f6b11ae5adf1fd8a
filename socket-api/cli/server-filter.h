/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* Which server's entries of a list are shown. */

/* Reads "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT". @host gets the form in which the agent names servers;
 * @port 0 where none is given: any. Outputs are written on success only. Errors: G_IO_ERROR_INVALID_ARGUMENT.
 */
gboolean cardea_server_filter_parse (const char *text, char **host, guint16 *port, GError **error);

/* A new array of the objects in @list (anything) whose server_name and port are these. */
json_t *cardea_server_filter_apply (json_t *list, const char *host, guint16 port);

G_END_DECLS
