/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* What happened and what to do next, in lines for standard error; the first begins with "cardea: ". */
char *cardea_explain_error (const GError *error);

/* How a stream ended (`End`): NULL for a clean end, else the same as above. */
char *cardea_explain_end (json_t *end);

/* `[]Offer`: those that fit, each with the option that chooses it, then the others with why they do not. */
void cardea_explain_append_offers (GString *text, json_t *offers);

G_END_DECLS
