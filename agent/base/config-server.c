/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers as the configuration names them, in one form to compare by.
 *
 * An entry allows the use of a key without a person, so what is written must be exactly what is meant: no
 * patterns, no numbers that resolve to addresses ("127.1"), no default port. */

#include "agent/base/config-server.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/limits.h"

static gboolean
is_label (const char *label)
{
  gsize length = strlen (label);

  return length >= 1 && length <= 63 && label[0] != '-' && label[length - 1] != '-' &&
         strspn (label, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static gboolean
is_host_name (const char *name)
{
  g_auto (GStrv) labels = g_strsplit (name, ".", -1);
  guint n = g_strv_length (labels);

  if (n == 0 || strlen (name) > CARDEA_LIMIT_HOST_NAME)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!is_label (labels[i]))
      return FALSE;
  return strspn (labels[n - 1], "0123456789") != strlen (labels[n - 1]);
}

char *
cardea_config_normalise_host (const char *host)
{
  g_autoptr (GInetAddress) address = NULL;
  g_autofree char *name = NULL;

  if (strlen (host) > CARDEA_LIMIT_HOST_NAME + 1)
    return NULL;
  address = g_inet_address_new_from_string (host);
  if (address != NULL)
    return g_inet_address_to_string (address);
  name = g_ascii_strdown (host, -1);
  if (g_str_has_suffix (name, "."))
    name[strlen (name) - 1] = '\0';
  return is_host_name (name) ? g_steal_pointer (&name) : NULL;
}

char *
cardea_config_make_server (const char *host, guint16 port)
{
  g_autofree char *normal = cardea_config_normalise_host (host);

  if (normal == NULL || port == 0)
    return NULL;
  return g_strdup_printf (strchr (normal, ':') != NULL ? "[%s]:%u" : "%s:%u", normal, port);
}

static const char *
find_problem (const char *host)
{
  if (strpbrk (host, "*?") != NULL)
    return "patterns are not allowed: name each server";
  if (!g_str_is_ascii (host))
    return "write the host name in its ASCII form (xn--...)";
  if (strchr (host, ':') != NULL)
    return "an IPv6 address stands in brackets: [::1]:443";
  return "this is no host name and no address: write host:port, for example bank.example:443";
}

char *
cardea_config_parse_server (const char *text, char **problem)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = NULL, *server = NULL;
  gboolean brackets;
  guint64 port;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXUINT16, &port, NULL)) {
    *problem = g_strdup ("a server is host:port, with a port from 1 to 65535");
    return NULL;
  }
  host = g_strndup (text, (gsize)(colon - text));
  brackets = host[0] == '[' && g_str_has_suffix (host, "]");
  if (brackets) {
    host[strlen (host) - 1] = '\0';
    memmove (host, host + 1, strlen (host));
  }
  if (brackets == (strchr (host, ':') != NULL))
    server = cardea_config_make_server (host, (guint16)port);
  if (server == NULL)
    *problem =
        g_strdup (brackets ? "only an IPv6 address stands in brackets: [::1]:443" : find_problem (host));
  return g_steal_pointer (&server);
}
