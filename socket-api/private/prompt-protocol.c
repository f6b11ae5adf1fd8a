/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cardea-agent and cardea-prompt say to each other, to and from bytes.
 *
 * Neither believes the other. The prompt draws what certificates and programs say of themselves with a large
 * toolkit, so what it answers may be anybody's words; the agent's questions carry these texts, so the prompt
 * bounds them before it shows them. An encoder never makes what its decoder refuses for a foreign text:
 * texts are cut, lists end at their limit, and values with a form of their own are left out where they do
 * not have it. */

#include "socket-api/private/prompt-protocol.h"

#include <string.h>

#include "socket-api/private/prompt-offers.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

/* All texts of a question but its certificates', then of one certificate, each byte an escape of six. */
#define QUESTION_TEXTS (10 + CARDEA_LIMIT_PROMPT_ITEMS)
#define OFFER_TEXTS (10 + 4 * CARDEA_LIMIT_PROMPT_ITEMS)
#define FRAME_BYTES (64 * 1024) /* keys, numbers, punctuation */

G_STATIC_ASSERT ((QUESTION_TEXTS + OFFER_TEXTS) * 6 * CARDEA_LIMIT_PROMPT_TEXT_BYTES + FRAME_BYTES <=
                 CARDEA_LIMIT_PROMPT_MESSAGE_BYTES);

/* In the order of the enumerations. */
static const char *const KINDS[] = { "certificate", "pin", "new_pin", NULL };
static const char *const REMEMBERS[] = { "not", "removal", "always", NULL };
static const char *const PIN_STATES[] = { "fine", "low", "final_try", "locked", "must_change", NULL };
static const char *const UPDATES[] = { "offers", "withdraw", NULL };
static const char *const ANSWERS[] = { "shown", "use", "continue", "pin_typed", "pinpad", "cancel", NULL };
static const char *const WITHDRAWALS[] = {
  "token_removed", "caller_gone",    "timed_out",      "answered",
  "server_closed", "call_timed_out", "agent_stopping", NULL,
};
/* Of texts that are kept as such. */
static const char *const CONFINEMENTS[] = { "flatpak", "snap", NULL };
static const char *const COLOUR_SCHEMES[] = { "light", "dark", NULL };

#define PORT_MAX 65535
#define TRIES_MAX 255

static gboolean
is_window (const char *text)
{
  const char *handle = strchr (text, ':');

  return handle && handle[1] != '\0' && strlen (text) <= CARDEA_LIMIT_PROMPT_TEXT_BYTES &&
         g_utf8_validate (text, -1, NULL) &&
         (g_str_has_prefix (text, "wayland:") || g_str_has_prefix (text, "x11:"));
}

static void
put_known_text (json_t *object, const char *key, const char *text, const char *const *known)
{
  if (text && g_strv_contains (known, text))
    cardea_prompt_put_text (object, key, text);
}

static char *
take_known_text (CardeaPromptFields *fields, const char *key, const char *const *known)
{
  char *text = cardea_prompt_take_optional_text (fields, key);

  if (text && !g_strv_contains (known, text))
    cardea_prompt_fields_fail (fields, key);
  return text;
}

static char *
take_window (CardeaPromptFields *fields)
{
  char *text = cardea_prompt_take_optional_text (fields, "window");

  if (text && !is_window (text))
    cardea_prompt_fields_fail (fields, "window");
  return text;
}

static void
put_program (json_t *object, const CardeaPromptProgram *program)
{
  json_t *inner = json_object ();

  cardea_prompt_put_text (inner, "label", program->label);
  put_known_text (inner, "confinement", program->confinement, CONFINEMENTS);
  cardea_prompt_put_texts (inner, "parents", program->parents);
  json_object_set_new (object, "program", inner);
}

static void
take_program (CardeaPromptFields *fields, CardeaPromptProgram *program)
{
  CardeaPromptFields inner;

  cardea_prompt_fields_init (&inner, cardea_prompt_take_object (fields, "program"));
  program->label = cardea_prompt_take_name (&inner, "label");
  program->confinement = take_known_text (&inner, "confinement", CONFINEMENTS);
  g_strfreev (program->parents);
  program->parents = cardea_prompt_take_texts (&inner, "parents");
  if (!cardea_prompt_fields_finish (&inner, NULL))
    cardea_prompt_fields_fail (fields, "program");
}

static void
put_server (json_t *object, const CardeaPromptServer *server)
{
  json_t *inner = json_object ();

  cardea_prompt_put_text (inner, "name", server->name);
  cardea_prompt_put_number (inner, "port", server->port);
  cardea_prompt_put_text (inner, "vouched_by", server->vouched_by);
  cardea_prompt_put_flag (inner, "by_program_only", server->by_program_only);
  json_object_set_new (object, "server", inner);
}

