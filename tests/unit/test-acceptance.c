/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each answer to each question: few of them are what a person could have said. */

#include "agent/prompt/acceptance.h"

#include "agent/prompt/pin-question.h"

static CardeaPromptQuestion *
make_question (gboolean may_continue, CardeaPromptRemember may_remember)
{
  CardeaPromptQuestion *question = cardea_prompt_question_new (CARDEA_PROMPT_CERTIFICATE);
  CardeaPromptOffer *fits = cardea_prompt_offer_new ();
  CardeaPromptOffer *expired = cardea_prompt_offer_new ();

  fits->id = g_strdup ("fits");
  expired->id = g_strdup ("expired");
  g_ptr_array_add (expired->reasons, cardea_prompt_reason_new ("expired", "It expired.", NULL));
  g_ptr_array_add (question->offers, fits);
  g_ptr_array_add (question->offers, expired);
  question->may_continue = may_continue;
  question->may_remember = may_remember;
  return question;
}

static gboolean
is_accepted (const CardeaPromptQuestion *question, CardeaPromptAnswerKind kind, const char *id,
             CardeaPromptRemember remember)
{
  CardeaPromptAnswer answer = { .kind = kind, .id = (char *)id, .remember = remember };

  return cardea_prompt_find_fault (question, &answer) == NULL;
}

static void
test_use (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (FALSE, CARDEA_PROMPT_REMEMBER_REMOVAL);

  g_assert_true (is_accepted (question, CARDEA_PROMPT_USE, "fits", CARDEA_PROMPT_REMEMBER_NOT));
  g_assert_true (is_accepted (question, CARDEA_PROMPT_USE, "fits", CARDEA_PROMPT_REMEMBER_REMOVAL));
  g_assert_false (is_accepted (question, CARDEA_PROMPT_USE, "fits", CARDEA_PROMPT_REMEMBER_ALWAYS));
  g_assert_false (is_accepted (question, CARDEA_PROMPT_USE, "expired", CARDEA_PROMPT_REMEMBER_NOT));
  g_assert_false (is_accepted (question, CARDEA_PROMPT_USE, "fit", CARDEA_PROMPT_REMEMBER_NOT));
  g_assert_false (is_accepted (question, CARDEA_PROMPT_USE, NULL, CARDEA_PROMPT_REMEMBER_NOT));
  g_ptr_array_set_size (question->offers, 0);
  g_assert_false (is_accepted (question, CARDEA_PROMPT_USE, "fits", CARDEA_PROMPT_REMEMBER_NOT));
}

static void
test_continue (void)
{
  g_autoptr (CardeaPromptQuestion) may = make_question (TRUE, CARDEA_PROMPT_REMEMBER_ALWAYS);
  g_autoptr (CardeaPromptQuestion) once = make_question (TRUE, CARDEA_PROMPT_REMEMBER_NOT);
  g_autoptr (CardeaPromptQuestion) may_not = make_question (FALSE, CARDEA_PROMPT_REMEMBER_ALWAYS);

  g_assert_true (is_accepted (may, CARDEA_PROMPT_CONTINUE, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS));
  g_assert_true (is_accepted (once, CARDEA_PROMPT_CONTINUE, NULL, CARDEA_PROMPT_REMEMBER_NOT));
  g_assert_false (is_accepted (once, CARDEA_PROMPT_CONTINUE, NULL, CARDEA_PROMPT_REMEMBER_REMOVAL));
  g_assert_false (is_accepted (may_not, CARDEA_PROMPT_CONTINUE, NULL, CARDEA_PROMPT_REMEMBER_NOT));
}

/* Of the kinds of another question none is accepted; giving up always is. */
static void
test_kinds (void)
{
  g_autoptr (CardeaPromptQuestion) certificate = make_question (TRUE, CARDEA_PROMPT_REMEMBER_ALWAYS);
  g_autoptr (CardeaPromptQuestion) pin = cardea_prompt_question_new (CARDEA_PROMPT_PIN);

  for (CardeaPromptAnswerKind kind = 0; kind <= CARDEA_PROMPT_CANCEL; kind++) {
    gboolean chooses = kind == CARDEA_PROMPT_USE || kind == CARDEA_PROMPT_CONTINUE;
    gboolean cancels = kind == CARDEA_PROMPT_CANCEL;

    g_assert_cmpint (is_accepted (certificate, kind, "fits", 0), ==, chooses || cancels);
    pin->pinpad = FALSE;
    g_assert_cmpint (is_accepted (pin, kind, "fits", 0), ==, kind == CARDEA_PROMPT_PIN_TYPED || cancels);
    pin->pinpad = TRUE;
    g_assert_cmpint (is_accepted (pin, kind, "fits", 0), ==, kind == CARDEA_PROMPT_PINPAD || cancels);
  }
}

