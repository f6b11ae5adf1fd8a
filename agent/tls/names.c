/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Is it the server that was asked for?
 *
 * We match ourselves: NSS falls back to the common name, which no authority has to check, and takes a
 * wildcard inside a label, where it may join the halves of an internationalised name into another one. */

#include "agent/tls/names.h"

#include <string.h>

#include "socket-api/limits.h"

gboolean
cardea_names_is_host (const char *name, gsize length)
{
  gsize label = 0;

  if (length < 1 || length > CARDEA_LIMIT_HOST_NAME)
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    if (name[i] == '.' && label == 0)
      return FALSE;
    label = name[i] == '.' ? 0 : label + 1;
    if (label > 63 || (name[i] != '.' && name[i] != '-' && name[i] != '_' && !g_ascii_isalnum (name[i])))
      return FALSE;
  }
  return label > 0;
}

static gboolean
equal_ignoring_case (const char *a, gsize a_length, const char *b, gsize b_length)
{
  return a_length == b_length && g_ascii_strncasecmp (a, b, a_length) == 0;
}

/* "*.REST": REST has two labels at least and equals the name without its first label. */
static gboolean
wildcard_matches (const char *rest, gsize rest_length, const char *name)
{
  const char *dot = strchr (name, '.');

  return dot != NULL && dot != name && cardea_names_is_host (rest, rest_length) &&
         memchr (rest, '.', rest_length) != NULL &&
         equal_ignoring_case (rest, rest_length, dot + 1, strlen (dot + 1));
}

static gboolean
dns_matches (CardeaDer pattern, const char *name)
{
  const char *text = (const char *)pattern.data;

  if (pattern.length > 2 && text[0] == '*' && text[1] == '.')
    return wildcard_matches (text + 2, pattern.length - 2, name);
  return cardea_names_is_host (text, pattern.length) &&
         equal_ignoring_case (text, pattern.length, name, strlen (name));
}

static gboolean
address_matches (CardeaDer pattern, GInetAddress *address)
{
  return cardea_der_equal_bytes (pattern, g_inet_address_to_bytes (address),
                                 g_inet_address_get_native_size (address));
}

gboolean
cardea_names_match (const CardeaX509 *certificate, const char *server_name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (server_name);
  CardeaDer list = certificate->names;
  CardeaDer contents;
  guint8 tag;

  if (address == NULL && !cardea_names_is_host (server_name, strlen (server_name)))
    return FALSE;
  while (cardea_der_read_any (&list, &tag, &contents, NULL)) {
    if (address != NULL && tag == CARDEA_DER_CONTEXT (7) && address_matches (contents, address))
      return TRUE;
    if (address == NULL && tag == CARDEA_DER_CONTEXT (2) && dns_matches (contents, server_name))
      return TRUE;
  }
  return FALSE;
}