static void
take_server (CardeaPromptFields *fields, CardeaPromptServer *server)
{
  CardeaPromptFields inner;

  cardea_prompt_fields_init (&inner, cardea_prompt_take_object (fields, "server"));
  server->name = cardea_prompt_take_name (&inner, "name");
  server->port = (guint16)cardea_prompt_take_number (&inner, "port", 1, PORT_MAX);
  server->vouched_by = cardea_prompt_take_text (&inner, "vouched_by");
  server->by_program_only = cardea_prompt_take_flag (&inner, "by_program_only");
  if (!cardea_prompt_fields_finish (&inner, NULL))
    cardea_prompt_fields_fail (fields, "server");
}

/* How far a message is filled before its certificates are put into it. */
static void
put_offers (json_t *object, const GPtrArray *offers)
{
  gsize used = json_dumpb (object, NULL, 0, JSON_COMPACT) + strlen (",\"offers\":[]");

  json_object_set_new (object, "offers",
                       cardea_prompt_offers_to_json (offers, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES - used));
}

static gboolean
is_told (json_t *object, const char *id)
{
  json_t *offer;
  gsize i;

  json_array_foreach (json_object_get (object, "offers"), i, offer)
    if (g_strcmp0 (json_string_value (json_object_get (offer, "id")), id) == 0)
      return TRUE;
  return FALSE;
}

static void
put_certificate_question (json_t *object, const CardeaPromptQuestion *self)
{
  cardea_prompt_put_flag (object, "may_continue", self->may_continue);
  cardea_prompt_put_text (object, "may_remember", REMEMBERS[self->may_remember]);
  cardea_prompt_put_optional_text (object, "preselected", self->preselected);
  put_offers (object, self->offers);
  if (self->preselected && !is_told (object, self->preselected))
    json_object_del (object, "preselected");
}

static void
put_pin_question (json_t *object, const CardeaPromptQuestion *self)
{
  cardea_prompt_put_text (object, "token_label", self->token_label);
  cardea_prompt_put_optional_text (object, "reader", self->reader);
  cardea_prompt_put_text (object, "pin_state", PIN_STATES[self->pin_state]);
  cardea_prompt_put_number (object, "pin_tries", CLAMP (self->pin_tries, -1, TRIES_MAX));
  cardea_prompt_put_flag (object, "rejected", self->rejected);
  cardea_prompt_put_flag (object, "pinpad", self->pinpad);
  cardea_prompt_put_flag (object, "for_signature", self->for_signature);
  cardea_prompt_put_flag (object, "for_connection", self->for_connection);
}

static void
put_new_pin_question (json_t *object, const CardeaPromptQuestion *self)
{
  cardea_prompt_put_flag (object, "unblock", self->unblock);
  cardea_prompt_put_flag (object, "new_pin_rejected", self->new_pin_rejected);
  cardea_prompt_put_number (object, "pin_min", self->pin_min);
  cardea_prompt_put_number (object, "pin_max", self->pin_max);
}

GBytes *
cardea_prompt_question_encode (const CardeaPromptQuestion *self)
{
  g_autoptr (json_t) object = json_object ();

  cardea_prompt_put_text (object, "kind", KINDS[self->kind]);
  put_program (object, &self->program);
  if (self->kind != CARDEA_PROMPT_NEW_PIN)
    put_server (object, &self->server);
  put_known_text (object, "colour_scheme", self->colour_scheme, COLOUR_SCHEMES);
  if (self->window && is_window (self->window))
    cardea_prompt_put_text (object, "window", self->window);
  if (self->kind == CARDEA_PROMPT_CERTIFICATE)
    put_certificate_question (object, self);
  else
    put_pin_question (object, self);
  if (self->kind == CARDEA_PROMPT_NEW_PIN)
    put_new_pin_question (object, self);
  return cardea_prompt_dump (object);
}

