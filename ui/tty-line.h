/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* One line that is typed on a terminal, in locked memory, since it may be a PIN. */
typedef struct _CardeaTtyLine CardeaTtyLine;

typedef enum
{
  CARDEA_TTY_NOTHING, /* the key means nothing here */
  CARDEA_TTY_ADDED,
  CARDEA_TTY_ERASED,     /* one character */
  CARDEA_TTY_ERASED_ALL, /* the whole line */
  CARDEA_TTY_ENTERED,
  CARDEA_TTY_GIVEN_UP, /* Ctrl-D */
} CardeaTtyKey;

/* Errors: G_IO_ERROR_NO_SPACE when memory cannot be locked. */
CardeaTtyLine *cardea_tty_line_new (GError **error);
void cardea_tty_line_free (CardeaTtyLine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTtyLine, cardea_tty_line_free)

/* One byte as the terminal gave it. What is past CARDEA_LIMIT_PIN_BYTES is not taken. */
CardeaTtyKey cardea_tty_line_type (CardeaTtyLine *self, guint8 byte);
gsize cardea_tty_line_get_length (CardeaTtyLine *self);
gboolean cardea_tty_line_is (CardeaTtyLine *self, const char *word);
/* A number from 1 on without anything else; 0: it is none. */
guint cardea_tty_line_get_number (CardeaTtyLine *self);
/* The line, which is empty then. Errors: as of cardea_secret_new(). */
CardeaSecret *cardea_tty_line_steal (CardeaTtyLine *self, GError **error);
void cardea_tty_line_clear (CardeaTtyLine *self);

G_END_DECLS
