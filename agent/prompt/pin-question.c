/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A question for a token's PIN. */

#include "agent/prompt/pin-question.h"

CardeaPinQuestion *
cardea_pin_question_new (void)
{
  CardeaPinQuestion *self = g_new0 (CardeaPinQuestion, 1);

  self->tries = -1;
  return self;
}

CardeaPinQuestion *
cardea_pin_question_new_for (const CardeaPinQuestion *template)
{
  CardeaPinQuestion *self = cardea_pin_question_new ();

  if (template == NULL)
    return self;
  self->caller_key = g_strdup (template->caller_key);
  self->program = g_strdup (template->program);
  self->confinement = g_strdup (template->confinement);
  self->parents = g_strdupv (template->parents);
  self->server_name = g_strdup (template->server_name);
  self->port = template->port;
  self->vouched_by = g_strdup (template->vouched_by);
  self->by_program_only = template->by_program_only;
  self->window = g_strdup (template->window);
  self->for_signature = template->for_signature;
  self->for_connection = template->for_connection;
  self->activation_token = g_strdup (template->activation_token);
  self->terminal = template->terminal != NULL ? cardea_terminal_ref (template->terminal) : NULL;
  return self;
}

void
cardea_pin_question_free (CardeaPinQuestion *self)
{
  if (self == NULL)
    return;
  g_free (self->token_uri);
  g_free (self->token_label);
  g_free (self->reader);
  g_clear_object (&self->token_gone);
  g_free (self->caller_key);
  g_free (self->program);
  g_free (self->confinement);
  g_strfreev (self->parents);
  g_free (self->server_name);
  g_free (self->vouched_by);
  g_free (self->window);
  g_free (self->activation_token);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  g_free (self);
}

/* What matters most: a locked token takes no PIN, and the last try is worth a warning before all else. */
static CardeaPromptPinState
get_state (const CardeaPinQuestion *self)
{
  if (self->locked)
    return CARDEA_PROMPT_PIN_LOCKED;
  if (self->final_try)
    return CARDEA_PROMPT_PIN_FINAL_TRY;
  if (self->must_change)
    return CARDEA_PROMPT_PIN_MUST_CHANGE;
  return self->low ? CARDEA_PROMPT_PIN_LOW : CARDEA_PROMPT_PIN_FINE;
}

CardeaPromptQuestion *
cardea_pin_question_to_prompt (const CardeaPinQuestion *self)
{
  CardeaPromptQuestion *question =
      cardea_prompt_question_new (self->sets_pin ? CARDEA_PROMPT_NEW_PIN : CARDEA_PROMPT_PIN);

  question->program.label = g_strdup (self->program);
  question->program.confinement = g_strdup (self->confinement);
  if (self->parents != NULL) {
    g_strfreev (question->program.parents);
    question->program.parents = g_strdupv (self->parents);
  }
  question->server.name = g_strdup (self->server_name);
  question->server.port = self->port;
  question->server.vouched_by = g_strdup (self->vouched_by);
  question->server.by_program_only = self->by_program_only;
  question->window = g_strdup (self->window);
  question->token_label = g_strdup (self->token_label);
  question->reader = g_strdup (self->reader);
  question->pin_state = get_state (self);
  question->pin_tries = self->tries;
  question->rejected = self->rejected;
  question->pinpad = self->pinpad;
  question->for_signature = self->for_signature;
  question->for_connection = self->for_connection;
  if (self->sets_pin) {
    question->unblock = self->unblock;
    question->new_pin_rejected = self->new_pin_rejected;
    question->pin_min = self->pin_min;
    question->pin_max = self->pin_max;
  }
  return question;
}
