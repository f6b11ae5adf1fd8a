/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* URLs in two extensions of a certificate: authority information access (RFC 5280, 4.2.2.1) and CRL
 * distribution points (4.2.1.13).
 *
 * They are read after the certificate was verified, so they are an authority's words. What cannot be read is
 * left out together with all that follows it: it names no place. */

#include "agent/tls/revocation-place.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/limits.h"

/* GeneralName: uniformResourceIdentifier. */
#define TAG_URL CARDEA_DER_CONTEXT (6)

static const char prefix[] = "http://";

/* Such that it can stand in a request as it is; GLib has undone its escapes. */
static gboolean
is_host (const char *host)
{
  if (host == NULL || *host == '\0')
    return FALSE;
  for (; *host != '\0'; host++)
    if (!g_ascii_isalnum (*host) && strchr (".-_:", *host) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
cardea_revocation_place_is_url (const char *text, gsize length)
{
  g_autofree char *copy = NULL;
  g_autoptr (GUri) uri = NULL;

  if (length > CARDEA_LIMIT_REVOCATION_URL_BYTES || length < sizeof prefix ||
      g_ascii_strncasecmp (text, prefix, sizeof prefix - 1) != 0)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (text[i] <= ' ' || text[i] >= 0x7f)
      return FALSE;
  copy = g_strndup (text, length);
  uri = g_uri_parse (copy, G_URI_FLAGS_ENCODED, NULL);
  return uri != NULL && g_uri_get_userinfo (uri) == NULL && is_host (g_uri_get_host (uri)) &&
         g_uri_get_port (uri) != 0;
}

static void
add (GPtrArray *urls, CardeaDer url)
{
  if (urls->len < CARDEA_LIMIT_REVOCATION_PLACES &&
      cardea_revocation_place_is_url ((const char *)url.data, url.length))
    g_ptr_array_add (urls, g_strndup ((const char *)url.data, url.length));
}

GPtrArray *
cardea_revocation_place_get_responders (const CardeaX509 *certificate)
{
  static const guint8 ocsp[] = { 0x2b, 6, 1, 5, 5, 7, 0x30, 1 };
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  CardeaDer list, description, method, location;
  guint8 tag;

  if (!cardea_der_read_only (certificate->access, CARDEA_DER_SEQUENCE, &list))
    return urls;
  while (cardea_der_read (&list, CARDEA_DER_SEQUENCE, &description) &&
         cardea_der_read (&description, CARDEA_DER_OID, &method) &&
         cardea_der_read_any (&description, &tag, &location, NULL) && description.length == 0)
    if (tag == TAG_URL && cardea_der_equal_bytes (method, ocsp, sizeof ocsp))
      add (urls, location);
  return urls;
}

/* The names of the next point whose list is about all reasons, by the issuer of the certificate. Others are
 * passed over; FALSE at the end. */
static gboolean
next_point (CardeaDer *list, CardeaDer *names)
{
  CardeaDer point, name;

  while (cardea_der_read (list, CARDEA_DER_SEQUENCE, &point))
    if (cardea_der_read (&point, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &name) && point.length == 0 &&
        cardea_der_read_only (name, CARDEA_DER_CONTEXT_CONSTRUCTED (0), names))
      return TRUE;
  return FALSE;
}

GPtrArray *
cardea_revocation_place_get_lists (const CardeaX509 *certificate)
{
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  CardeaDer list, names, name;
  guint8 tag;

  if (!cardea_der_read_only (certificate->distribution_points, CARDEA_DER_SEQUENCE, &list))
    return urls;
  while (next_point (&list, &names))
    while (cardea_der_read_any (&names, &tag, &name, NULL))
      if (tag == TAG_URL)
        add (urls, name);
  return urls;
}

static gboolean
has_name (CardeaDer names, CardeaDer wanted)
{
  CardeaDer name;
  guint8 tag;

  while (cardea_der_read_any (&names, &tag, &name, NULL))
    if (tag == TAG_URL && cardea_der_equal (name, wanted))
      return TRUE;
  return FALSE;
}

/* A certificate and a list have a few names each; a hostile one has no more than its size allows, and is
 * compared with at most so many of the other. */
gboolean
cardea_revocation_place_names_list (const CardeaX509 *certificate, CardeaDer names)
{
  CardeaDer name;
  guint8 tag;

  for (guint i = 0; i < CARDEA_LIMIT_REVOCATION_PLACES && cardea_der_read_any (&names, &tag, &name, NULL);
       i++) {
    CardeaDer list, points;

    if (tag != TAG_URL ||
        !cardea_der_read_only (certificate->distribution_points, CARDEA_DER_SEQUENCE, &list))
      continue;
    while (next_point (&list, &points))
      if (has_name (points, name))
        return TRUE;
  }
  return FALSE;
}
