/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which answers belong to a question.
 *
 * A prompt draws foreign texts with a large toolkit. Should one of them get the better of it, it can still
 * answer only what a person could have: a certificate that fits, remembered no longer than was offered. */

#include "agent/prompt/acceptance.h"

static const char *
find_fault_of_use (const CardeaPromptQuestion *question, const CardeaPromptAnswer *answer)
{
  for (guint i = 0; answer->id != NULL && i < question->offers->len; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (question->offers, i);

    if (g_strcmp0 (offer->id, answer->id) == 0)
      return offer->reasons->len == 0 ? NULL : "its answer names a certificate that does not fit";
  }
  return "its answer names a certificate that is not offered";
}

static const char *
find_fault_of_certificate (const CardeaPromptQuestion *question, const CardeaPromptAnswer *answer)
{
  if (answer->remember > question->may_remember)
    return "its answer is to be remembered for longer than was offered";
  if (answer->kind == CARDEA_PROMPT_USE)
    return find_fault_of_use (question, answer);
  if (answer->kind == CARDEA_PROMPT_CONTINUE)
    return question->may_continue ? NULL : "its answer goes on without a certificate, which was not offered";
  return "its answer is none to a question for a certificate";
}

static const char *
find_fault_of_pin (const CardeaPromptQuestion *question, const CardeaPromptAnswer *answer)
{
  if (question->pin_state == CARDEA_PROMPT_PIN_LOCKED)
    return "its answer goes on with a token that is locked";
  if (answer->kind == (question->pinpad ? CARDEA_PROMPT_PINPAD : CARDEA_PROMPT_PIN_TYPED))
    return NULL;
  return "its answer is none to this question for a PIN";
}

const char *
cardea_prompt_find_fault (const CardeaPromptQuestion *question, const CardeaPromptAnswer *answer)
{
  if (answer->kind == CARDEA_PROMPT_CANCEL)
    return NULL;
  if (question->kind == CARDEA_PROMPT_CERTIFICATE)
    return find_fault_of_certificate (question, answer);
  return find_fault_of_pin (question, answer);
}
