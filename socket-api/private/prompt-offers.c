/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The certificates of a question or an update, as JSON.
 *
 * An answer names one of them by its id, so an id that is empty or stands twice would be an answer that is
 * about something else than what the person saw. */

#include "socket-api/private/prompt-offers.h"

#include "socket-api/private/prompt-protocol.h"
#include "socket-api/wire/message.h"

static json_t *
reasons_to_json (const GPtrArray *reasons)
{
  json_t *array = json_array ();

  for (guint i = 0; i < reasons->len && i < CARDEA_LIMIT_PROMPT_ITEMS; i++) {
    const CardeaPromptReason *reason = g_ptr_array_index (reasons, i);
    json_t *object = json_object ();

    cardea_prompt_put_text (object, "code", reason->code);
    cardea_prompt_put_text (object, "message", reason->message);
    cardea_prompt_put_optional_text (object, "remedy", reason->remedy);
    json_array_append_new (array, object);
  }
  return array;
}

static json_t *
offer_to_json (const CardeaPromptOffer *offer)
{
  json_t *object = json_object ();

  cardea_prompt_put_text (object, "id", offer->id);
  cardea_prompt_put_text (object, "holder", offer->holder);
  cardea_prompt_put_text (object, "issuer", offer->issuer);
  cardea_prompt_put_text (object, "subject_name", offer->subject_name);
  cardea_prompt_put_text (object, "issuer_name", offer->issuer_name);
  cardea_prompt_put_text (object, "serial", offer->serial);
  cardea_prompt_put_text (object, "sha256", offer->sha256);
  cardea_prompt_put_text (object, "key", offer->key);
  cardea_prompt_put_texts (object, "purposes", offer->purposes);
  cardea_prompt_put_number (object, "not_before", offer->not_before);
  cardea_prompt_put_number (object, "not_after", offer->not_after);
  cardea_prompt_put_text (object, "token_label", offer->token_label);
  cardea_prompt_put_optional_text (object, "reader", offer->reader);
  cardea_prompt_put_flag (object, "renewed", offer->renewed);
  json_object_set_new (object, "reasons", reasons_to_json (offer->reasons));
  return object;
}

json_t *
cardea_prompt_offers_to_json (const GPtrArray *offers, gsize max_bytes)
{
  json_t *array = json_array ();
  gsize left = max_bytes;

  for (guint i = 0; i < offers->len && i < CARDEA_LIMIT_PROMPT_OFFERS; i++) {
    g_autoptr (json_t) object = offer_to_json (g_ptr_array_index (offers, i));
    gsize size = json_dumpb (object, NULL, 0, JSON_COMPACT) + 1; /* and a comma */

    if (size > left)
      break;
    left -= size;
    json_array_append (array, object);
  }
  return array;
}

static gboolean
take_reasons (CardeaPromptFields *self, GPtrArray *reasons)
{
  json_t *array = cardea_prompt_take_array (self, "reasons", CARDEA_LIMIT_PROMPT_ITEMS);

  for (gsize i = 0; i < json_array_size (array); i++) {
    CardeaPromptReason *reason = cardea_prompt_reason_new (NULL, NULL, NULL);
    CardeaPromptFields fields;

    g_ptr_array_add (reasons, reason);
    cardea_prompt_fields_init (&fields, json_array_get (array, i));
    reason->code = cardea_prompt_take_name (&fields, "code");
    reason->message = cardea_prompt_take_text (&fields, "message");
    reason->remedy = cardea_prompt_take_optional_text (&fields, "remedy");
    if (!cardea_prompt_fields_finish (&fields, NULL))
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_offer (json_t *value, CardeaPromptOffer *offer)
{
  CardeaPromptFields fields;

  cardea_prompt_fields_init (&fields, value);
  offer->id = cardea_prompt_take_name (&fields, "id");
  offer->holder = cardea_prompt_take_text (&fields, "holder");
  offer->issuer = cardea_prompt_take_text (&fields, "issuer");
  offer->subject_name = cardea_prompt_take_text (&fields, "subject_name");
  offer->issuer_name = cardea_prompt_take_text (&fields, "issuer_name");
  offer->serial = cardea_prompt_take_text (&fields, "serial");
  offer->sha256 = cardea_prompt_take_text (&fields, "sha256");
  offer->key = cardea_prompt_take_text (&fields, "key");
  g_strfreev (offer->purposes);
  offer->purposes = cardea_prompt_take_texts (&fields, "purposes");
  offer->not_before = cardea_prompt_take_number (&fields, "not_before", G_MININT64, G_MAXINT64);
  offer->not_after = cardea_prompt_take_number (&fields, "not_after", G_MININT64, G_MAXINT64);
  offer->token_label = cardea_prompt_take_text (&fields, "token_label");
  offer->reader = cardea_prompt_take_optional_text (&fields, "reader");
  offer->renewed = cardea_prompt_take_flag (&fields, "renewed");
  return take_reasons (&fields, offer->reasons) && cardea_prompt_fields_finish (&fields, NULL);
}

GPtrArray *
cardea_prompt_take_offers (CardeaPromptFields *self)
{
  json_t *array = cardea_prompt_take_array (self, "offers", CARDEA_LIMIT_PROMPT_OFFERS);
  GPtrArray *offers = cardea_prompt_offers_new ();
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; i < json_array_size (array); i++) {
    CardeaPromptOffer *offer = cardea_prompt_offer_new ();

    g_ptr_array_add (offers, offer);
    if (!take_offer (json_array_get (array, i), offer) || !g_hash_table_add (ids, offer->id)) {
      cardea_prompt_fields_fail (self, "offers");
      break;
    }
  }
  return offers;
}
