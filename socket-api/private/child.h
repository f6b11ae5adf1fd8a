/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Has the kernel kill this process when its parent ends. Fails when the parent is not who made @socket: a
 * process that nobody would end. Errors: G_IO_ERROR. */
gboolean cardea_child_die_with_parent (int socket, GError **error);

G_END_DECLS
