/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Takes away from this process what a module does not need, before any of its code runs: to be called first
 * in main(), while there is one thread. @socket is our parent's and stays open. Errors:
 * G_IO_ERROR_PERMISSION_DENIED, G_IO_ERROR_FAILED; the process must end then. */
gboolean cardea_confine_process (int socket, GError **error);

G_END_DECLS
