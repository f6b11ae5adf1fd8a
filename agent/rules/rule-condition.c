/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Conditions. They only ever take candidates away, so whatever cannot be told counts as not met. */

#include "agent/rules/rule-condition.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <string.h>

#include "agent/rules/name-attributes.h"

#define SHA256_HEX 64

typedef P11KitUri CardeaUri;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaUri, p11_kit_uri_free)

CardeaRuleCondition *
cardea_rule_condition_new (void)
{
  return g_new0 (CardeaRuleCondition, 1);
}

void
cardea_rule_condition_free (CardeaRuleCondition *self)
{
  if (self == NULL)
    return;
  g_free (self->certificate);
  g_free (self->issuer_sha256);
  g_free (self->issuer_name);
  g_free (self);
}

static char *
parse_sha256 (const char *value)
{
  if (strlen (value) != SHA256_HEX || strspn (value, "0123456789abcdefABCDEF") != SHA256_HEX)
    return NULL;
  return g_ascii_strdown (value, -1);
}

static gboolean
names_token (CardeaUri *uri)
{
  const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info (uri);

  return token->label[0] != 0 || token->serialNumber[0] != 0 || token->manufacturerID[0] != 0 ||
         token->model[0] != 0;
}

/* Attributes that are not compared would make the rule mean less than it says. */
static gboolean
names_what_is_not_compared (CardeaUri *uri)
{
  const CK_INFO *module = p11_kit_uri_get_module_info (uri);
  const CK_SLOT_INFO *slot = p11_kit_uri_get_slot_info (uri);

  return module->libraryDescription[0] != 0 || module->manufacturerID[0] != 0 ||
         module->libraryVersion.major != (CK_BYTE)-1 || p11_kit_uri_get_module_name (uri) != NULL ||
         p11_kit_uri_get_module_path (uri) != NULL || p11_kit_uri_get_slot_id (uri) != (CK_SLOT_ID)-1 ||
         slot->slotDescription[0] != 0 || slot->manufacturerID[0] != 0;
}

static gboolean
is_of_certificate (CardeaUri *uri)
{
  const CK_ATTRIBUTE *type = p11_kit_uri_get_attribute (uri, CKA_CLASS);
  CK_OBJECT_CLASS class = CKO_CERTIFICATE;

  if (type != NULL && type->ulValueLen == sizeof class)
    memcpy (&class, type->pValue, sizeof class);
  return class == CKO_CERTIFICATE;
}

static const char *
find_uri_problem (const char *value)
{
  g_autoptr (CardeaUri) uri = p11_kit_uri_new ();

  if (!g_str_has_prefix (value, "pkcs11:") ||
      p11_kit_uri_parse (value, P11_KIT_URI_FOR_ANY, uri) != P11_KIT_URI_OK)
    return "it is a SHA-256 fingerprint in 64 hex digits, or a PKCS#11 URI";
  if (p11_kit_uri_get_pin_value (uri) != NULL || p11_kit_uri_get_pin_source (uri) != NULL)
    return "a PIN does not belong in a URI";
  if (p11_kit_uri_any_unrecognized (uri))
    return "the URI has an attribute that is not known";
  if (names_what_is_not_compared (uri))
    return "the URI names a module or a slot; leave that out";
  if (!is_of_certificate (uri))
    return "the URI names another object than a certificate";
  if (!names_token (uri) && p11_kit_uri_get_attribute (uri, CKA_ID) == NULL &&
      p11_kit_uri_get_attribute (uri, CKA_LABEL) == NULL)
    return "the URI names neither a token nor an object";
  return NULL;
}

gboolean
cardea_rule_condition_set_certificate (CardeaRuleCondition *self, const char *value, const char **problem)
{
  g_autofree char *sha256 = parse_sha256 (value);
  const char *what = sha256 == NULL ? find_uri_problem (value) : NULL;

  if (what != NULL) {
    *problem = what;
    return FALSE;
  }
  g_free (self->certificate);
  self->certificate = sha256 != NULL ? g_steal_pointer (&sha256) : g_strdup (value);
  return TRUE;
}

gboolean
cardea_rule_condition_set_issuer (CardeaRuleCondition *self, const char *value, const char **problem)
{
  g_autofree char *sha256 = parse_sha256 (value);
  g_autofree char *name = sha256 == NULL ? cardea_name_attributes_fold (value) : NULL;

  if (sha256 == NULL && name == NULL) {
    *problem = "it is a name such as CN=Example CA,O=Example, or the SHA-256 fingerprint of an authority's "
               "certificate in 64 hex digits; a backslash is written twice in this file";
    return FALSE;
  }
  g_free (self->issuer_sha256);
  g_free (self->issuer_name);
  self->issuer_sha256 = g_steal_pointer (&sha256);
  self->issuer_name = g_steal_pointer (&name);
  return TRUE;
}

static gboolean
is_issued_by_name (const CardeaRuleCondition *self, const CardeaCertificate *certificate)
{
  g_autofree char *issuer = cardea_name_attributes_fold (cardea_certificate_get_issuer (certificate));

  return self->issuer_name != NULL && issuer != NULL && g_str_equal (issuer, self->issuer_name);
}

gboolean
cardea_rule_condition_accepts_issuer (const CardeaRuleCondition *self, const CardeaCertificate *certificate,
                                      GPtrArray *issuers)
{
  if ((self->issuer_sha256 == NULL && self->issuer_name == NULL) || is_issued_by_name (self, certificate))
    return TRUE;
  for (guint i = 0; issuers != NULL && i < issuers->len; i++) {
    const CardeaCertificate *issuer = issuers->pdata[i];

    if (is_issued_by_name (self, issuer) ||
        g_strcmp0 (self->issuer_sha256, cardea_certificate_get_sha256 (issuer)) == 0)
      return TRUE;
  }
  return FALSE;
}