static gboolean
is_offered (const GPtrArray *offers, const char *id)
{
  for (guint i = 0; i < offers->len; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (offers, i);

    if (strcmp (offer->id, id) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
take_certificate_question (CardeaPromptFields *fields, CardeaPromptQuestion *self)
{
  g_ptr_array_unref (self->offers);
  self->offers = cardea_prompt_take_offers (fields);
  self->preselected = cardea_prompt_take_optional_text (fields, "preselected");
  if (!fields->problem && self->preselected && !is_offered (self->offers, self->preselected))
    cardea_prompt_fields_fail (fields, "preselected");
  self->may_continue = cardea_prompt_take_flag (fields, "may_continue");
  self->may_remember = (CardeaPromptRemember)cardea_prompt_take_choice (fields, "may_remember", REMEMBERS);
}

static void
take_pin_question (CardeaPromptFields *fields, CardeaPromptQuestion *self)
{
  self->token_label = cardea_prompt_take_text (fields, "token_label");
  self->reader = cardea_prompt_take_optional_text (fields, "reader");
  self->pin_state = (CardeaPromptPinState)cardea_prompt_take_choice (fields, "pin_state", PIN_STATES);
  self->pin_tries = (int)cardea_prompt_take_number (fields, "pin_tries", -1, TRIES_MAX);
  self->rejected = cardea_prompt_take_flag (fields, "rejected");
  self->pinpad = cardea_prompt_take_flag (fields, "pinpad");
  self->for_signature = cardea_prompt_take_flag (fields, "for_signature");
  self->for_connection = cardea_prompt_take_flag (fields, "for_connection");
}

static void
take_new_pin_question (CardeaPromptFields *fields, CardeaPromptQuestion *self)
{
  self->unblock = cardea_prompt_take_flag (fields, "unblock");
  self->new_pin_rejected = cardea_prompt_take_flag (fields, "new_pin_rejected");
  self->pin_min = (guint)cardea_prompt_take_number (fields, "pin_min", 1, CARDEA_LIMIT_PIN_BYTES);
  self->pin_max = (guint)cardea_prompt_take_number (fields, "pin_max", self->pin_min, CARDEA_LIMIT_PIN_BYTES);
}

CardeaPromptQuestion *
cardea_prompt_question_decode (GBytes *message, GError **error)
{
  g_autoptr (json_t) root = cardea_wire_object_parse (message, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES, error);
  g_autoptr (CardeaPromptQuestion) self = NULL;
  CardeaPromptFields fields;

  if (!root)
    return NULL;
  cardea_prompt_fields_init (&fields, root);
  self = cardea_prompt_question_new ((CardeaPromptKind)cardea_prompt_take_choice (&fields, "kind", KINDS));
  take_program (&fields, &self->program);
  if (self->kind != CARDEA_PROMPT_NEW_PIN)
    take_server (&fields, &self->server);
  self->colour_scheme = take_known_text (&fields, "colour_scheme", COLOUR_SCHEMES);
  self->window = take_window (&fields);
  if (self->kind == CARDEA_PROMPT_CERTIFICATE)
    take_certificate_question (&fields, self);
  else
    take_pin_question (&fields, self);
  if (self->kind == CARDEA_PROMPT_NEW_PIN)
    take_new_pin_question (&fields, self);
  return cardea_prompt_fields_finish (&fields, error) ? g_steal_pointer (&self) : NULL;
}

const char *
cardea_prompt_withdrawn_to_string (CardeaPromptWithdrawn self)
{
  return WITHDRAWALS[self];
}

GBytes *
cardea_prompt_update_encode (const CardeaPromptUpdate *self)
{
  g_autoptr (json_t) object = json_object ();

  cardea_prompt_put_text (object, "update", UPDATES[self->kind]);
  if (self->kind == CARDEA_PROMPT_UPDATE_OFFERS)
    put_offers (object, self->offers);
  else
    cardea_prompt_put_text (object, "reason", WITHDRAWALS[self->why]);
  return cardea_prompt_dump (object);
}

CardeaPromptUpdate *
cardea_prompt_update_decode (GBytes *message, GError **error)
{
  g_autoptr (json_t) root = cardea_wire_object_parse (message, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES, error);
  g_autoptr (CardeaPromptUpdate) self = NULL;
  CardeaPromptFields fields;

  if (!root)
    return NULL;
  cardea_prompt_fields_init (&fields, root);
  self = cardea_prompt_update_new (
      (CardeaPromptUpdateKind)cardea_prompt_take_choice (&fields, "update", UPDATES));
  if (self->kind == CARDEA_PROMPT_UPDATE_OFFERS) {
    g_ptr_array_unref (self->offers);
    self->offers = cardea_prompt_take_offers (&fields);
  } else {
    self->why = (CardeaPromptWithdrawn)cardea_prompt_take_choice (&fields, "reason", WITHDRAWALS);
  }
  return cardea_prompt_fields_finish (&fields, error) ? g_steal_pointer (&self) : NULL;
}

GBytes *
cardea_prompt_answer_encode (const CardeaPromptAnswer *self)
{
  g_autoptr (json_t) object = json_object ();

  cardea_prompt_put_text (object, "answer", ANSWERS[self->kind]);
  if (self->kind == CARDEA_PROMPT_USE)
    cardea_prompt_put_text (object, "id", self->id);
  if (self->kind == CARDEA_PROMPT_USE || self->kind == CARDEA_PROMPT_CONTINUE)
    cardea_prompt_put_text (object, "remember", REMEMBERS[self->remember]);
  return cardea_prompt_dump (object);
}

CardeaPromptAnswer *
cardea_prompt_answer_decode (GBytes *message, GError **error)
{
  g_autoptr (json_t) root = cardea_wire_object_parse (message, CARDEA_LIMIT_PROMPT_ANSWER_BYTES, error);
  g_autoptr (CardeaPromptAnswer) self = NULL;
  CardeaPromptFields fields;

  if (!root)
    return NULL;
  cardea_prompt_fields_init (&fields, root);
  self = cardea_prompt_answer_new (
      (CardeaPromptAnswerKind)cardea_prompt_take_choice (&fields, "answer", ANSWERS));
  if (self->kind == CARDEA_PROMPT_USE)
    self->id = cardea_prompt_take_name (&fields, "id");
  if (self->kind == CARDEA_PROMPT_USE || self->kind == CARDEA_PROMPT_CONTINUE)
    self->remember = (CardeaPromptRemember)cardea_prompt_take_choice (&fields, "remember", REMEMBERS);
  return cardea_prompt_fields_finish (&fields, error) ? g_steal_pointer (&self) : NULL;
}
