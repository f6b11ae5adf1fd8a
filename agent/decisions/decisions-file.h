/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* decisions.json on the disk, as bytes. Reference-counted; any thread. Read, write and set aside block for
 * the disk. Errors: G_IO_ERROR codes with whole sentences. */
typedef struct _CardeaDecisionsFile CardeaDecisionsFile;

/* @folder need not exist before the first write. */
CardeaDecisionsFile *cardea_decisions_file_new (const char *folder);
CardeaDecisionsFile *cardea_decisions_file_ref (CardeaDecisionsFile *self);
void cardea_decisions_file_unref (CardeaDecisionsFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaDecisionsFile, cardea_decisions_file_unref)

/* NULL without an error: there is none. G_IO_ERROR_INVALID_DATA: it is not a file of this user's alone, no
 * file at all, or too long; any other error: it could not be read, or its folder is not to be trusted. */
GBytes *cardea_decisions_file_read (CardeaDecisionsFile *self, GError **error);

/* Gives the file another name in its folder, which is returned. No earlier one is overwritten, and of
 * CARDEA_LIMIT_DECISIONS_ASIDE at most (G_IO_ERROR_EXISTS). */
char *cardea_decisions_file_set_aside (CardeaDecisionsFile *self, GError **error);

/* On the disk, name and content, when it returns TRUE; otherwise the old one is there still. Of two texts the
 * one with the greater @serial stays, in whatever order they come. A file that is not the one that was read
 * or written last is another program's, and stays too (G_IO_ERROR_WRONG_ETAG). */
gboolean cardea_decisions_file_write (CardeaDecisionsFile *self, GBytes *text, guint64 serial,
                                      GError **error);

G_END_DECLS
