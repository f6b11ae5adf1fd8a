/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a file of the configuration holds, with a limit on how much that may be. Both block. */

/* A descriptor for reading that the caller closes, or -1; it waits for nobody, whatever kind of file it is.
 */
int cardea_file_bytes_open (const char *path, GError **error);
/* All of a regular file that is open; NULL for one of more than @limit bytes, too. @path is for messages.
 * Errors: those of GLib's files, and G_IO_ERROR. */
GString *cardea_file_bytes_read (int fd, const char *path, gsize limit, GError **error);

G_END_DECLS
