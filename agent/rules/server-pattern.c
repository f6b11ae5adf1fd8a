/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Server patterns. A name is compared label by label from its end, so that "*.bank.example" never means
 * "evilbank.example"; addresses have no names below them. */

#include "agent/rules/server-pattern.h"

#include <gio/gio.h>
#include <string.h>

#include "agent/base/config-server.h"

#define HTTPS "https://"

static gboolean
parse_port (const char *text, guint16 *port)
{
  guint64 number = 0;

  if (text[0] != '\0' &&
      (text[0] != ':' || !g_ascii_string_to_unsigned (text + 1, 10, 1, G_MAXUINT16, &number, NULL)))
    return FALSE;
  *port = (guint16)number;
  return TRUE;
}

/* Cuts "host:port" or "[address]:port"; the port may be missing. */
static char *
split (const char *text, guint16 *port, char **problem)
{
  gboolean brackets = text[0] == '[';
  const char *end = brackets ? strchr (text, ']') : text + strcspn (text, ":");
  g_autofree char *host = NULL;

  if (end == NULL || !parse_port (brackets ? end + 1 : end, port)) {
    *problem =
        g_strdup ("after the host there may be \":\" and a port from 1 to 65535, and nothing else; an IPv6 "
                  "address stands in brackets");
    return NULL;
  }
  host = brackets ? g_strndup (text + 1, (gsize)(end - text - 1)) : g_strndup (text, (gsize)(end - text));
  if (brackets != (strchr (host, ':') != NULL)) {
    *problem = g_strdup ("only an IPv6 address stands in brackets: [::1]:443");
    return NULL;
  }
  return g_steal_pointer (&host);
}

static const char *
find_problem (const char *host)
{
  if (strpbrk (host, "*?") != NULL)
    return "a wildcard stands only at the beginning, for whole labels";
  if (!g_str_is_ascii (host))
    return "write the host name in its ASCII form (xn--...)";
  return "this is no host name and no address";
}

static CardeaServerPattern *
make (CardeaServerPatternKind kind, const char *text, char **problem)
{
  g_autoptr (CardeaServerPattern) self = g_new0 (CardeaServerPattern, 1);
  g_autofree char *host = split (text, &self->port, problem);

  if (host == NULL)
    return NULL;
  self->kind = kind;
  /* A zone of an IPv6 address is this machine's, and is no part of what a server proves. */
  self->host = strchr (host, '%') == NULL ? cardea_config_normalise_host (host) : NULL;
  if (self->host == NULL) {
    *problem = g_strdup (find_problem (host));
    return NULL;
  }
  if (kind != CARDEA_SERVER_EXACT && g_hostname_is_ip_address (self->host)) {
    *problem = g_strdup ("an address has no names below it");
    return NULL;
  }
  return g_steal_pointer (&self);
}

CardeaServerPattern *
cardea_server_pattern_parse (const char *text, char **problem)
{
  g_autoptr (CardeaServerPattern) any = NULL;

  if (g_str_has_prefix (text, "*."))
    return make (CARDEA_SERVER_BELOW, text + strlen ("*."), problem);
  if (text[0] != '*')
    return make (CARDEA_SERVER_EXACT, text, problem);
  any = g_new0 (CardeaServerPattern, 1);
  any->kind = CARDEA_SERVER_ANY;
  any->host = g_strdup ("");
  if (parse_port (text + 1, &any->port))
    return g_steal_pointer (&any);
  *problem = g_strdup ("a server is host, *.suffix or *, each with or without :port");
  return NULL;
}

CardeaServerPattern *
cardea_server_pattern_parse_chromium (const char *text, char **problem)
{
  static const char domain[] = "[*.]";
  gboolean https = g_str_has_prefix (text, HTTPS);
  const char *rest = https ? text + strlen (HTTPS) : text;

  if (g_str_has_prefix (rest, domain))
    return make (CARDEA_SERVER_WITHIN, rest + strlen (domain), problem);
  if (https)
    return make (CARDEA_SERVER_EXACT, rest, problem);
  *problem = g_strdup ("of the patterns only https://HOST and [*.]HOST are used, with or without :PORT");
  return NULL;
}

void
cardea_server_pattern_free (CardeaServerPattern *self)
{
  if (self == NULL)
    return;
  g_free (self->host);
  g_free (self);
}

static gboolean
is_below (const char *host, const char *domain)
{
  gsize host_length = strlen (host), domain_length = strlen (domain);

  return host_length > domain_length + 1 && host[host_length - domain_length - 1] == '.' &&
         g_str_has_suffix (host, domain);
}

gboolean
cardea_server_pattern_matches (const CardeaServerPattern *self, const char *host, guint16 port)
{
  if (self->port != 0 && self->port != port)
    return FALSE;
  if (self->kind == CARDEA_SERVER_ANY)
    return TRUE;
  if (host == NULL)
    return FALSE;
  if (self->kind != CARDEA_SERVER_BELOW && g_str_equal (host, self->host))
    return TRUE;
  return self->kind != CARDEA_SERVER_EXACT && is_below (host, self->host);
}

int
cardea_server_pattern_compare (const CardeaServerPattern *a, const CardeaServerPattern *b)
{
  gsize a_length = strlen (a->host), b_length = strlen (b->host);

  if (a->kind != b->kind)
    return a->kind < b->kind ? -1 : 1;
  if (a_length != b_length)
    return a_length > b_length ? -1 : 1;
  if ((a->port == 0) != (b->port == 0))
    return a->port != 0 ? -1 : 1;
  return 0;
}
