/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one way in which the agent asks a person, whoever it is that shows the question. */

#include "agent/prompt/prompter.h"

#include "socket-api/wire/error.h"

#define RETRY_MS 1000

G_DEFINE_INTERFACE (CardeaPrompter, cardea_prompter, G_TYPE_OBJECT)

static void
cardea_prompter_default_init (CardeaPrompterInterface *iface)
{
}

static gpointer
finish (CardeaPrompter *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (CARDEA_IS_PROMPTER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
cardea_prompter_ask_pin_async (CardeaPrompter *self, const CardeaPinQuestion *question,
                               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (CARDEA_IS_PROMPTER (self));
  g_return_if_fail (question != NULL);

  CARDEA_PROMPTER_GET_IFACE (self)->ask_pin_async (self, question, cancellable, callback, data);
}

CardeaSecret *
cardea_prompter_ask_pin_finish (CardeaPrompter *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
cardea_prompter_ask_certificate_async (CardeaPrompter *self, CardeaCertificateQuestion *question,
                                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (CARDEA_IS_PROMPTER (self));
  g_return_if_fail (CARDEA_IS_CERTIFICATE_QUESTION (question));

  CARDEA_PROMPTER_GET_IFACE (self)->ask_certificate_async (self, question, cancellable, callback, data);
}

CardeaPromptAnswer *
cardea_prompter_ask_certificate_finish (CardeaPrompter *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

GError *
cardea_prompter_new_busy_error (const char *message)
{
  GError *error = cardea_error_new (CARDEA_ERROR_BUSY, "%s", message);

  cardea_error_take_parameter (error, "what", json_string ("questions"));
  cardea_error_take_parameter (error, "retry_ms", json_integer (RETRY_MS));
  return error;
}
