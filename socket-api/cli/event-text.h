/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* One event of Watch as one line without its end, safe for a terminal; anything may be missing in it. NULL
 * for an event of a kind that is not known. */
char *cardea_event_to_text (json_t *event);

G_END_DECLS
