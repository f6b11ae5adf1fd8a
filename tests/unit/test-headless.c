/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without a person: each question ends at once, with an error that names the question and the token. */

#include "agent/prompt/headless.h"

#include <string.h>

#include "socket-api/wire/error.h"

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static void
test_refuses (void)
{
  g_autoptr (CardeaPrompter) prompter = cardea_headless_prompter_new ();
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  json_t *parameters;

  g_assert_cmpint (question->tries, ==, -1);
  question->token_uri = g_strdup ("pkcs11:token=T");
  cardea_prompter_ask_pin_async (prompter, question, NULL, on_asked, &result);
  g_assert_null (result); /* never from inside the call */
  /* The values may go away as soon as the call returned. */
  g_clear_pointer (&question, cardea_pin_question_free);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  g_assert_null (cardea_prompter_ask_pin_finish (prompter, result, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_nonnull (strstr (error->message, "pkcs11:token=T"));
  parameters = cardea_error_get_parameters (error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "question")), ==, "pin");
  g_assert_true (json_is_array (json_object_get (parameters, "offers")));
}

static void
test_refuses_certificate (void)
{
  g_autoptr (CardeaPrompter) prompter = cardea_headless_prompter_new ();
  CardeaPromptQuestion *asked = cardea_prompt_question_new (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaCertificateQuestion) question = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  json_t *parameters;

  asked->server.name = g_strdup ("a.example");
  question = cardea_certificate_question_new (asked, "exe:/usr/bin/example", NULL);
  cardea_prompter_ask_certificate_async (prompter, question, NULL, on_asked, &result);
  g_assert_null (result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  g_assert_null (cardea_prompter_ask_certificate_finish (prompter, result, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_nonnull (strstr (error->message, "a.example"));
  parameters = cardea_error_get_parameters (error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "question")), ==, "certificate");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/headless/refuses", test_refuses);
  g_test_add_func ("/headless/refuses-certificate", test_refuses_certificate);
  return g_test_run ();
}