static void
test_locked (void)
{
  g_autoptr (CardeaPinQuestion) asked = cardea_pin_question_new ();
  g_autoptr (CardeaPromptQuestion) question = NULL;

  asked->locked = TRUE;
  asked->final_try = TRUE;
  question = cardea_pin_question_to_prompt (asked);
  g_assert_cmpint (question->pin_state, ==, CARDEA_PROMPT_PIN_LOCKED);
  g_assert_false (is_accepted (question, CARDEA_PROMPT_PIN_TYPED, NULL, 0));
  g_assert_true (is_accepted (question, CARDEA_PROMPT_CANCEL, NULL, 0));
  question->pinpad = TRUE;
  g_assert_false (is_accepted (question, CARDEA_PROMPT_PINPAD, NULL, 0));
}

static CardeaPinQuestion *
make_pin_question (void)
{
  CardeaPinQuestion *question = cardea_pin_question_new ();

  question->token_uri = g_strdup ("pkcs11:token=T");
  question->token_label = g_strdup ("T");
  question->reader = g_strdup ("R");
  question->tries = 2;
  question->rejected = TRUE;
  question->program = g_strdup ("/usr/bin/program");
  question->confinement = g_strdup ("snap");
  question->parents = g_strsplit ("/bin/sh,/bin/init", ",", 0);
  question->server_name = g_strdup ("a.example");
  question->port = 8443;
  question->vouched_by = g_strdup ("CA");
  question->by_program_only = TRUE;
  question->window = g_strdup ("x11:1");
  question->activation_token = g_strdup ("token");
  return question;
}

static void
assert_purpose (const CardeaPromptQuestion *question)
{
  g_assert_cmpint (question->kind, ==, CARDEA_PROMPT_PIN);
  g_assert_cmpstr (question->program.label, ==, "/usr/bin/program");
  g_assert_cmpstr (question->program.confinement, ==, "snap");
  g_assert_cmpstr (question->program.parents[1], ==, "/bin/init");
  g_assert_cmpstr (question->server.name, ==, "a.example");
  g_assert_cmpuint (question->server.port, ==, 8443);
  g_assert_cmpstr (question->server.vouched_by, ==, "CA");
  g_assert_true (question->server.by_program_only);
  g_assert_cmpstr (question->window, ==, "x11:1");
}

static void
test_pin_question (void)
{
  g_autoptr (CardeaPinQuestion) asked = make_pin_question ();
  g_autoptr (CardeaPinQuestion) copy = cardea_pin_question_new_for (asked);
  g_autoptr (CardeaPromptQuestion) question = cardea_pin_question_to_prompt (asked);
  g_autoptr (CardeaPromptQuestion) of_copy = cardea_pin_question_to_prompt (copy);

  assert_purpose (question);
  g_assert_cmpstr (question->token_label, ==, "T");
  g_assert_cmpstr (question->reader, ==, "R");
  g_assert_cmpint (question->pin_tries, ==, 2);
  g_assert_true (question->rejected);
  assert_purpose (of_copy);
  g_assert_cmpstr (copy->activation_token, ==, "token");
  g_assert_null (of_copy->token_label);
  g_assert_cmpint (of_copy->pin_tries, ==, -1);
  g_assert_false (of_copy->rejected);
}

static void
test_pin_states (void)
{
  g_autoptr (CardeaPinQuestion) asked = cardea_pin_question_new ();
  gboolean *flags[] = { &asked->low, &asked->must_change, &asked->final_try, &asked->locked };
  const CardeaPromptPinState states[] = { CARDEA_PROMPT_PIN_LOW, CARDEA_PROMPT_PIN_MUST_CHANGE,
                                          CARDEA_PROMPT_PIN_FINAL_TRY, CARDEA_PROMPT_PIN_LOCKED };
  g_autoptr (CardeaPromptQuestion) fine = cardea_pin_question_to_prompt (asked);

  g_assert_cmpint (fine->pin_state, ==, CARDEA_PROMPT_PIN_FINE);
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++) {
    g_autoptr (CardeaPromptQuestion) question = NULL;

    *flags[i] = TRUE;
    question = cardea_pin_question_to_prompt (asked);
    g_assert_cmpint (question->pin_state, ==, states[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/acceptance/use", test_use);
  g_test_add_func ("/acceptance/continue", test_continue);
  g_test_add_func ("/acceptance/kinds", test_kinds);
  g_test_add_func ("/acceptance/locked", test_locked);
  g_test_add_func ("/acceptance/pin-question", test_pin_question);
  g_test_add_func ("/acceptance/pin-states", test_pin_states);
  return g_test_run ();
}
