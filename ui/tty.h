/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The terminal a question is on. */
typedef struct _CardeaTty CardeaTty;

/* @fd is borrowed; what was typed ahead is dropped. Errors: G_IO_ERROR. */
CardeaTty *cardea_tty_new (int fd, GError **error);
/* Puts the terminal back, if that was not done. */
void cardea_tty_free (CardeaTty *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTty, cardea_tty_free)

/* Puts the terminal back as it was. Async-signal-safe. */
void cardea_tty_restore (CardeaTty *self);
/* FALSE once another program has set the terminal to its needs: it is not ours to write on any more. */
gboolean cardea_tty_is_ours (CardeaTty *self);

/* @text, UTF-8, in the terminal's own character set. Of what is in it only visible characters and line ends
 * reach the terminal, whoever wrote them. Blocks while the terminal is stopped. */
void cardea_tty_write (CardeaTty *self, const char *text);
/* What was typed, at most @size bytes; 0: nothing. Never blocks. */
gsize cardea_tty_read (CardeaTty *self, guint8 *bytes, gsize size);
/* Drops what was typed. */
void cardea_tty_flush (CardeaTty *self);
/* In columns; what a terminal that does not say is taken for is 80. */
guint cardea_tty_get_width (CardeaTty *self);
int cardea_tty_get_fd (CardeaTty *self);

G_END_DECLS
