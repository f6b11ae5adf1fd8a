/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads "HOST" "PORT", "HOST:PORT" or "[IPV6]:PORT" from @n arguments (1 or 2). The host is passed on as it
 * stands, but for brackets around an address; whether it is a good one is the agent's to say. Outputs are
 * written on success only. Errors: G_IO_ERROR_INVALID_ARGUMENT. */
gboolean cardea_target_parse (char **arguments, int n, char **host, guint16 *port, GError **error);

G_END_DECLS
