/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* The text of an entry for a PIN. Everybody who reads it, GTK and the accessibility bus included, gets a
 * bullet for each character; the characters are in locked memory, and leave it as a CardeaSecret only.
 *
 * One character at a time is taken: what is pasted or dropped has passed through memory that nobody erases,
 * and is refused. More than CARDEA_LIMIT_PIN_BYTES bytes are refused, and so are control characters. The
 * signal "refused" is emitted for each text that was not taken. */
#define CARDEA_TYPE_SECRET_BUFFER (cardea_secret_buffer_get_type ())
G_DECLARE_FINAL_TYPE (CardeaSecretBuffer, cardea_secret_buffer, CARDEA, SECRET_BUFFER, GtkEntryBuffer)

/* Fails with G_IO_ERROR_NO_SPACE when memory cannot be locked. */
CardeaSecretBuffer *cardea_secret_buffer_new (GError **error);

/* What stands for each character. */
#define CARDEA_SECRET_BULLET "\342\200\242" /* U+2022 */

/* Takes one character of @length bytes, for which the next bullet that is inserted will stand. FALSE when it
 * was refused. */
gboolean cardea_secret_buffer_hold (CardeaSecretBuffer *self, const char *text, gsize length);
/* What was typed; the buffer is empty then, whether it succeeds or not. Errors: G_IO_ERROR_INVALID_DATA when
 * there was nothing, G_IO_ERROR_NO_SPACE. */
CardeaSecret *cardea_secret_buffer_steal (CardeaSecretBuffer *self, GError **error);
/* Erases what was typed. */
void cardea_secret_buffer_clear (CardeaSecretBuffer *self);

/* Of the text, as it would be a secret. */
gsize cardea_secret_buffer_get_n_bytes (CardeaSecretBuffer *self);
/* In constant time for equal lengths. */
gboolean cardea_secret_buffer_equal (CardeaSecretBuffer *a, CardeaSecretBuffer *b);

G_END_DECLS
