/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Why what is open may have been written by others than root and @owner: part of a sentence, static or
 * g_strerror()'s; NULL when it may not. */
const char *cardea_trusted_path_find_fault (int fd, uid_t owner);

/* Opens a regular file for reading by its absolute path, if neither it nor any folder above it is a link or
 * can be changed by others than root and @owner, which is 0 but for tests. -1 with a sentence that begins
 * with the path. Blocks for the disk. Errors: G_IO_ERROR. */
int cardea_trusted_path_open (const char *path, uid_t owner, GError **error);

G_END_DECLS
