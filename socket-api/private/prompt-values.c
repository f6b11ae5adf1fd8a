/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What questions, updates and answers are made of, and how they go away. */

#include "socket-api/private/prompt-protocol.h"

static void
reason_free (gpointer data)
{
  CardeaPromptReason *self = data;

  if (!self)
    return;
  g_free (self->code);
  g_free (self->message);
  g_free (self->remedy);
  g_free (self);
}

CardeaPromptReason *
cardea_prompt_reason_new (const char *code, const char *message, const char *remedy)
{
  CardeaPromptReason *self = g_new0 (CardeaPromptReason, 1);

  self->code = g_strdup (code);
  self->message = g_strdup (message);
  self->remedy = g_strdup (remedy);
  return self;
}

CardeaPromptOffer *
cardea_prompt_offer_new (void)
{
  CardeaPromptOffer *self = g_new0 (CardeaPromptOffer, 1);

  self->purposes = g_new0 (char *, 1);
  self->reasons = g_ptr_array_new_with_free_func (reason_free);
  return self;
}

void
cardea_prompt_offer_free (CardeaPromptOffer *self)
{
  if (!self)
    return;
  g_free (self->id);
  g_free (self->holder);
  g_free (self->issuer);
  g_free (self->subject_name);
  g_free (self->issuer_name);
  g_free (self->serial);
  g_free (self->sha256);
  g_free (self->key);
  g_strfreev (self->purposes);
  g_free (self->token_label);
  g_free (self->reader);
  g_clear_pointer (&self->reasons, g_ptr_array_unref);
  g_free (self);
}

static void
offer_free (gpointer data)
{
  cardea_prompt_offer_free (data);
}

GPtrArray *
cardea_prompt_offers_new (void)
{
  return g_ptr_array_new_with_free_func (offer_free);
}

CardeaPromptQuestion *
cardea_prompt_question_new (CardeaPromptKind kind)
{
  CardeaPromptQuestion *self = g_new0 (CardeaPromptQuestion, 1);

  self->kind = kind;
  self->program.parents = g_new0 (char *, 1);
  self->offers = cardea_prompt_offers_new ();
  self->pin_tries = -1;
  self->pin_min = 1;
  self->pin_max = CARDEA_LIMIT_PIN_BYTES;
  return self;
}

CardeaPromptQuestion *
cardea_prompt_question_copy (const CardeaPromptQuestion *self)
{
  CardeaPromptQuestion *copy = g_memdup2 (self, sizeof *self);

  copy->program.label = g_strdup (self->program.label);
  copy->program.confinement = g_strdup (self->program.confinement);
  copy->program.parents = g_strdupv (self->program.parents);
  copy->server.name = g_strdup (self->server.name);
  copy->server.vouched_by = g_strdup (self->server.vouched_by);
  copy->colour_scheme = g_strdup (self->colour_scheme);
  copy->window = g_strdup (self->window);
  copy->offers = g_ptr_array_ref (self->offers);
  copy->preselected = g_strdup (self->preselected);
  copy->token_label = g_strdup (self->token_label);
  copy->reader = g_strdup (self->reader);
  return copy;
}

void
cardea_prompt_question_free (CardeaPromptQuestion *self)
{
  if (!self)
    return;
  g_free (self->program.label);
  g_free (self->program.confinement);
  g_strfreev (self->program.parents);
  g_free (self->server.name);
  g_free (self->server.vouched_by);
  g_free (self->colour_scheme);
  g_free (self->window);
  g_clear_pointer (&self->offers, g_ptr_array_unref);
  g_free (self->preselected);
  g_free (self->token_label);
  g_free (self->reader);
  g_free (self);
}

CardeaPromptUpdate *
cardea_prompt_update_new (CardeaPromptUpdateKind kind)
{
  CardeaPromptUpdate *self = g_new0 (CardeaPromptUpdate, 1);

  self->kind = kind;
  self->offers = cardea_prompt_offers_new ();
  return self;
}

void
cardea_prompt_update_free (CardeaPromptUpdate *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->offers, g_ptr_array_unref);
  g_free (self);
}

CardeaPromptAnswer *
cardea_prompt_answer_new (CardeaPromptAnswerKind kind)
{
  CardeaPromptAnswer *self = g_new0 (CardeaPromptAnswer, 1);

  self->kind = kind;
  return self;
}

void
cardea_prompt_answer_free (CardeaPromptAnswer *self)
{
  if (!self)
    return;
  g_free (self->id);
  g_free (self);
}
