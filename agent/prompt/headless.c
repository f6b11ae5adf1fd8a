/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nobody is there: every question is answered at once by an error that says so.
 *
 * It is a prompter like any other, so that nothing else in the agent has to know whether a person is there.
 */

#include "agent/prompt/headless.h"

#include "socket-api/wire/error.h"

struct _CardeaHeadlessPrompter
{
  GObject parent;
};

static void headless_prompter_iface_init (CardeaPrompterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaHeadlessPrompter, cardea_headless_prompter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_PROMPTER, headless_prompter_iface_init))

static void
ask_pin_async (CardeaPrompter *prompter, const CardeaPinQuestion *question, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (prompter, cancellable, callback, data);
  GError *error;

  g_task_set_source_tag (task, ask_pin_async);
  error =
      question->sets_pin
          ? cardea_error_new (CARDEA_ERROR_INTERACTION_REQUIRED,
                              "A new PIN is typed by a person, and this agent runs without one.")
          : cardea_error_new (
                CARDEA_ERROR_INTERACTION_REQUIRED,
                "The token \"%s\" needs its PIN, and this agent runs without a person. Give it a source of "
                "the PIN: a group [pin NAME] in cardea-agent.conf(5).",
                question->token_label != NULL ? question->token_label : question->token_uri);
  cardea_error_take_parameter (error, "question", json_string ("pin"));
  cardea_error_take_parameter (error, "offers", json_array ());
  g_task_return_error (task, error);
}

static void
ask_certificate_async (CardeaPrompter *prompter, CardeaCertificateQuestion *certificate_question,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  const CardeaPromptQuestion *question = cardea_certificate_question_get_question (certificate_question);
  g_autoptr (GTask) task = g_task_new (prompter, cancellable, callback, data);
  GError *error;

  g_task_set_source_tag (task, ask_certificate_async);
  error = cardea_error_new (
      CARDEA_ERROR_INTERACTION_REQUIRED,
      "Somebody has to choose a certificate for \"%s\", and this agent runs without a person.",
      question->server.name != NULL ? question->server.name : "");
  cardea_error_take_parameter (error, "question", json_string ("certificate"));
  g_task_return_error (task, error);
}

static void
headless_prompter_iface_init (CardeaPrompterInterface *iface)
{
  iface->ask_pin_async = ask_pin_async;
  iface->ask_certificate_async = ask_certificate_async;
}

static void
cardea_headless_prompter_class_init (CardeaHeadlessPrompterClass *klass)
{
}

static void
cardea_headless_prompter_init (CardeaHeadlessPrompter *self)
{
}

CardeaPrompter *
cardea_headless_prompter_new (void)
{
  return g_object_new (CARDEA_TYPE_HEADLESS_PROMPTER, NULL);
}
