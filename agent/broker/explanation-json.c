/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* An explanation as org.cardea.agent has it. */

#include "agent/broker/explanation-json.h"

#include "agent/base/config-server.h"
#include "agent/broker/json.h"
#include "agent/tls/x509.h"
#include "socket-api/wire/error.h"

#define AUTHORITIES_ROOM (128 * 1024)
#define OFFERS_ROOM (384 * 1024)

/* A server may name thousands: as many as there is room for. */
static json_t *
name_authorities (GPtrArray *authorities)
{
  json_t *array = json_array ();
  gsize room = AUTHORITIES_ROOM;

  for (guint i = 0; authorities != NULL && i < authorities->len; i++) {
    g_autofree char *name = cardea_x509_describe_name (authorities->pdata[i]);
    gsize size = strlen (name) + strlen ("\"\",");

    if (size > room)
      break;
    room -= size;
    json_array_append_new (array, json_string (name));
  }
  return array;
}

static json_t *
from_nullable (const char *text)
{
  return text != NULL ? json_string (text) : json_null ();
}

static json_t *
make_server (const CardeaExplanationParts *self)
{
  const CardeaTlsInfo *info = self->info;
  json_t *object;

  if (info == NULL)
    return json_null ();
  object = json_object ();
  json_object_set_new (object, "name", json_string (cardea_request_get_server_name (self->request)));
  json_object_set_new (object, "port", json_integer (self->request->port));
  json_object_set_new (object, "tls_version", json_string (info->tls_version));
  json_object_set_new (object, "cipher_suite", json_string (info->cipher_suite));
  json_object_set_new (object, "alpn", from_nullable (info->alpn));
  json_object_set_new (object, "peer_chain", cardea_json_from_ders (info->peer_chain));
  json_object_set_new (object, "verified", json_boolean (self->fault == NULL));
  json_object_set_new (object, "vouched_by", from_nullable (info->vouched_by));
  json_object_set_new (object, "revocation", from_nullable (info->revocation));
  json_object_set_new (object, "certificate_requested", json_boolean (info->certificate_requested));
  json_object_set_new (object, "authorities", name_authorities (self->authorities));
  return object;
}

/* The code is ServerNotTrusted's reason. */
static json_t *
make_problems (const CardeaExplanationParts *self)
{
  json_t *array = json_array ();
  const char *reason;

  if (self->fault == NULL)
    return array;
  reason = json_string_value (json_object_get (cardea_error_get_parameters (self->fault), "reason"));
  json_array_append_new (array, json_pack ("{s:s, s:s, s:n}", "code", reason != NULL ? reason : "invalid",
                                           "message", self->fault->message, "remedy"));
  return array;
}

static void
append_switch (json_t *array, CardeaRuleSwitch value, const char *yes, const char *no)
{
  if (value != CARDEA_RULE_UNSET && (value == CARDEA_RULE_YES || no != NULL))
    json_array_append_new (array, json_string (value == CARDEA_RULE_YES ? yes : no));
}

static json_t *
make_effects (const CardeaRule *rule)
{
  json_t *array = json_array ();

  if (rule->action == CARDEA_RULE_DENY)
    json_array_append_new (array, json_string ("deny"));
  if (rule->action == CARDEA_RULE_CONSENT)
    json_array_append_new (array, json_string ("consent"));
  if (rule->condition != NULL)
    json_array_append_new (array, json_string ("narrow"));
  if (rule->settings.authorities != NULL)
    json_array_append_new (array, json_string ("authorities"));
  if (rule->settings.spki_pins->len > 0)
    json_array_append_new (array, json_string ("spki_pins"));
  append_switch (array, rule->settings.hard_revocation, "hard_revocation", NULL);
  append_switch (array, rule->settings.tls12, "tls12", "no_tls12");
  append_switch (array, rule->settings.post_handshake, "post_handshake", "no_post_handshake");
  return array;
}

static json_t *
make_rules (const CardeaExplanationParts *self)
{
  g_autofree char *host = cardea_config_normalise_host (cardea_request_get_server_name (self->request));
  json_t *array = json_array ();

  for (guint i = 0; self->rules != NULL && i < cardea_rules_get_length (self->rules); i++) {
    const CardeaRule *rule = cardea_rules_get (self->rules, i);

    if (cardea_rule_matches (rule, cardea_caller_get_key (self->caller), host, self->request->port))
      json_array_append_new (array, json_pack ("{s:s, s:s, s:o}", "name", rule->name, "where", rule->where,
                                               "effects", make_effects (rule)));
  }
  return array;
}

static gboolean
is_usable (const CardeaToken *token)
{
  return token->state == CARDEA_TOKEN_READY && token->problems->len == 0 && token->info != NULL &&
         token->info->pin != CARDEA_PIN_LOCKED && token->info->pin != CARDEA_PIN_NOT_SET &&
         token->info->pin != CARDEA_PIN_MUST_CHANGE;
}

static json_t *
make_token (const CardeaExplanationParts *self, CardeaToken *token)
{
  return cardea_json_from_token (token, NULL, cardea_unlocker_is_single_use (self->unlocker, token));
}

static json_t *
make_tokens (const CardeaExplanationParts *self)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (self->catalogue);
  g_autoptr (GPtrArray) reading = cardea_catalogue_get_reading (self->catalogue);
  json_t *array = json_array ();

  for (guint i = 0; i < tokens->len; i++)
    if (!is_usable (tokens->pdata[i]))
      json_array_append_new (array, make_token (self, tokens->pdata[i]));
  for (guint i = 0; i < reading->len; i++)
    json_array_append_new (array, make_token (self, reading->pdata[i]));
  return array;
}

static json_t *
make_certificate (const CardeaExplanationParts *self)
{
  return self->forecast->offer != NULL ? cardea_json_from_certificate (self->forecast->offer->certificate)
                                       : json_null ();
}

/* Decisions are for servers that are who they say. */
static json_t *
make_decision (const CardeaExplanationParts *self)
{
  const CardeaRemembered *remembered =
      self->fault == NULL && self->foresight != NULL ? self->foresight->standing.remembered : NULL;

  return remembered != NULL ? cardea_json_from_remembered (remembered) : json_null ();
}

json_t *
cardea_explanation_to_json (const CardeaExplanationParts *self)
{
  json_t *object = json_object ();

  json_object_set_new (object, "server", make_server (self));
  json_object_set_new (object, "problems", make_problems (self));
  json_object_set_new (object, "offers",
                       self->foresight != NULL
                           ? cardea_choice_to_json_within (self->foresight->choice, FALSE, OFFERS_ROOM)
                           : json_array ());
  json_object_set_new (object, "tokens", make_tokens (self));
  json_object_set_new (object, "rules", make_rules (self));
  json_object_set_new (object, "decision", make_decision (self));
  json_object_set_new (object, "certificate", make_certificate (self));
  json_object_set_new (object, "outcome", json_string (cardea_outcome_to_string (self->forecast->outcome)));
  json_object_set_new (object, "because", json_string (self->forecast->because->str));
  return object;
}
