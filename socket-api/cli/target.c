/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server of `cardea connect`.
 *
 * "::1:443" is refused, not guessed at: it is an IPv6 address as well as a host with a port. */

#include "socket-api/cli/target.h"

#include <gio/gio.h>
#include <string.h>

static gboolean
parse_port (const char *text, guint16 *port, GError **error)
{
  guint64 value = 0;

  if (!g_ascii_isdigit (*text) || !g_ascii_string_to_unsigned (text, 10, 1, 65535, &value, NULL)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is no port: a port is a number from 1 to 65535", text);
    return FALSE;
  }
  *port = (guint16)value;
  return TRUE;
}

/* @text is cut at the colon before the port, which is returned. */
static const char *
cut_port (char *text, GError **error)
{
  char *colon = strrchr (text, ':');
  gboolean has_brackets = *text == '[';

  if (colon == NULL || (has_brackets && (colon == text || colon[-1] != ']'))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "The port is missing: give HOST PORT or HOST:PORT");
    return NULL;
  }
  if (!has_brackets && strchr (text, ':') != colon) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" can be read in two ways: give an IPv6 address as [ADDRESS]:PORT", text);
    return NULL;
  }
  *colon = '\0';
  return colon + 1;
}

static char *
without_brackets (const char *host)
{
  gsize length = strlen (host);

  if (length > 2 && host[0] == '[' && host[length - 1] == ']')
    return g_strndup (host + 1, length - 2);
  return g_strdup (host);
}

gboolean
cardea_target_parse (char **arguments, int n, char **host, guint16 *port, GError **error)
{
  g_return_val_if_fail (n == 1 || n == 2, FALSE);

  g_autofree char *name = g_strdup (arguments[0]);
  const char *port_text = n == 2 ? arguments[1] : cut_port (name, error);
  guint16 number;

  if (port_text == NULL || !parse_port (port_text, &number, error))
    return FALSE;
  if (*name == '\0') {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The host is missing");
    return FALSE;
  }
  *host = without_brackets (name);
  *port = number;
  return TRUE;
}
