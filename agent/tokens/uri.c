/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* PKCS#11 URIs are written by p11-kit, so that they are the ones its tools print for the same token. */

#include "agent/tokens/uri.h"

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (P11KitUri, p11_kit_uri_free)

/* Into a field of fixed size, padded with blanks; whole characters only. An empty text leaves the field zero,
 * which leaves it out of the URI. */
static void
set_field (CK_UTF8CHAR *field, gsize size, const char *text)
{
  gsize length = strlen (text);

  if (length == 0)
    return;
  while (length > size)
    length = (gsize)(g_utf8_find_prev_char (text, text + length) - text);
  memset (field, ' ', size);
  memcpy (field, text, length);
}

static P11KitUri *
make_uri (const CardeaHostToken *token)
{
  P11KitUri *uri = p11_kit_uri_new ();
  CK_TOKEN_INFO_PTR info = p11_kit_uri_get_token_info (uri);

  memset (info, 0, sizeof *info);
  set_field (info->label, sizeof info->label, token->label);
  set_field (info->manufacturerID, sizeof info->manufacturerID, token->manufacturer);
  set_field (info->model, sizeof info->model, token->model);
  set_field ((CK_UTF8CHAR *)info->serialNumber, sizeof info->serialNumber, token->serial);
  return uri;
}

static char *
format (P11KitUri *uri, P11KitUriType type)
{
  char *text = NULL;
  char *copy;

  /* Fails only without memory, where GLib would have ended the process. */
  if (p11_kit_uri_format (uri, type, &text) != P11_KIT_URI_OK)
    g_error ("a PKCS#11 URI could not be written");
  copy = g_strdup (text);
  free (text);
  return copy;
}

char *
cardea_uri_for_token (const CardeaHostToken *token)
{
  g_autoptr (P11KitUri) uri = make_uri (token);

  return format (uri, P11_KIT_URI_FOR_TOKEN);
}

char *
cardea_uri_for_reader (const char *name)
{
  g_autoptr (P11KitUri) uri = p11_kit_uri_new ();
  CK_SLOT_INFO_PTR info = p11_kit_uri_get_slot_info (uri);

  memset (info, 0, sizeof *info);
  set_field (info->slotDescription, sizeof info->slotDescription, name);
  return format (uri, P11_KIT_URI_FOR_SLOT);
}

static void
set_attribute (P11KitUri *uri, CK_ATTRIBUTE_TYPE type, const void *value, gsize length)
{
  CK_ATTRIBUTE attribute = { type, (void *)value, length };

  if (length > 0)
    p11_kit_uri_set_attribute (uri, &attribute);
}

char *
cardea_uri_for_certificate (const CardeaHostToken *token, GBytes *id, const char *label)
{
  const CK_OBJECT_CLASS class = CKO_CERTIFICATE;
  g_autoptr (P11KitUri) uri = make_uri (token);
  gsize id_length;
  const void *id_data = g_bytes_get_data (id, &id_length);

  set_attribute (uri, CKA_CLASS, &class, sizeof class);
  set_attribute (uri, CKA_ID, id_data, id_length);
  set_attribute (uri, CKA_LABEL, label, strlen (label));
  return format (uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
}
