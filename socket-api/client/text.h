/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* @text for a terminal: what would steer one, hide or turn text around becomes \u{HEX}. NULL gives "". */
char *cardea_text_safe (const char *text);

/* A member of a JSON object, and what stands in for one that is not there or of another type. */
const char *cardea_text_member (json_t *object, const char *key, const char *otherwise);

/* One "  key   value" line with the values aligned in column @column; no line for a value of NULL or "". */
void cardea_text_append_field (GString *text, int column, const char *key, const char *value);

/* Unix seconds as "2027-01-31 12:00" in local time, or "?". */
char *cardea_text_time (gint64 seconds);

G_END_DECLS
