/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Serves the agent at the other end of @socket with the module at @path until the agent closes it, or says
 * something it never says. Returns the exit code of the process, which must end without running anything of
 * the module's. */
int cardea_service_run (int socket, const char *path, const char *init_arguments);

G_END_DECLS
