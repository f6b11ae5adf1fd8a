/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/pin/sources.h"

G_BEGIN_DECLS

/* Marks on disk: "this PIN source was sent to this token, and nothing good was heard since". Each function
 * blocks for the disk: for workers. Errors: G_IO_ERROR codes with a whole sentence. */

/* Whether there is a mark, and how many the token has in all: tries without a success since. @folder need not
 * exist. */
gboolean cardea_mark_find (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                           gboolean *marked, guint *n_marks, GError **error);
/* On disk when it returns TRUE: the file and its name. One that is there already is an error, since another
 * agent made it. @source says whose PIN it is to whoever reads the file: "[pin NAME]". */
gboolean cardea_mark_set (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                          const char *source, GError **error);
/* Gone from the disk when it returns TRUE; none there is success too. */
gboolean cardea_mark_clear (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                            GError **error);
/* The token accepted the PIN of this source: its mark is gone from the disk when it returns TRUE, and those
 * of other sources of the token count as tries no more; they still say that their source was refused. */
gboolean cardea_mark_accept (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                             GError **error);

G_END_DECLS
