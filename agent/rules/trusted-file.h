/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A file that only an administrator can have written. */
typedef struct
{
  char *folder;
  char *path; /* for messages: UTF-8 */
  char *text; /* UTF-8 without NUL */
} CardeaTrustedFile;

CardeaTrustedFile *cardea_trusted_file_new (const char *folder, const char *name, const char *text);
/* A new GPtrArray that owns CardeaTrustedFile elements. */
GPtrArray *cardea_trusted_files_new (void);

/* Adds to @files those of @folder whose names end with @suffix, in the order of their names; hidden ones are
 * skipped, a folder that does not exist has none. A file counts if it is regular, no link, root's or
 * @owner's, and writable by nobody else, and so must the folder be. @owner is 0 but for tests. FALSE when
 * something was left out or could have been changed by others, with CardeaReason elements that say so in
 * @problems. Blocks for the disk. */
gboolean cardea_trusted_files_read (const char *folder, const char *suffix, uid_t owner, GPtrArray *files,
                                    GPtrArray *problems);

G_END_DECLS
