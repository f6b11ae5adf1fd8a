/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text of others, on one line.
 *
 * Files, tokens and servers are named by whoever made them. A name with a line break would write log lines of
 * its own; one with escape sequences would speak to the terminal on which the log is read. */
#include "agent/base/printable.h"

#define REPLACEMENT 0xfffd

static gboolean
is_printed (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return g_unichar_isprint (c) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *
cardea_printable (const char *text, gssize length)
{
  g_autofree char *valid = g_utf8_make_valid (text, length);
  GString *printable = g_string_new (NULL);

  for (const char *at = valid; *at; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    g_string_append_unichar (printable, is_printed (c) ? c : REPLACEMENT);
  }

  return g_string_free (printable, FALSE);
}
