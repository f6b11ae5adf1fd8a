/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Before the module is loaded: what OpenSC will find is @reader, and no other. Errors: G_IO_ERROR. */
gboolean cardea_one_reader_prepare (const char *reader, GError **error);

/* How many tries the card in it said last that are left for its PIN, or @puk; -1: it did not. */
int cardea_one_reader_get_tries (gboolean puk);

G_END_DECLS
