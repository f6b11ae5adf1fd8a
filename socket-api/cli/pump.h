/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Copies @in to @stream and @stream to @out until the stream's read side has ended and all of it was written,
 * whether @in has ended or not. With @shut_down the end of @in is passed on (SHUT_WR). At the end the stream
 * is shut down but not closed.
 * @stream is a non-blocking socket; @in and @out are what the program was started with, and stay as they are.
 * SIGPIPE must be ignored. Errors: G_IO_ERROR_BROKEN_PIPE when nobody reads @out any more; others of
 * G_IO_ERROR. */
gboolean cardea_pump_run (int in, int out, int stream, gboolean shut_down, GError **error);

G_END_DECLS
