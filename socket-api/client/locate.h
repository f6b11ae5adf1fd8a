/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The path of the agent's socket: @chosen if it is not NULL, else $CARDEA_SOCKET, else
 * $XDG_RUNTIME_DIR/cardea/agent. Does not look whether it is there. Errors: CARDEA_ERROR_SERVICE when nothing
 * says where, or the path is not usable. */
char *cardea_client_find_socket (const char *chosen, GError **error);

G_END_DECLS
