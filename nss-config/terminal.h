/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Asks for a password on @tty (a terminal open for reading and writing) without echo, and puts the terminal
 * back as it was, also when a signal ends the wait. Waits CARDEA_LIMIT_QUESTION_MS at most. Errors:
 * G_IO_ERROR_CANCELLED (Ctrl-C, Ctrl-D, a signal), G_IO_ERROR_TIMED_OUT, G_IO_ERROR_INVALID_DATA (empty or
 * too long), others of G_IO_ERROR. */
CardeaSecret *cardea_terminal_ask_password (int tty, const char *question, GError **error);

G_END_DECLS
