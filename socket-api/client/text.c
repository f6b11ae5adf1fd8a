/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text that came from certificates, tokens and servers, made fit for a terminal.
 *
 * A subject may hold escape sequences that redraw the screen, and bidirectional controls that make one name
 * look like another. Neither reaches the terminal; what was there stays visible. */

#include "socket-api/client/text.h"

static gboolean
is_printable (gunichar c)
{
  switch (g_unichar_type (c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_UNASSIGNED:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return FALSE;
  default:
    return TRUE;
  }
}

char *
cardea_text_safe (const char *text)
{
  GString *safe = g_string_new (NULL);
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (is_printable (c))
      g_string_append_unichar (safe, c);
    else
      g_string_append_printf (safe, "\\u{%x}", c);
  }
  return g_string_free (safe, FALSE);
}

const char *
cardea_text_member (json_t *object, const char *key, const char *otherwise)
{
  const char *value = json_string_value (json_object_get (object, key));

  return value != NULL ? value : otherwise;
}

void
cardea_text_append_field (GString *text, int column, const char *key, const char *value)
{
  if (value == NULL || *value == '\0')
    return;

  g_autofree char *safe = cardea_text_safe (value);

  g_string_append_printf (text, "  %-*s%s\n", column - 2, key, safe);
}

char *
cardea_text_time (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seconds);
  char *text = time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M") : NULL;

  return text != NULL ? text : g_strdup ("?");
}
