/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates as a person is asked about them.
 *
 * The question is answered by a name, not by a place in a list: tokens come and go while it is open, and an
 * answer must never mean another certificate than the one that was looked at. A certificate that lies twice
 * on a token has one name, and is shown once. */

#include "agent/broker/offers.h"

#include "agent/base/purpose-names.h"

char *
cardea_offer_dup_id (const CardeaOffer *offer)
{
  return g_strdup_printf ("%s@%s", cardea_certificate_get_sha256 (offer->certificate->certificate),
                          offer->certificate->token->uri);
}

static CardeaPromptOffer *
to_prompt (const CardeaOffer *offer, gboolean renewed)
{
  const CardeaCertificate *certificate = offer->certificate->certificate;
  const CardeaHostToken *token = offer->certificate->token->info;
  CardeaPromptOffer *self = cardea_prompt_offer_new ();

  self->id = cardea_offer_dup_id (offer);
  self->holder = g_strdup (cardea_certificate_get_holder (certificate));
  self->issuer = g_strdup (cardea_certificate_get_issuer_holder (certificate));
  self->subject_name = g_strdup (cardea_certificate_get_subject (certificate));
  self->issuer_name = g_strdup (cardea_certificate_get_issuer (certificate));
  self->serial = g_strdup (cardea_certificate_get_serial (certificate));
  self->sha256 = g_strdup (cardea_certificate_get_sha256 (certificate));
  self->key = g_strdup (cardea_certificate_get_key_name (certificate));
  g_strfreev (self->purposes);
  self->purposes =
      cardea_purposes_dup_names (cardea_certificate_get_purposes (certificate) & ~CARDEA_PURPOSE_AUTHORITY);
  self->not_before = cardea_certificate_get_not_before (certificate);
  self->not_after = cardea_certificate_get_not_after (certificate);
  self->token_label = g_strdup (token->label);
  self->reader = g_strdup (token->reader);
  self->renewed = renewed;
  for (guint i = 0; i < offer->reasons->len; i++) {
    const CardeaReason *reason = offer->reasons->pdata[i];

    g_ptr_array_add (self->reasons, cardea_prompt_reason_new (cardea_reason_code_to_string (reason->code),
                                                              reason->message, reason->remedy));
  }
  return self;
}

GPtrArray *
cardea_offers_to_prompt (const CardeaChoice *choice, int renewed)
{
  GPtrArray *offers = cardea_prompt_offers_new ();
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < choice->offers->len; i++) {
    CardeaPromptOffer *offer = to_prompt (choice->offers->pdata[i], (int)i == renewed);

    /* Those that fit come first: they are the ones that stay. */
    if (g_hash_table_add (ids, offer->id))
      g_ptr_array_add (offers, offer);
    else
      cardea_prompt_offer_free (offer);
  }
  return offers;
}

const CardeaOffer *
cardea_offers_find_fitting (const CardeaChoice *choice, const char *id)
{
  for (guint i = 0; i < choice->n_fitting; i++) {
    g_autofree char *own = cardea_offer_dup_id (choice->offers->pdata[i]);

    if (g_str_equal (own, id))
      return choice->offers->pdata[i];
  }
  return NULL;
}
