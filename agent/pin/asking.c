/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a person who is asked for a PIN is told of the token, and what the token says of a PIN that was wrong.
 */

#include "agent/pin/asking.h"

#include "socket-api/wire/error.h"

CardeaPinQuestion *
cardea_pin_make_question (const CardeaPinRecord *record, CardeaToken *token,
                          const CardeaPinQuestion *template, gboolean rejected, GCancellable *token_gone)
{
  CardeaPinState state = cardea_pin_record_get_state (record, token);
  CardeaPinQuestion *question = cardea_pin_question_new_for (template);

  question->token_uri = g_strdup (token->uri);
  question->token_label = g_strdup (token->info->label);
  question->reader = g_strdup (token->info->reader);
  question->pinpad = token->info->pinpad;
  question->low = state == CARDEA_PIN_LOW;
  question->final_try = state == CARDEA_PIN_FINAL_TRY;
  question->locked = state == CARDEA_PIN_LOCKED;
  question->must_change = state == CARDEA_PIN_MUST_CHANGE;
  question->rejected = rejected;
  question->token_gone = g_object_ref (token_gone);
  return question;
}

CardeaPinState
cardea_pin_read_state (const GError *error)
{
  json_t *parameters = cardea_error_get_parameters (error);
  const char *name = parameters != NULL ? json_string_value (json_object_get (parameters, "pin")) : NULL;
  CardeaPinState state = CARDEA_PIN_UNKNOWN;

  if (name != NULL)
    (void)cardea_pin_state_from_string (name, &state);
  return state;
}
