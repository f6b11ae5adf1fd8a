/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <termios.h>

G_BEGIN_DECLS

/* How a terminal is set while a question is on it, and how it is put back. What is not our doing is left
 * alone: a shell that has taken the terminal over has a mode of its own by then. All async-signal-safe. */

/* Remembers @fd's mode in @before, then sets it: no echo, keys one by one, reading never waits. FALSE with
 * errno. */
gboolean cardea_terminal_mode_begin (int fd, struct termios *before);
/* Whether the mode is still what that made of @before. */
gboolean cardea_terminal_mode_is_ours (int fd, const struct termios *before);
/* Only if it is. */
void cardea_terminal_mode_end (int fd, const struct termios *before);

G_END_DECLS
