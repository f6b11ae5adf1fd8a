/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token URIs: which are allowed to stand in a configuration, and which token one means.
 *
 * A PIN goes to the token that a URI names, so an attribute that we would not compare is refused instead of
 * ignored. */

#include "agent/base/token-uri.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

typedef P11KitUri CardeaUri;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaUri, p11_kit_uri_free)

static CardeaUri *
parse (const char *text)
{
  g_autoptr (CardeaUri) uri = p11_kit_uri_new ();

  if (uri == NULL || p11_kit_uri_parse (text, P11_KIT_URI_FOR_ANY, uri) != P11_KIT_URI_OK)
    return NULL;
  return g_steal_pointer (&uri);
}

static gboolean
names_module (CardeaUri *uri)
{
  const CK_INFO *info = p11_kit_uri_get_module_info (uri);

  return info->libraryDescription[0] != 0 || info->manufacturerID[0] != 0 ||
         info->libraryVersion.major != (CK_BYTE)-1 || p11_kit_uri_get_module_name (uri) != NULL ||
         p11_kit_uri_get_module_path (uri) != NULL;
}

static gboolean
names_object_or_slot (CardeaUri *uri)
{
  const CK_SLOT_INFO *slot = p11_kit_uri_get_slot_info (uri);
  CK_ULONG n_attributes = 0;

  (void)p11_kit_uri_get_attributes (uri, &n_attributes);
  return n_attributes > 0 || p11_kit_uri_get_slot_id (uri) != (CK_SLOT_ID)-1 ||
         slot->slotDescription[0] != 0 || slot->manufacturerID[0] != 0;
}

gboolean
cardea_token_uri_check (const char *text, char **problem)
{
  g_autoptr (CardeaUri) uri = parse (text);
  const CK_TOKEN_INFO *token;
  const char *what = NULL;

  if (uri == NULL) {
    *problem =
        g_strdup ("this is no PKCS#11 URI; \"cardea tokens\" shows those of the tokens that are present");
    return FALSE;
  }
  token = p11_kit_uri_get_token_info (uri);
  if (p11_kit_uri_get_pin_value (uri) != NULL || p11_kit_uri_get_pin_source (uri) != NULL)
    what = "a PIN does not belong in a URI";
  else if (p11_kit_uri_any_unrecognized (uri))
    what = "the URI has an attribute that is not known";
  else if (names_module (uri))
    what = "the URI names a module; leave that out";
  else if (names_object_or_slot (uri))
    what = "the URI names an object or a slot; give the token's attributes only";
  else if (token->label[0] == 0 && token->serialNumber[0] == 0 && token->manufacturerID[0] == 0 &&
           token->model[0] == 0)
    what = "the URI names no token; give its token, serial, manufacturer or model";
  *problem = g_strdup (what);
  return what == NULL;
}

gboolean
cardea_token_uri_matches (const char *pattern, const char *token_uri)
{
  g_autoptr (CardeaUri) wanted = parse (pattern);
  g_autoptr (CardeaUri) token = parse (token_uri);

  return wanted != NULL && token != NULL &&
         p11_kit_uri_match_token_info (wanted, p11_kit_uri_get_token_info (token)) != 0;
}
