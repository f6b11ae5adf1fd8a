/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The person of other tests: says what was written, when it is asked, and no sooner than it is released. */

#include "tests/fixtures/scripted-prompter.h"

typedef struct
{
  gboolean done;
  CardeaSecret *pin;
  CardeaPromptAnswer *answer;
  GError *error;
} Told;

static void
on_pin (GObject *source, GAsyncResult *result, gpointer data)
{
  Told *told = data;

  told->pin = cardea_prompter_ask_pin_finish (CARDEA_PROMPTER (source), result, &told->error);
  told->done = TRUE;
}

static void
on_certificate (GObject *source, GAsyncResult *result, gpointer data)
{
  Told *told = data;

  told->answer = cardea_prompter_ask_certificate_finish (CARDEA_PROMPTER (source), result, &told->error);
  told->done = TRUE;
}

static void
ask_pin (ScriptedPrompter *prompter, gboolean pinpad, Told *told)
{
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();

  question->program = g_strdup ("/usr/bin/program");
  question->server_name = g_strdup ("a.example");
  question->port = 443;
  question->token_label = g_strdup ("T");
  question->pinpad = pinpad;
  *told = (Told){ 0 };
  cardea_prompter_ask_pin_async (CARDEA_PROMPTER (prompter), question, NULL, on_pin, told);
  g_assert_false (told->done);
}

static CardeaCertificateQuestion *
make_question (const char *first, const char *second)
{
  CardeaPromptQuestion *question = cardea_prompt_question_new (CARDEA_PROMPT_CERTIFICATE);
  CardeaPromptOffer *offers[] = { cardea_prompt_offer_new (), cardea_prompt_offer_new () };

  question->program.label = g_strdup ("/usr/bin/program");
  question->server.name = g_strdup ("a.example");
  question->server.port = 443;
  question->may_continue = TRUE;
  offers[0]->id = g_strdup (first);
  offers[1]->id = g_strdup (second);
  g_ptr_array_add (question->offers, offers[0]);
  g_ptr_array_add (question->offers, offers[1]);
  return cardea_certificate_question_new (question, "exe:/usr/bin/example", NULL);
}

static void
await (Told *told)
{
  while (!told->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_pins (void)
{
  g_autoptr (ScriptedPrompter) prompter = scripted_prompter_new ();
  const CardeaPromptQuestion *asked;
  Told told;

  scripted_prompter_add_pin (prompter, "1234");
  scripted_prompter_add_pinpad (prompter);
  scripted_prompter_add_error (prompter, CARDEA_ERROR_CANCELLED);
  ask_pin (prompter, FALSE, &told);
  await (&told);
  g_assert_no_error (told.error);
  g_assert_cmpmem (cardea_secret_peek (told.pin, NULL), cardea_secret_get_length (told.pin), "1234", 4);
  cardea_secret_unref (told.pin);
  ask_pin (prompter, TRUE, &told);
  await (&told);
  g_assert_no_error (told.error);
  g_assert_null (told.pin);
  ask_pin (prompter, FALSE, &told);
  await (&told);
  g_assert_error (told.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&told.error);
  g_assert_cmpuint (scripted_prompter_get_n_left (prompter), ==, 0);
  g_assert_cmpuint (scripted_prompter_get_questions (prompter)->len, ==, 3);
  asked = g_ptr_array_index (scripted_prompter_get_questions (prompter), 1);
  g_assert_true (asked->pinpad);
  g_assert_cmpstr (asked->token_label, ==, "T");
}

static void
assert_uses (Told *told, const char *id)
{
  await (told);
  g_assert_no_error (told->error);
  g_assert_cmpint (told->answer->kind, ==, CARDEA_PROMPT_USE);
  g_assert_cmpstr (told->answer->id, ==, id);
  g_clear_pointer (&told->answer, cardea_prompt_answer_free);
}

static void
test_certificates (void)
{
  g_autoptr (ScriptedPrompter) prompter = scripted_prompter_new ();
  g_autoptr (CardeaCertificateQuestion) question = make_question ("1", "2");
  Told told = { 0 };

  scripted_prompter_add_use (prompter, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  cardea_prompter_ask_certificate_async (CARDEA_PROMPTER (prompter), question, NULL, on_certificate, &told);
  assert_uses (&told, "1");
  scripted_prompter_add_use (prompter, "2", CARDEA_PROMPT_REMEMBER_NOT);
  told = (Told){ 0 };
  cardea_prompter_ask_certificate_async (CARDEA_PROMPTER (prompter), question, NULL, on_certificate, &told);
  assert_uses (&told, "2");
  scripted_prompter_add_continue (prompter, CARDEA_PROMPT_REMEMBER_NOT);
  told = (Told){ 0 };
  cardea_prompter_ask_certificate_async (CARDEA_PROMPTER (prompter), question, NULL, on_certificate, &told);
  await (&told);
  g_assert_cmpint (told.answer->kind, ==, CARDEA_PROMPT_CONTINUE);
  cardea_prompt_answer_free (told.answer);
}

/* What is offered when it is released counts. */
static void
test_pause (void)
{
  g_autoptr (ScriptedPrompter) prompter = scripted_prompter_new ();
  g_autoptr (CardeaCertificateQuestion) question = make_question ("1", "2");
  g_autoptr (CardeaCertificateQuestion) other = make_question ("3", "4");
  Told told = { 0 };

  scripted_prompter_add_pause (prompter);
  scripted_prompter_add_use (prompter, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_false (scripted_prompter_release (prompter));
  cardea_prompter_ask_certificate_async (CARDEA_PROMPTER (prompter), question, NULL, on_certificate, &told);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (told.done);
  g_assert_cmpuint (scripted_prompter_get_n_held (prompter), ==, 1);
  cardea_certificate_question_update_offers (question,
                                             cardea_certificate_question_get_question (other)->offers);
  g_assert_true (scripted_prompter_release (prompter));
  assert_uses (&told, "3");
}

static void
test_withdrawn (void)
{
  g_autoptr (ScriptedPrompter) prompter = scripted_prompter_new ();
  g_autoptr (CardeaCertificateQuestion) question = make_question ("1", "2");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Told told = { 0 };

  scripted_prompter_add_pause (prompter);
  cardea_prompter_ask_certificate_async (CARDEA_PROMPTER (prompter), question, cancellable, on_certificate,
                                         &told);
  g_cancellable_cancel (cancellable);
  await (&told);
  g_assert_error (told.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&told.error);
  g_assert_cmpuint (scripted_prompter_get_n_withdrawn (prompter), ==, 1);
  g_assert_false (scripted_prompter_release (prompter));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scripted-prompter/pins", test_pins);
  g_test_add_func ("/scripted-prompter/certificates", test_certificates);
  g_test_add_func ("/scripted-prompter/pause", test_pause);
  g_test_add_func ("/scripted-prompter/withdrawn", test_withdrawn);
  return g_test_run ();
}
