/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A folder of the user's alone, where the agent keeps what it must find again after a crash: what these
 * functions report as done is on the disk, content and name. @what names the content in messages, with a
 * capital and in the plural ("Decisions"). They block on the disk. Errors: G_IO_ERROR codes with a whole
 * sentence. */

/* Makes it, mode 0700, where there is none. */
gboolean cardea_private_folder_make (const char *path, const char *what, GError **error);
/* A descriptor of the folder; -1 where it is missing, a link, somebody else's, or open to others. */
int cardea_private_folder_open (const char *path, const char *what, GError **error);

/* A new file, mode 0600, with @length bytes of @data: never one that is there already (G_IO_ERROR_EXISTS),
 * and none is left when writing fails. Its name is on the disk only after fsync() of @folder_fd. */
gboolean cardea_private_folder_create (int folder_fd, const char *name, const char *data, gsize length,
                                       const char *what, GError **error);

/* Fills @error from errno: "@sentence @path: ...". Returns FALSE. */
gboolean cardea_private_folder_fail (GError **error, const char *sentence, const char *path);

G_END_DECLS
