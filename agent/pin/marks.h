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
/* On disk when it returns TRUE: the file and its name. @source_name is for whoever reads the file. */
gboolean cardea_mark_set (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                          const char *source_name, GError **error);
/* Gone from the disk when it returns TRUE; none there is success too. */
gboolean cardea_mark_clear (const char *folder, const char *token_uri, const CardeaPinIdentity *identity,
                            GError **error);
/* The token accepted a PIN: every mark of it is gone from the disk when it returns TRUE. */
gboolean cardea_mark_clear_all (const char *folder, const char *token_uri, GError **error);

G_END_DECLS
