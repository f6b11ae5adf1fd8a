/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Choice: which of the certificates on all tokens can answer this server, and why the others cannot. It
 * gathers what the pure rule (policy/fit) needs from the catalogue; the rule itself decides. */

#include "agent/broker/choice.h"

#include "agent/broker/json.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

#include <p11-kit/uri.h>
#include <string.h>

#define SHA256_HEX 64
#define REST_OF_REPLY 4096 /* the error's name and its other parameters */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (P11KitUri, p11_kit_uri_free)

static void
offer_free (CardeaOffer *self)
{
  cardea_token_certificate_unref (self->certificate);
  g_ptr_array_unref (self->reasons);
  g_free (self);
}

gboolean
cardea_choice_is_sha256 (const char *text)
{
  return strlen (text) == SHA256_HEX && strspn (text, "0123456789abcdefABCDEF") == SHA256_HEX;
}

/* RFC 7512, 2.3: each attribute that the wanted URI names must be the same in the certificate's own. */
static gboolean
uri_matches (P11KitUri *wanted, const char *text)
{
  g_autoptr (P11KitUri) uri = p11_kit_uri_new ();
  CK_ATTRIBUTE_PTR id = p11_kit_uri_get_attribute (wanted, CKA_ID);
  CK_ATTRIBUTE_PTR label = p11_kit_uri_get_attribute (wanted, CKA_LABEL);
  CK_ATTRIBUTE attributes[2];
  CK_ULONG n = 0;

  if (p11_kit_uri_parse (text, P11_KIT_URI_FOR_ANY, uri) != P11_KIT_URI_OK)
    return FALSE;
  if (!p11_kit_uri_match_token_info (wanted, p11_kit_uri_get_token_info (uri)))
    return FALSE;
  if (id != NULL)
    attributes[n++] = *id;
  if (label != NULL)
    attributes[n++] = *label;
  return n == 0 || p11_kit_uri_match_attributes (uri, attributes, n);
}

gboolean
cardea_choice_is_wanted (const char *wanted, const CardeaTokenCertificate *certificate, gboolean *malformed)
{
  g_autoptr (P11KitUri) uri = NULL;

  *malformed = FALSE;
  if (cardea_choice_is_sha256 (wanted))
    return g_ascii_strcasecmp (wanted, cardea_certificate_get_sha256 (certificate->certificate)) == 0;

  uri = p11_kit_uri_new ();
  if (p11_kit_uri_parse (wanted, P11_KIT_URI_FOR_ANY, uri) != P11_KIT_URI_OK ||
      p11_kit_uri_any_unrecognized (uri)) {
    *malformed = TRUE;
    return FALSE;
  }
  return uri_matches (uri, certificate->uri);
}

static gboolean
check_wanted (const char *wanted, GError **error)
{
  g_autoptr (P11KitUri) uri = p11_kit_uri_new ();

  if (cardea_choice_is_sha256 (wanted))
    return TRUE;
  if (p11_kit_uri_parse (wanted, P11_KIT_URI_FOR_ANY, uri) == P11_KIT_URI_OK &&
      !p11_kit_uri_any_unrecognized (uri))
    return TRUE;

  cardea_set_error (error, CARDEA_ERROR_INVALID_PARAMETER,
                    "The certificate must be named by its PKCS#11 URI or by its SHA-256 fingerprint in hex.");
  if (error != NULL)
    cardea_error_take_parameter (*error, "parameter", json_string ("options.certificate"));
  return FALSE;
}

GPtrArray *
cardea_choice_find_issuers (CardeaCatalogue *catalogue, CardeaCertificate *certificate)
{
  g_autoptr (GPtrArray) ders = cardea_catalogue_get_issuers (catalogue, certificate);
  GPtrArray *issuers = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_certificate_unref);

  for (guint i = 0; i < ders->len; i++) {
    CardeaCertificate *issuer = cardea_certificate_new (ders->pdata[i], NULL);

    if (issuer != NULL)
      g_ptr_array_add (issuers, issuer);
  }
  return issuers;
}

/* By itself, or of the bare operation and a block of ours. */
static gboolean
makes_pss (CardeaMechanisms mechanisms)
{
  return (mechanisms & (CARDEA_MECHANISM_RSA_PSS | CARDEA_MECHANISM_RSA_X_509)) != 0;
}

CardeaRsaSchemes
cardea_choice_get_rsa_schemes (const CardeaTokenCertificate *certificate)
{
  CardeaMechanisms mechanisms = certificate->token->info->mechanisms;

  return (makes_pss (mechanisms) ? CARDEA_RSA_PSS : 0) |
         ((mechanisms & CARDEA_MECHANISM_RSA_PKCS) != 0 ? CARDEA_RSA_PKCS1 : 0);
}

/* An RSA key in the way of TLS 1.3, or, with TLS 1.2, in any that the server takes. */
static gboolean
can_sign (const CardeaTokenCertificate *certificate, gboolean scheme_accepted)
{
  CardeaMechanisms mechanisms = certificate->token->info->mechanisms;

  switch (cardea_certificate_get_key_type (certificate->certificate)) {
  case CARDEA_KEY_RSA:
    return scheme_accepted || makes_pss (mechanisms);
  case CARDEA_KEY_EC:
    return (mechanisms & CARDEA_MECHANISM_ECDSA) != 0;
  case CARDEA_KEY_OTHER:
    break;
  }
  return FALSE;
}

