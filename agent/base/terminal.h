/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A caller's terminal, on which it may be asked. Immutable and reference-counted; main loop only. The open
 * file is the caller's too: nothing about it is ever changed here. */
typedef struct _CardeaTerminal CardeaTerminal;

/* Takes @fd, also where it fails: a terminal that can be read and written, opened by the user's own right.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER, without "parameter". */
CardeaTerminal *cardea_terminal_new (int fd, GError **error);
CardeaTerminal *cardea_terminal_ref (CardeaTerminal *self);
void cardea_terminal_unref (CardeaTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTerminal, cardea_terminal_unref)

int cardea_terminal_get_fd (const CardeaTerminal *self); /* borrowed, CLOEXEC */
/* The same for every descriptor of one terminal, by whichever name it was opened. */
guint64 cardea_terminal_get_device (const CardeaTerminal *self);

G_END_DECLS
