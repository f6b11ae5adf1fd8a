/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what agent and prompt believe of each other. The first byte says what the rest is: a question, an
 * update or an answer as they are on the socket, or (other values) texts of a question that is to be asked.
 * What was decoded says the same when it was encoded again, and what was encoded can always be decoded. */
#include "socket-api/private/prompt-protocol.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static GBytes *
strip_nul (GBytes *message)
{
  gsize length = g_bytes_get_size (message);

  g_assert_cmpuint (length, >, 1);
  g_assert_cmpuint (length, <=, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES + 1);
  return g_bytes_new_from_bytes (message, 0, length - 1);
}

static void
check_question (const CardeaPromptQuestion *question)
{
  g_autoptr (GBytes) encoded = cardea_prompt_question_encode (question);
  g_autoptr (GBytes) message = strip_nul (encoded);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) again = cardea_prompt_question_decode (message, &error);
  g_autoptr (GBytes) second = NULL;

  g_assert_no_error (error);
  second = cardea_prompt_question_encode (again);
  g_assert_true (g_bytes_equal (encoded, second));
}

static void
try_question (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_decode (bytes, &error);

  g_assert_true ((question == NULL) == (error != NULL));
  if (question)
    check_question (question);
}

static void
try_update (GBytes *bytes)
{
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_decode (bytes, NULL);
  g_autoptr (GBytes) encoded = update ? cardea_prompt_update_encode (update) : NULL;
  g_autoptr (GBytes) message = encoded ? strip_nul (encoded) : NULL;
  g_autoptr (CardeaPromptUpdate) again = message ? cardea_prompt_update_decode (message, NULL) : NULL;

  g_assert_true ((again == NULL) == (update == NULL));
}

static void
try_answer (GBytes *bytes)
{
  g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_decode (bytes, NULL);
  g_autoptr (GBytes) encoded = answer ? cardea_prompt_answer_encode (answer) : NULL;
  g_autoptr (GBytes) message = encoded ? strip_nul (encoded) : NULL;
  g_autoptr (CardeaPromptAnswer) again = message ? cardea_prompt_answer_decode (message, NULL) : NULL;

  g_assert_true ((again == NULL) == (answer == NULL));
  if (answer && again) {
    g_assert_cmpint (again->kind, ==, answer->kind);
    g_assert_cmpstr (again->id, ==, answer->id);
    g_assert_cmpint (again->remember, ==, answer->remember);
  }
}

/* The id and the names are never empty: those are the agent's own. */
static CardeaPromptOffer *
make_offer (FuzzInput *input)
{
  CardeaPromptOffer *offer = cardea_prompt_offer_new ();

  offer->id = g_strdup ("1");
  offer->holder = fuzz_take_text (input);
  offer->issuer = fuzz_take_text (input);
  offer->subject_name = fuzz_take_text (input);
  offer->token_label = fuzz_take_text (input);
  offer->reader = fuzz_take_text (input);
  offer->not_after = fuzz_take_byte (input);
  g_ptr_array_add (offer->reasons, cardea_prompt_reason_new ("expired", offer->holder, offer->issuer));
  return offer;
}

static void
ask (FuzzInput *input)
{
  CardeaPromptKind kind = fuzz_take_byte (input) % 2 ? CARDEA_PROMPT_PIN : CARDEA_PROMPT_CERTIFICATE;
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_new (kind);
  g_autofree char *label = fuzz_take_text (input);
  g_autofree char *name = fuzz_take_text (input);

  question->program.label = g_strconcat ("/", label, NULL);
  question->server.name = g_strconcat ("a", name, NULL);
  question->server.port = 443;
  question->server.vouched_by = fuzz_take_text (input);
  question->window = fuzz_take_text (input);
  question->program.confinement = fuzz_take_text (input);
  question->preselected = fuzz_take_text (input);
  question->token_label = fuzz_take_text (input);
  question->pin_tries = fuzz_take_byte (input);
  g_ptr_array_add (question->offers, make_offer (input));
  check_question (question);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  guint8 what = fuzz_take_byte (&input);

  if (what == 'q' || what == 'u' || what == 'a') {
    g_autoptr (GBytes) rest = fuzz_take_rest (&input);

    if (what == 'q')
      try_question (rest);
    else if (what == 'u')
      try_update (rest);
    else
      try_answer (rest);
  } else {
    ask (&input);
  }
  return 0;
}
