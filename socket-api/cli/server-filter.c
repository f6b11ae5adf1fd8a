/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which server's entries of a list are shown.
 *
 * The agent names a server in one form only, lower-case A-labels or an address, and people write it in
 * others. What is no server at all is an error and not an empty list, which would say that nothing is
 * remembered for it. */

#include "socket-api/cli/server-filter.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/cli/target.h"
#include "socket-api/client/text.h"

/* NULL: no server has this name. */
static char *
normalise (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  g_autofree char *ascii = NULL;
  gsize length;

  if (address != NULL)
    return g_inet_address_to_string (address);
  ascii = strpbrk (host, ":[]") == NULL ? g_hostname_to_ascii (host) : NULL;
  length = ascii != NULL ? strlen (ascii) : 0;
  if (length > 0 && ascii[length - 1] == '.')
    ascii[--length] = '\0';
  return length > 0 ? g_ascii_strdown (ascii, -1) : NULL;
}

/* The host where there is no port, that is no colon but between brackets; else NULL. */
static char *
take_host_alone (const char *text)
{
  if (*text == '[' && g_str_has_suffix (text, "]"))
    return g_strndup (text + 1, strlen (text) - 2);
  return strchr (text, ':') == NULL ? g_strdup (text) : NULL;
}

gboolean
cardea_server_filter_parse (const char *text, char **host, guint16 *port, GError **error)
{
  char *arguments[] = { (char *)text };
  g_autofree char *written = take_host_alone (text);
  g_autofree char *normal = NULL;
  guint16 number = 0;

  if (written == NULL && !cardea_target_parse (arguments, 1, &written, &number, error))
    return FALSE;
  normal = normalise (written);
  if (normal == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is no server: give HOST or HOST:PORT", text);
    return FALSE;
  }
  *host = g_steal_pointer (&normal);
  *port = number;
  return TRUE;
}

json_t *
cardea_server_filter_apply (json_t *list, const char *host, guint16 port)
{
  json_t *kept = json_array ();
  gsize i;
  json_t *entry;

  json_array_foreach (list, i, entry)
    if (g_str_equal (cardea_text_member (entry, "server_name", ""), host) &&
        (port == 0 || json_integer_value (json_object_get (entry, "port")) == port))
      json_array_append (kept, entry);
  return kept;
}
