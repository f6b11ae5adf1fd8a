/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a person who is asked for a PIN is told of the token, and what the token says of a PIN that was wrong.
 */

#include "agent/pin/asking.h"

#include "socket-api/wire/error.h"

static CardeaPinQuestion *
make (CardeaToken *token, CardeaPinState state, const CardeaPinQuestion *template, GCancellable *token_gone)
{
  CardeaPinQuestion *question = cardea_pin_question_new_for (template);

  question->token_uri = g_strdup (token->uri);
  question->token_label = g_strdup (token->info->label);
  question->reader = g_strdup (token->info->reader);
  question->pinpad = token->info->pinpad;
  question->low = state == CARDEA_PIN_LOW;
  question->final_try = state == CARDEA_PIN_FINAL_TRY;
  question->locked = state == CARDEA_PIN_LOCKED;
  question->must_change = state == CARDEA_PIN_MUST_CHANGE;
  question->token_gone = g_object_ref (token_gone);
  return question;
}

CardeaPinQuestion *
cardea_pin_make_question (const CardeaPinRecord *record, CardeaToken *token,
                          const CardeaPinQuestion *template, gboolean rejected, GCancellable *token_gone)
{
  CardeaPinQuestion *question =
      make (token, cardea_pin_record_get_state (record, token), template, token_gone);

  question->rejected = rejected;
  question->tries = cardea_pin_record_get_tries (record, token);
  return question;
}

CardeaPinQuestion *
cardea_pin_make_new_question (CardeaToken *token, CardeaPinAction action, CardeaPinState state,
                              const CardeaPinQuestion *template, GCancellable *token_gone)
{
  CardeaPinQuestion *question = make (token, state, template, token_gone);

  question->sets_pin = TRUE;
  question->unblock = action == CARDEA_PIN_UNBLOCK;
  question->pin_min = token->info->pin_min;
  question->pin_max = token->info->pin_max;
  return question;
}

static const char *
get_parameter (const GError *error, const char *name)
{
  json_t *parameters = cardea_error_get_parameters (error);

  return parameters != NULL ? json_string_value (json_object_get (parameters, name)) : NULL;
}

gboolean
cardea_pin_is_about_new (const GError *error)
{
  return g_strcmp0 (get_parameter (error, "secret"), "new_pin") == 0;
}

CardeaPinState
cardea_pin_read_state (const GError *error)
{
  const char *name = get_parameter (error, "pin");
  CardeaPinState state = CARDEA_PIN_UNKNOWN;

  if (name != NULL)
    (void)cardea_pin_state_from_string (name, &state);
  return state;
}

int
cardea_pin_read_tries (const GError *error)
{
  json_t *parameters = cardea_error_get_parameters (error);
  json_t *tries = parameters != NULL ? json_object_get (parameters, "tries") : NULL;

  return json_is_integer (tries) ? (int)json_integer_value (tries) : -1;
}

void
cardea_pin_note_refusal (CardeaPinRecord *record, CardeaSecret *secret, const GError *error)
{
  cardea_pin_record_refuse (record, secret, cardea_pin_read_state (error));
  record->tries = cardea_pin_read_tries (error);
}
