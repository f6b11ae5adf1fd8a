/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A question for a certificate, which lives as long as somebody waits for its answer. */

#include "agent/prompt/certificate-question.h"

struct _CardeaCertificateQuestion
{
  GObject parent;
  CardeaPromptQuestion *question;
  char *caller_key;
  char *activation_token;
  CardeaTerminal *terminal; /* or NULL */
};

G_DEFINE_FINAL_TYPE (CardeaCertificateQuestion, cardea_certificate_question, G_TYPE_OBJECT)

static guint changed_signal;

static void
finalize (GObject *object)
{
  CardeaCertificateQuestion *self = CARDEA_CERTIFICATE_QUESTION (object);

  cardea_prompt_question_free (self->question);
  g_free (self->caller_key);
  g_free (self->activation_token);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  G_OBJECT_CLASS (cardea_certificate_question_parent_class)->finalize (object);
}

static void
cardea_certificate_question_class_init (CardeaCertificateQuestionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
cardea_certificate_question_init (CardeaCertificateQuestion *self)
{
}

CardeaCertificateQuestion *
cardea_certificate_question_new (CardeaPromptQuestion *question, const char *caller_key,
                                 const char *activation_token)
{
  CardeaCertificateQuestion *self;

  g_return_val_if_fail (question != NULL && question->kind == CARDEA_PROMPT_CERTIFICATE, NULL);
  g_return_val_if_fail (caller_key != NULL, NULL);

  self = g_object_new (CARDEA_TYPE_CERTIFICATE_QUESTION, NULL);
  self->question = question;
  self->caller_key = g_strdup (caller_key);
  self->activation_token = g_strdup (activation_token);
  return self;
}

const CardeaPromptQuestion *
cardea_certificate_question_get_question (CardeaCertificateQuestion *self)
{
  return self->question;
}

const char *
cardea_certificate_question_get_caller_key (CardeaCertificateQuestion *self)
{
  return self->caller_key;
}

const char *
cardea_certificate_question_get_activation_token (CardeaCertificateQuestion *self)
{
  return self->activation_token;
}

void
cardea_certificate_question_set_terminal (CardeaCertificateQuestion *self, CardeaTerminal *terminal)
{
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  self->terminal = terminal != NULL ? cardea_terminal_ref (terminal) : NULL;
}

CardeaTerminal *
cardea_certificate_question_get_terminal (CardeaCertificateQuestion *self)
{
  return self->terminal;
}

void
cardea_certificate_question_update_offers (CardeaCertificateQuestion *self, GPtrArray *offers)
{
  GPtrArray *old = self->question->offers;

  self->question->offers = g_ptr_array_ref (offers);
  g_ptr_array_unref (old);
  g_signal_emit (self, changed_signal, 0);
}
