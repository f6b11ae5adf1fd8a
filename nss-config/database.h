/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A user's NSS database: a folder with cert9.db and key4.db. NSS is initialised with it and without the
 * modules its pkcs11.txt names, so no vendor code runs. One at a time in a process. */
typedef struct _CardeaDatabase CardeaDatabase;

/* The folder: @chosen (a prefix "sql:" is dropped) or ~/.pki/nssdb. Errors: G_IO_ERROR_NOT_SUPPORTED for
 * "dbm:" and other kinds. */
char *cardea_database_find_folder (const char *chosen, GError **error);

/* Makes an empty database without a password in @folder, which is made as well (0700). Where there is one
 * already nothing is touched and @created is FALSE. An interrupted call leaves nothing that could be taken
 * for a database. */
gboolean cardea_database_create (const char *folder, gboolean *created, GError **error);

/* Opens for writing. Never creates: G_IO_ERROR_NOT_FOUND. A file that is no database is
 * G_IO_ERROR_INVALID_DATA, and is not changed. */
CardeaDatabase *cardea_database_open (const char *folder, GError **error);
void cardea_database_close (CardeaDatabase *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaDatabase, cardea_database_close)

const char *cardea_database_get_folder (const CardeaDatabase *self);

/* Sets an error with what NSS says of its last failure. */
void cardea_database_set_nss_error (GError **error, const char *what);

G_END_DECLS