static CardeaOffer *
offer_new (CardeaCatalogue *catalogue, CardeaTokenCertificate *certificate, CardeaFitRequest *request,
           const char *wanted)
{
  g_autoptr (GPtrArray) issuers = cardea_choice_find_issuers (catalogue, certificate->certificate);
  CardeaOffer *self = g_new0 (CardeaOffer, 1);
  CardeaFitCandidate candidate = {
    .certificate = certificate->certificate,
    .issuers = issuers,
    .can_sign = can_sign (certificate, request->scheme_accepted),
    .key_missing = certificate->key_missing,
    .token_locked = certificate->token->info->pin == CARDEA_PIN_LOCKED,
  };
  gboolean malformed;

  self->certificate = cardea_token_certificate_ref (certificate);
  self->reasons = cardea_policy_fit (request, &candidate);
  if (wanted != NULL && !cardea_choice_is_wanted (wanted, certificate, &malformed))
    g_ptr_array_add (self->reasons, cardea_reason_new (CARDEA_REASON_NOT_CHOSEN, NULL,
                                                       "The program asked for another certificate."));
  return self;
}

static int
by_fit (gconstpointer a, gconstpointer b)
{
  const CardeaOffer *const *first = a;
  const CardeaOffer *const *second = b;

  return ((*first)->reasons->len > 0) - ((*second)->reasons->len > 0);
}

void
cardea_choice_sort (CardeaChoice *self)
{
  g_ptr_array_sort (self->offers, by_fit);
  self->n_fitting = 0;
  while (self->n_fitting < self->offers->len &&
         ((const CardeaOffer *)self->offers->pdata[self->n_fitting])->reasons->len == 0)
    self->n_fitting++;
}

CardeaChoice *
cardea_choice_new (CardeaCatalogue *catalogue, GPtrArray *authorities, const char *wanted, gint64 now,
                   CardeaCanUse can_use, gpointer user_data, GError **error)
{
  g_autoptr (GPtrArray) certificates = NULL;
  CardeaChoice *self = NULL;

  if (wanted != NULL && !check_wanted (wanted, error))
    return NULL;

  certificates = cardea_catalogue_get_certificates (catalogue);
  self = g_new0 (CardeaChoice, 1);
  self->offers = g_ptr_array_new_with_free_func ((GDestroyNotify)offer_free);
  for (guint i = 0; i < certificates->len; i++) {
    CardeaTokenCertificate *certificate = certificates->pdata[i];
    CardeaFitRequest request = {
      .now = now,
      .authorities = authorities,
      .scheme_accepted = can_use (certificate, user_data),
    };
    CardeaOffer *offer = offer_new (catalogue, certificate, &request, wanted);

    g_ptr_array_add (self->offers, offer);
  }
  cardea_choice_sort (self);
  return self;
}

void
cardea_choice_free (CardeaChoice *self)
{
  g_ptr_array_unref (self->offers);
  g_free (self);
}

static json_t *
offer_to_json (const CardeaOffer *self)
{
  return json_pack ("{s:o, s:o}", "certificate", cardea_json_from_certificate (self->certificate), "reasons",
                    cardea_json_from_reasons (self->reasons));
}

/* A token that is full of long names must not turn a reply into an error about its length. */
json_t *
cardea_choice_to_json_within (const CardeaChoice *self, gboolean fitting_only, gsize room)
{
  json_t *array = json_array ();

  for (guint i = 0; i < (fitting_only ? self->n_fitting : self->offers->len); i++) {
    g_autoptr (json_t) offer = offer_to_json (self->offers->pdata[i]);
    gsize size = json_dumpb (offer, NULL, 0, JSON_COMPACT) + strlen (",");

    if (size > room)
      break;
    room -= size;
    json_array_append (array, offer);
  }
  return array;
}

json_t *
cardea_choice_to_json (const CardeaChoice *self, gboolean fitting_only)
{
  return cardea_choice_to_json_within (self, fitting_only, CARDEA_LIMIT_REPLY_BYTES - REST_OF_REPLY);
}

void
cardea_choice_leave_out_attended (CardeaChoice *self, CardeaUnlocker *unlocker)
{
  for (guint i = 0; i < self->offers->len; i++) {
    const CardeaOffer *offer = self->offers->pdata[i];

    if (offer->certificate->always_authenticate)
      g_ptr_array_add (
          offer->reasons,
          cardea_reason_new (CARDEA_REASON_KEY_ALWAYS_AUTHENTICATE,
                             "Use the key for authentication; cards often hold it beside this one.",
                             "The key wants a person to give the PIN for each signature, and there is nobody "
                             "to ask."));
    else if (cardea_unlocker_is_single_use (unlocker, offer->certificate->token))
      g_ptr_array_add (
          offer->reasons,
          cardea_reason_new (CARDEA_REASON_PIN_SINGLE_USE,
                             "Connect where a person can be asked, or take \"single-use\" out of the token's "
                             "lease in the configuration.",
                             "The token is set to ask a person for the PIN for each connection, and there is "
                             "nobody to ask."));
  }
  cardea_choice_sort (self);
}

void
cardea_choice_require_pin (CardeaChoice *self)
{
  for (guint i = 0; i < self->offers->len; i++) {
    const CardeaOffer *offer = self->offers->pdata[i];
    const CardeaHostToken *token = offer->certificate->token->info;

    if (!token->login_required || token->pin == CARDEA_PIN_NOT_NEEDED)
      g_ptr_array_add (offer->reasons,
                       cardea_reason_new (CARDEA_REASON_NO_PIN,
                                          "Answer on a display, or give the token a PIN.",
                                          "Its token has no PIN, which an answer on a terminal takes."));
  }
  cardea_choice_sort (self);
}
