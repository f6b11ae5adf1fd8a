/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Foreign text as one line that a log may hold and a person may see: valid UTF-8, and U+FFFD for whatever is
 * not printed, be it a line break, an escape sequence or a bidirectional control. @length -1: up to the NUL.
 */
char *cardea_printable (const char *text, gssize length);

G_END_DECLS
