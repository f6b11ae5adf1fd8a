/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One line that is typed on a terminal. */

#include "ui/tty-line.h"

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/secret/pages.h"

#define END_OF_TEXT 0x04 /* Ctrl-D */
#define BACKSPACE 0x08
#define DELETE 0x7f
#define ERASE_LINE 0x15 /* Ctrl-U */
#define ERASE_WORD 0x17 /* Ctrl-W */
#define MAX_DIGITS 4

struct _CardeaTtyLine
{
  guint8 *bytes; /* on locked pages */
  gsize size;    /* of the pages */
  gsize used;
};

CardeaTtyLine *
cardea_tty_line_new (GError **error)
{
  g_autofree CardeaTtyLine *self = g_new0 (CardeaTtyLine, 1);

  self->size = CARDEA_LIMIT_PIN_BYTES;
  self->bytes = cardea_pages_new (&self->size, error);
  return self->bytes != NULL ? g_steal_pointer (&self) : NULL;
}

void
cardea_tty_line_free (CardeaTtyLine *self)
{
  if (self == NULL)
    return;
  cardea_pages_free (self->bytes, self->size);
  g_free (self);
}

void
cardea_tty_line_clear (CardeaTtyLine *self)
{
  explicit_bzero (self->bytes, self->used);
  self->used = 0;
}

/* A character of UTF-8 as a whole: its last bytes are 10xxxxxx. */
static CardeaTtyKey
erase (CardeaTtyLine *self)
{
  gboolean more = self->used > 0;

  if (!more)
    return CARDEA_TTY_NOTHING;
  while (more) {
    more = (self->bytes[--self->used] & 0xc0) == 0x80 && self->used > 0;
    self->bytes[self->used] = 0;
  }
  return CARDEA_TTY_ERASED;
}

CardeaTtyKey
cardea_tty_line_type (CardeaTtyLine *self, guint8 byte)
{
  switch (byte) {
  case '\n':
  case '\r':
    return CARDEA_TTY_ENTERED;
  case END_OF_TEXT:
    return CARDEA_TTY_GIVEN_UP;
  case BACKSPACE:
  case DELETE:
    return erase (self);
  case ERASE_LINE:
  case ERASE_WORD:
    return CARDEA_TTY_ERASED_ALL;
  default:
    if (byte < 0x20 || self->used == CARDEA_LIMIT_PIN_BYTES)
      return CARDEA_TTY_NOTHING;
    self->bytes[self->used++] = byte;
    return CARDEA_TTY_ADDED;
  }
}

gsize
cardea_tty_line_get_length (CardeaTtyLine *self)
{
  return self->used;
}

gboolean
cardea_tty_line_is (CardeaTtyLine *self, const char *word)
{
  return self->used == strlen (word) && memcmp (self->bytes, word, self->used) == 0;
}

guint
cardea_tty_line_get_number (CardeaTtyLine *self)
{
  guint number = 0;

  if (self->used > MAX_DIGITS)
    return 0;
  for (gsize i = 0; i < self->used; i++) {
    if (!g_ascii_isdigit (self->bytes[i]))
      return 0;
    number = 10 * number + (guint)(self->bytes[i] - '0');
  }
  return number;
}

CardeaSecret *
cardea_tty_line_steal (CardeaTtyLine *self, GError **error)
{
  CardeaSecret *secret = cardea_secret_new (self->bytes, self->used, error);

  cardea_tty_line_clear (self);
  return secret;
}
