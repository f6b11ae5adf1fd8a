/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The terminal a question is on.
 *
 * It is the caller's as well: its open file has one set of flags for both, so it is never made non-blocking.
 * Reading does not wait by the terminal's mode; writing may, for a terminal that somebody stopped, and the
 * agent ends what takes too long.
 *
 * No escape sequence is ever written, so that the plainest terminal does, and none that came in a foreign
 * text: here is the last gate, behind the one that each foreign text passes (ui/plain-text.c). */

#include "ui/tty.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "socket-api/private/terminal-mode.h"

#define WIDTH 80
#define MIN_WIDTH 20
#define MAX_WIDTH 200

struct _CardeaTty
{
  int fd;
  struct termios before;
};

CardeaTty *
cardea_tty_new (int fd, GError **error)
{
  g_autofree CardeaTty *self = g_new0 (CardeaTty, 1);

  self->fd = fd;
  if (!cardea_terminal_mode_begin (fd, &self->before)) {
    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (errno), "the terminal cannot be used: %s",
                 g_strerror (errno));
    return NULL;
  }
  cardea_tty_flush (self);
  return g_steal_pointer (&self);
}

void
cardea_tty_free (CardeaTty *self)
{
  if (self == NULL)
    return;
  cardea_tty_restore (self);
  g_free (self);
}

void
cardea_tty_restore (CardeaTty *self)
{
  cardea_terminal_mode_end (self->fd, &self->before);
}

gboolean
cardea_tty_is_ours (CardeaTty *self)
{
  return cardea_terminal_mode_is_ours (self->fd, &self->before);
}

/* Isolating characters are for displays that turn text around; few terminals do, and others show them. */
static char *
filter (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (c == '\n' || g_unichar_isprint (c) || g_unichar_ismark (c))
      g_string_append_unichar (clean, c);
    else if (c < 0x2066 || c > 0x2069)
      g_string_append_c (clean, '?');
  }
  return g_string_free (clean, FALSE);
}

void
cardea_tty_write (CardeaTty *self, const char *text)
{
  g_autofree char *clean = filter (text);
  g_autofree char *converted = NULL;
  const char *charset, *bytes = clean;

  if (!g_get_charset (&charset)) {
    converted = g_convert_with_fallback (clean, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
    bytes = converted != NULL ? converted : "?";
  }
  for (gsize left = strlen (bytes); left > 0;) {
    gssize written = write (self->fd, bytes, left);

    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) /* hung up: reading tells */
      return;
    bytes += written;
    left -= (gsize)written;
  }
}

gsize
cardea_tty_read (CardeaTty *self, guint8 *bytes, gsize size)
{
  gssize length = read (self->fd, bytes, size);

  return length > 0 ? (gsize)length : 0;
}

void
cardea_tty_flush (CardeaTty *self)
{
  (void)tcflush (self->fd, TCIFLUSH);
}

guint
cardea_tty_get_width (CardeaTty *self)
{
  struct winsize size;

  if (ioctl (self->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return WIDTH;
  return CLAMP (size.ws_col, MIN_WIDTH, MAX_WIDTH);
}

int
cardea_tty_get_fd (CardeaTty *self)
{
  return self->fd;
}
