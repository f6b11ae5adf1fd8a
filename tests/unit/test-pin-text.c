/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of the PIN dialog: what is known is said, and nothing else. */

#include "ui/pin-text.h"

#include <string.h>

static CardeaPinText *
make_text (CardeaPromptPinState state, int tries, gboolean rejected, gboolean pinpad)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_new (CARDEA_PROMPT_PIN);

  question->pin_state = state;
  question->pin_tries = tries;
  question->rejected = rejected;
  question->pinpad = pinpad;
  return cardea_pin_text_new (question);
}

static void
assert_warning (CardeaPromptPinState state, int tries, gboolean rejected, const char *expected)
{
  g_autoptr (CardeaPinText) text = make_text (state, tries, rejected, FALSE);

  g_assert_cmpstr (text->warning, ==, expected);
}

static void
test_fine (void)
{
  g_autoptr (CardeaPinText) text = make_text (CARDEA_PROMPT_PIN_FINE, 3, FALSE, FALSE);

  g_assert_null (text->warning);
  g_assert_true (text->entry);
  g_assert_false (text->confirm);
  g_assert_cmpstr (text->accept, ==, "Unlock");
}

/* Why it is asked for again is said, whatever else is; a token that is locked has other worries. */
static void
test_for_signature (void)
{
  static const char why[] = "The key asks for the PIN for every signature.";

  for (CardeaPromptPinState state = CARDEA_PROMPT_PIN_FINE; state <= CARDEA_PROMPT_PIN_MUST_CHANGE; state++) {
    for (guint pinpad = 0; pinpad < 2; pinpad++) {
      g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_new (CARDEA_PROMPT_PIN);
      g_autoptr (CardeaPinText) text = NULL;
      g_autofree char *lead = NULL;

      question->pin_state = state;
      question->pinpad = pinpad != 0;
      question->for_signature = TRUE;
      text = cardea_pin_text_new (question);
      lead = cardea_pin_text_lead (text);
      g_assert_cmpstr (text->why, ==, state == CARDEA_PROMPT_PIN_LOCKED ? NULL : why);
      g_assert_cmpint (g_str_has_prefix (lead, why), ==, state != CARDEA_PROMPT_PIN_LOCKED);
      g_assert_cmpstr (text->accept, ==,
                       state == CARDEA_PROMPT_PIN_LOCKED ? NULL
                       : pinpad != 0                     ? "Continue"
                                                         : "Sign");
    }
  }
}

/* So is that a PIN serves one connection, unless the key says the same in stronger words. */
static void
test_for_connection (void)
{
  static const char why[] = "This token is set to ask for the PIN for every connection.";

  for (CardeaPromptPinState state = CARDEA_PROMPT_PIN_FINE; state <= CARDEA_PROMPT_PIN_MUST_CHANGE; state++) {
    g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_new (CARDEA_PROMPT_PIN);
    g_autoptr (CardeaPinText) once = NULL;
    g_autoptr (CardeaPinText) signature = NULL;

    question->pin_state = state;
    question->for_connection = TRUE;
    once = cardea_pin_text_new (question);
    g_assert_cmpstr (once->why, ==, state == CARDEA_PROMPT_PIN_LOCKED ? NULL : why);
    g_assert_cmpstr (once->accept, ==, state == CARDEA_PROMPT_PIN_LOCKED ? NULL : "Unlock");
    question->for_signature = TRUE;
    signature = cardea_pin_text_new (question);
    g_assert_cmpstr (signature->why, !=, why);
  }
}

/* Otherwise there is no such word. */
static void
test_lead (void)
{
  g_autoptr (CardeaPinText) fine = make_text (CARDEA_PROMPT_PIN_FINE, 3, FALSE, FALSE);
  g_autoptr (CardeaPinText) last = make_text (CARDEA_PROMPT_PIN_FINAL_TRY, 1, FALSE, FALSE);
  g_autofree char *lead = cardea_pin_text_lead (fine);

  g_assert_null (fine->why);
  g_assert_cmpstr (lead, ==, fine->lead);
  g_assert_null (cardea_pin_text_lead (last));
}

static void
test_rejected (void)
{
  assert_warning (CARDEA_PROMPT_PIN_FINE, -1, TRUE, "The PIN was wrong.");
  assert_warning (CARDEA_PROMPT_PIN_FINE, 2, TRUE, "The PIN was wrong. 2 tries are left.");
  assert_warning (CARDEA_PROMPT_PIN_LOW, 1, TRUE, "The PIN was wrong. 1 try is left.");
}

/* A number is the token's or there is none. */
static void
test_no_number (void)
{
  for (int tries = -1; tries <= 0; tries++) {
    for (CardeaPromptPinState state = CARDEA_PROMPT_PIN_FINE; state <= CARDEA_PROMPT_PIN_MUST_CHANGE;
         state++) {
      g_autoptr (CardeaPinText) text = make_text (state, tries, TRUE, FALSE);

      g_assert_nonnull (text->warning);
      g_assert_null (strpbrk (text->warning, "0123456789"));
    }
  }
  assert_warning (CARDEA_PROMPT_PIN_LOW, -1, FALSE,
                  "Only a few tries are left before the token locks itself.");
}

static void
test_final_try (void)
{
  g_autoptr (CardeaPinText) text = make_text (CARDEA_PROMPT_PIN_FINAL_TRY, 1, TRUE, FALSE);
  g_autoptr (CardeaPinText) pinpad = make_text (CARDEA_PROMPT_PIN_FINAL_TRY, -1, FALSE, TRUE);

  g_assert_true (text->confirm);
  g_assert_true (text->entry);
  g_assert_null (strstr (text->warning, "1"));
  g_assert_true (pinpad->confirm);
  g_assert_false (pinpad->entry);
  g_assert_nonnull (pinpad->accept);
}

static void
test_locked (void)
{
  for (guint pinpad = 0; pinpad < 2; pinpad++) {
    g_autoptr (CardeaPinText) text = make_text (CARDEA_PROMPT_PIN_LOCKED, 0, FALSE, pinpad == 1);

    g_assert_false (text->entry);
    g_assert_false (text->confirm);
    g_assert_null (text->accept);
    g_assert_nonnull (text->refuse);
    g_assert_nonnull (strstr (text->warning, "PUK"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pin-text/fine", test_fine);
  g_test_add_func ("/pin-text/rejected", test_rejected);
  g_test_add_func ("/pin-text/no-number", test_no_number);
  g_test_add_func ("/pin-text/final-try", test_final_try);
  g_test_add_func ("/pin-text/locked", test_locked);
  g_test_add_func ("/pin-text/for-signature", test_for_signature);
  g_test_add_func ("/pin-text/for-connection", test_for_connection);
  g_test_add_func ("/pin-text/lead", test_lead);
  return g_test_run ();
}
