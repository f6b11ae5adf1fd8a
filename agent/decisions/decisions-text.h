/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/decisions/remembered.h"

G_BEGIN_DECLS

/* Permanent decisions as the text of a file: no I/O. */

/* @list of CardeaRemembered; however long it is. */
GBytes *cardea_decisions_text_make (GPtrArray *list);
/* What one of them adds to a text that has others. */
gsize cardea_decisions_text_measure (const CardeaRemembered *remembered);
/* All of it or nothing: a new list in the order of the text. Errors: G_IO_ERROR_INVALID_DATA for a damaged
 * one, G_IO_ERROR_NOT_SUPPORTED for one of a newer version. */
GPtrArray *cardea_decisions_text_parse (GBytes *text, GError **error);

G_END_DECLS
