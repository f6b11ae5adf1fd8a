/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the program of this name does whatever its arguments, its input or a script tell it: an
 * interpreter, a shell, a tool that connects anywhere, `cardea` itself. "Always" for such a program would be
 * "always" for everything that can start it. */
gboolean cardea_program_is_general_purpose (const char *executable);

G_END_DECLS
