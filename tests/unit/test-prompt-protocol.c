/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Agent and prompt: what one says the other understands, and whatever is almost that is refused. */

#include <string.h>

#include "socket-api/private/prompt-protocol.h"
#include "socket-api/wire/error.h"

#define PROGRAM "\"program\":{\"label\":\"/usr/bin/p\",\"parents\":[]}"
#define SERVER                                                                                               \
  "\"server\":{\"name\":\"a.example\",\"port\":443,\"vouched_by\":\"CA\",\"by_program_only\":false}"
#define OFFER_FROM_HOLDER                                                                                    \
  "\"holder\":\"h\",\"issuer\":\"i\",\"subject_name\":\"CN=h\",\"issuer_name\":\"CN=i\",\"serial\":\"01\","  \
  "\"sha256\":\"00\",\"key\":\"p256\",\"purposes\":[],\"not_before\":0,\"not_after\":1,"                     \
  "\"token_label\":\"t\",\"renewed\":false"
#define OFFER(id) "{\"id\":\"" id "\"," OFFER_FROM_HOLDER ",\"reasons\":[]}"
#define CERTIFICATE_END "\"may_continue\":true,\"may_remember\":\"always\""
#define CERTIFICATE(offers)                                                                                  \
  "{\"kind\":\"certificate\"," PROGRAM "," SERVER "," CERTIFICATE_END ",\"offers\":[" offers "]}"
#define PIN_END                                                                                              \
  "\"token_label\":\"t\",\"pin_state\":\"low\",\"pin_tries\":-1,\"rejected\":false,\"pinpad\":false,"        \
  "\"for_signature\":false,\"for_connection\":false"
#define PIN "{\"kind\":\"pin\"," PROGRAM "," SERVER "," PIN_END "}"

typedef struct
{
  const char *name;
  const char *text;
} Case;

static const Case GOOD_QUESTIONS[] = {
  { "certificate", CERTIFICATE (OFFER ("1") "," OFFER ("2")) },
  { "no-certificate", CERTIFICATE ("") },
  { "pin", PIN },
  { "empty-token-label",
    "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"\",\"pin_state\":\"fine\","
    "\"pin_tries\":255,\"rejected\":true,\"pinpad\":true,\"for_signature\":true,\"for_connection\":true}" },
};

/* Each is one step away from a good one. */
static const Case BAD_QUESTIONS[] = {
  { "empty", "" },
  { "array", "[]" },
  { "nothing", "{}" },
  { "garbage-after", PIN "x" },
  { "two", PIN PIN },
  { "kind-missing", "{" PROGRAM "," SERVER "," PIN_END "}" },
  { "kind-number", "{\"kind\":1," PROGRAM "," SERVER "," PIN_END "}" },
  { "kind-unknown", "{\"kind\":\"PIN\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "kind-twice", "{\"kind\":\"pin\",\"kind\":\"pin\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "kind-of-the-other", "{\"kind\":\"certificate\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "both-kinds", "{\"kind\":\"pin\"," PROGRAM "," SERVER "," PIN_END "," CERTIFICATE_END ",\"offers\":[]}" },
  { "unknown-key", "{\"kind\":\"pin\"," PROGRAM "," SERVER "," PIN_END ",\"pin\":\"1234\"}" },
  { "program-missing", "{\"kind\":\"pin\"," SERVER "," PIN_END "}" },
  { "program-text", "{\"kind\":\"pin\",\"program\":\"/usr/bin/p\"," SERVER "," PIN_END "}" },
  { "label-empty", "{\"kind\":\"pin\",\"program\":{\"label\":\"\",\"parents\":[]}," SERVER "," PIN_END "}" },
  { "label-null", "{\"kind\":\"pin\",\"program\":{\"label\":null,\"parents\":[]}," SERVER "," PIN_END "}" },
  { "label-with-nul",
    "{\"kind\":\"pin\",\"program\":{\"label\":\"a\\u0000b\",\"parents\":[]}," SERVER "," PIN_END "}" },
  { "label-not-utf8",
    "{\"kind\":\"pin\",\"program\":{\"label\":\"\xff\",\"parents\":[]}," SERVER "," PIN_END "}" },
  { "label-surrogate",
    "{\"kind\":\"pin\",\"program\":{\"label\":\"\\ud800\",\"parents\":[]}," SERVER "," PIN_END "}" },
  { "parents-missing", "{\"kind\":\"pin\",\"program\":{\"label\":\"a\"}," SERVER "," PIN_END "}" },
  { "parents-text",
    "{\"kind\":\"pin\",\"program\":{\"label\":\"a\",\"parents\":\"b\"}," SERVER "," PIN_END "}" },
  { "parent-number",
    "{\"kind\":\"pin\",\"program\":{\"label\":\"a\",\"parents\":[1]}," SERVER "," PIN_END "}" },
  { "confinement-unknown", "{\"kind\":\"pin\",\"program\":{\"label\":\"a\",\"parents\":[],\"confinement\":"
                           "\"docker\"}," SERVER "," PIN_END "}" },
  { "confinement-null", "{\"kind\":\"pin\",\"program\":{\"label\":\"a\",\"parents\":[],\"confinement\":"
                        "null}," SERVER "," PIN_END "}" },
  { "program-unknown-key",
    "{\"kind\":\"pin\",\"program\":{\"label\":\"a\",\"parents\":[],\"icon\":\"x\"}," SERVER "," PIN_END "}" },
  { "port-zero", "{\"kind\":\"pin\"," PROGRAM ",\"server\":{\"name\":\"a\",\"port\":0,\"vouched_by\":\"CA\","
                 "\"by_program_only\":false}," PIN_END "}" },
  { "port-past",
    "{\"kind\":\"pin\"," PROGRAM ",\"server\":{\"name\":\"a\",\"port\":65536,\"vouched_by\":\"CA\","
    "\"by_program_only\":false}," PIN_END "}" },
  { "port-real",
    "{\"kind\":\"pin\"," PROGRAM ",\"server\":{\"name\":\"a\",\"port\":443.0,\"vouched_by\":\"CA\","
    "\"by_program_only\":false}," PIN_END "}" },
  { "port-text", "{\"kind\":\"pin\"," PROGRAM ",\"server\":{\"name\":\"a\",\"port\":\"443\",\"vouched_by\":"
                 "\"CA\",\"by_program_only\":false}," PIN_END "}" },
  { "server-name-empty",
    "{\"kind\":\"pin\"," PROGRAM ",\"server\":{\"name\":\"\",\"port\":443,\"vouched_by\":"
    "\"CA\",\"by_program_only\":false}," PIN_END "}" },
  { "by-program-missing", "{\"kind\":\"pin\"," PROGRAM
                          ",\"server\":{\"name\":\"a\",\"port\":443,\"vouched_by\":\"CA\"}," PIN_END "}" },
  { "by-program-number",
    "{\"kind\":\"pin\"," PROGRAM ",\"server\":{\"name\":\"a\",\"port\":443,\"vouched_by\":"
    "\"CA\",\"by_program_only\":0}," PIN_END "}" },
  { "colour-unknown", "{\"kind\":\"pin\",\"colour_scheme\":\"red\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "window-bare", "{\"kind\":\"pin\",\"window\":\"12\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "window-empty", "{\"kind\":\"pin\",\"window\":\"x11:\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "window-unknown", "{\"kind\":\"pin\",\"window\":\"mir:1\"," PROGRAM "," SERVER "," PIN_END "}" },
  { "pin-state-unknown",
    "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"t\",\"pin_state\":\"good\","
    "\"pin_tries\":-1,\"rejected\":false,\"pinpad\":false,\"for_signature\":false,\"for_connection\":"
    "false}" },
  { "tries-below", "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"t\",\"pin_state\":\"low\","
                   "\"pin_tries\":-2,\"rejected\":false,\"pinpad\":false,\"for_signature\":false,\"for_"
                   "connection\":false}" },
  { "tries-past", "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"t\",\"pin_state\":\"low\","
                  "\"pin_tries\":256,\"rejected\":false,\"pinpad\":false,\"for_signature\":false,\"for_"
                  "connection\":false}" },
  { "pinpad-missing", "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"t\",\"pin_state\":\"low\","
                      "\"pin_tries\":1,\"rejected\":false}" },
  { "for-connection-missing",
    "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"t\",\"pin_state\":\"low\",\"pin_tries\":1,"
    "\"rejected\":false,\"pinpad\":false,\"for_signature\":false}" },
  { "offers-missing", "{\"kind\":\"certificate\"," PROGRAM "," SERVER "," CERTIFICATE_END "}" },
  { "offers-object", "{\"kind\":\"certificate\"," PROGRAM "," SERVER "," CERTIFICATE_END ",\"offers\":{}}" },
  { "offer-number", CERTIFICATE ("1") },
  { "offer-empty", CERTIFICATE ("{}") },
  { "offer-id-empty", CERTIFICATE (OFFER ("")) },
  { "offer-ids-same", CERTIFICATE (OFFER ("1") "," OFFER ("2") "," OFFER ("1")) },
  { "offer-ids-same-escaped", CERTIFICATE (OFFER ("1") "," OFFER ("\\u0031")) },
  { "offer-id-missing", CERTIFICATE ("{" OFFER_FROM_HOLDER ",\"reasons\":[]}") },
  { "offer-id-number", CERTIFICATE ("{\"id\":1," OFFER_FROM_HOLDER ",\"reasons\":[]}") },
  { "offer-unknown-key", CERTIFICATE ("{\"id\":\"1\"," OFFER_FROM_HOLDER ",\"reasons\":[],\"fits\":true}") },
  { "reasons-missing", CERTIFICATE ("{\"id\":\"1\"," OFFER_FROM_HOLDER "}") },
  { "reason-text", CERTIFICATE ("{\"id\":\"1\"," OFFER_FROM_HOLDER ",\"reasons\":[\"expired\"]}") },
  { "reason-code-empty",
    CERTIFICATE ("{\"id\":\"1\"," OFFER_FROM_HOLDER ",\"reasons\":[{\"code\":\"\",\"message\":\"m\"}]}") },
  { "reason-without-message",
    CERTIFICATE ("{\"id\":\"1\"," OFFER_FROM_HOLDER ",\"reasons\":[{\"code\":\"c\"}]}") },
  { "reason-unknown-key", CERTIFICATE ("{\"id\":\"1\"," OFFER_FROM_HOLDER
                                       ",\"reasons\":[{\"code\":\"c\",\"message\":\"m\",\"x\":1}]}") },
  { "preselected-not-offered", "{\"kind\":\"certificate\"," PROGRAM "," SERVER "," CERTIFICATE_END
                               ",\"preselected\":\"2\",\"offers\":[" OFFER ("1") "]}" },
  { "preselected-null", "{\"kind\":\"certificate\"," PROGRAM "," SERVER "," CERTIFICATE_END
                        ",\"preselected\":null,\"offers\":[" OFFER ("1") "]}" },
  { "may-remember-unknown", "{\"kind\":\"certificate\"," PROGRAM "," SERVER
                            ",\"may_continue\":true,\"may_remember\":\"forever\",\"offers\":[]}" },
  { "may-continue-text", "{\"kind\":\"certificate\"," PROGRAM "," SERVER
                         ",\"may_continue\":\"true\",\"may_remember\":\"not\",\"offers\":[]}" },
};

static const Case BAD_UPDATES[] = {
  { "nothing", "{}" },
  { "unknown", "{\"update\":\"close\"}" },
  { "for-connection-missing",
    "{\"kind\":\"pin\"," PROGRAM "," SERVER ",\"token_label\":\"t\",\"pin_state\":\"low\",\"pin_tries\":1,"
    "\"rejected\":false,\"pinpad\":false,\"for_signature\":false}" },
  { "offers-missing", "{\"update\":\"offers\"}" },
  { "offers-null", "{\"update\":\"offers\",\"offers\":null}" },
  { "offers-with-reason", "{\"update\":\"offers\",\"offers\":[],\"reason\":\"answered\"}" },
  { "offer-ids-same", "{\"update\":\"offers\",\"offers\":[" OFFER ("1") "," OFFER ("1") "]}" },
  { "withdraw-without-reason", "{\"update\":\"withdraw\"}" },
  { "withdraw-unknown", "{\"update\":\"withdraw\",\"reason\":\"because\"}" },
  { "withdraw-null", "{\"update\":\"withdraw\",\"reason\":null}" },
  { "withdraw-with-offers", "{\"update\":\"withdraw\",\"reason\":\"answered\",\"offers\":[]}" },
  { "answer", "{\"answer\":\"cancel\"}" },
};

static const Case BAD_ANSWERS[] = {
  { "empty", "" },
  { "nothing", "{}" },
  { "null", "null" },
  { "unknown", "{\"answer\":\"allow\"}" },
  { "number", "{\"answer\":1}" },
  { "twice", "{\"answer\":\"cancel\",\"answer\":\"continue\",\"remember\":\"not\"}" },
  { "use-without-id", "{\"answer\":\"use\",\"remember\":\"not\"}" },
  { "use-id-empty", "{\"answer\":\"use\",\"id\":\"\",\"remember\":\"not\"}" },
  { "use-id-number", "{\"answer\":\"use\",\"id\":1,\"remember\":\"not\"}" },
  { "use-without-remember", "{\"answer\":\"use\",\"id\":\"1\"}" },
  { "use-remember-flag", "{\"answer\":\"use\",\"id\":\"1\",\"remember\":true}" },
  { "use-remember-unknown", "{\"answer\":\"use\",\"id\":\"1\",\"remember\":\"session\"}" },
  { "use-unknown-key", "{\"answer\":\"use\",\"id\":\"1\",\"remember\":\"not\",\"pin\":\"1\"}" },
  { "continue-with-id", "{\"answer\":\"continue\",\"id\":\"1\",\"remember\":\"not\"}" },
  { "continue-without-remember", "{\"answer\":\"continue\"}" },
  { "cancel-with-remember", "{\"answer\":\"cancel\",\"remember\":\"not\"}" },
  { "pin-inside", "{\"answer\":\"pin_typed\",\"pin\":\"1234\"}" },
  { "deep", "{\"answer\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}" },
};

static GBytes *
from_text (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

/* As it comes out of a frame. */
static GBytes *
strip_nul (GBytes *encoded)
{
  gsize length;
  const char *text = g_bytes_get_data (encoded, &length);
  GBytes *message = g_bytes_new (text, length - 1);

  g_assert_cmpint (text[length - 1], ==, '\0');
  g_assert_cmpuint (strlen (text), ==, length - 1);
  g_bytes_unref (encoded);
  return message;
}

static void
test_good_question (gconstpointer data)
{
  g_autoptr (GBytes) message = from_text (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_decode (message, &error);

  g_assert_no_error (error);
  g_assert_nonnull (question);
}

static void
test_bad_question (gconstpointer data)
{
  g_autoptr (GBytes) message = from_text (data);
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_prompt_question_decode (message, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_bad_update (gconstpointer data)
{
  g_autoptr (GBytes) message = from_text (data);
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_prompt_update_decode (message, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_bad_answer (gconstpointer data)
{
  g_autoptr (GBytes) message = from_text (data);
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_prompt_answer_decode (message, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static CardeaPromptOffer *
make_offer (const char *id)
{
  CardeaPromptOffer *offer = cardea_prompt_offer_new ();

  offer->id = g_strdup (id);
  offer->holder = g_strdup ("Ana <b>&amp;</b>\n\"\\\xe2\x80\xae");
  offer->issuer = g_strdup ("Issuer");
  offer->subject_name = g_strdup ("CN=Ana");
  offer->issuer_name = g_strdup ("CN=Issuer");
  offer->serial = g_strdup ("01ff");
  offer->sha256 = g_strdup ("aa");
  offer->key = g_strdup ("rsa2048");
  g_strfreev (offer->purposes);
  offer->purposes = g_strsplit ("client_auth,email", ",", 0);
  offer->not_before = G_MININT64;
  offer->not_after = G_MAXINT64;
  offer->token_label = g_strdup ("Token");
  offer->reader = g_strdup ("Reader");
  offer->renewed = TRUE;
  g_ptr_array_add (offer->reasons, cardea_prompt_reason_new ("expired", "It expired.", "Ask for another."));
  g_ptr_array_add (offer->reasons, cardea_prompt_reason_new ("not_chosen", "Not chosen.", NULL));
  return offer;
}

static CardeaPromptQuestion *
make_question (CardeaPromptKind kind)
{
  CardeaPromptQuestion *question = cardea_prompt_question_new (kind);

  question->program.label = g_strdup ("/usr/bin/program");
  question->program.confinement = g_strdup ("flatpak");
  g_strfreev (question->program.parents);
  question->program.parents = g_strsplit ("/bin/sh,/usr/bin/terminal", ",", 0);
  question->server.name = g_strdup ("xn--bcher-kva.example");
  question->server.port = 65535;
  question->server.vouched_by = g_strdup ("CA");
  question->server.by_program_only = TRUE;
  question->colour_scheme = g_strdup ("dark");
  question->window = g_strdup ("wayland:0123");
  return question;
}

static CardeaPromptQuestion *
send_question (const CardeaPromptQuestion *question)
{
  g_autoptr (GBytes) message = strip_nul (cardea_prompt_question_encode (question));
  g_autoptr (GError) error = NULL;
  CardeaPromptQuestion *got = cardea_prompt_question_decode (message, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (message), <=, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES);
  return got;
}

static void
assert_same_offer (const CardeaPromptOffer *a, const CardeaPromptOffer *b)
{
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpstr (a->holder, ==, b->holder);
  g_assert_cmpstr (a->issuer, ==, b->issuer);
  g_assert_cmpstr (a->subject_name, ==, b->subject_name);
  g_assert_cmpstr (a->issuer_name, ==, b->issuer_name);
  g_assert_cmpstr (a->serial, ==, b->serial);
  g_assert_cmpstr (a->sha256, ==, b->sha256);
  g_assert_cmpstr (a->key, ==, b->key);
  g_assert_cmpstrv (a->purposes, b->purposes);
  g_assert_cmpint (a->not_before, ==, b->not_before);
  g_assert_cmpint (a->not_after, ==, b->not_after);
  g_assert_cmpstr (a->token_label, ==, b->token_label);
  g_assert_cmpstr (a->reader, ==, b->reader);
  g_assert_cmpint (a->renewed, ==, b->renewed);
  g_assert_cmpuint (a->reasons->len, ==, b->reasons->len);
  for (guint i = 0; i < a->reasons->len; i++) {
    const CardeaPromptReason *one = g_ptr_array_index (a->reasons, i);
    const CardeaPromptReason *other = g_ptr_array_index (b->reasons, i);

    g_assert_cmpstr (one->code, ==, other->code);
    g_assert_cmpstr (one->message, ==, other->message);
    g_assert_cmpstr (one->remedy, ==, other->remedy);
  }
}

static void
assert_same_head (const CardeaPromptQuestion *a, const CardeaPromptQuestion *b)
{
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpstr (a->program.label, ==, b->program.label);
  g_assert_cmpstr (a->program.confinement, ==, b->program.confinement);
  g_assert_cmpstrv (a->program.parents, b->program.parents);
  g_assert_cmpstr (a->server.name, ==, b->server.name);
  g_assert_cmpuint (a->server.port, ==, b->server.port);
  g_assert_cmpstr (a->server.vouched_by, ==, b->server.vouched_by);
  g_assert_cmpint (a->server.by_program_only, ==, b->server.by_program_only);
  g_assert_cmpstr (a->colour_scheme, ==, b->colour_scheme);
  g_assert_cmpstr (a->window, ==, b->window);
}

static void
test_certificate_question (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptQuestion) got = NULL;

  g_ptr_array_add (question->offers, make_offer ("one"));
  g_ptr_array_add (question->offers, make_offer ("two"));
  question->preselected = g_strdup ("two");
  question->may_continue = TRUE;
  question->may_remember = CARDEA_PROMPT_REMEMBER_ALWAYS;
  got = send_question (question);
  assert_same_head (question, got);
  g_assert_cmpuint (got->offers->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    assert_same_offer (g_ptr_array_index (question->offers, i), g_ptr_array_index (got->offers, i));
  g_assert_cmpstr (got->preselected, ==, "two");
  g_assert_true (got->may_continue);
  g_assert_cmpint (got->may_remember, ==, CARDEA_PROMPT_REMEMBER_ALWAYS);
}

static void
test_pin_question (void)
{
  for (CardeaPromptPinState state = 0; state <= CARDEA_PROMPT_PIN_MUST_CHANGE; state++) {
    g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_PIN);
    g_autoptr (CardeaPromptQuestion) got = NULL;

    question->token_label = g_strdup ("Token");
    question->pin_state = state;
    question->pin_tries = (int)state - 1;
    question->rejected = state % 2;
    question->pinpad = !(state % 2);
    got = send_question (question);
    assert_same_head (question, got);
    g_assert_cmpstr (got->token_label, ==, "Token");
    g_assert_null (got->reader);
    g_assert_cmpint (got->pin_state, ==, state);
    g_assert_cmpint (got->pin_tries, ==, (int)state - 1);
    g_assert_cmpint (got->rejected, ==, state % 2);
    g_assert_cmpint (got->pinpad, ==, !(state % 2));
  }
}

/* It is for no server, whatever is in the value. */
static void
test_new_pin_question (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_NEW_PIN);
  g_autoptr (CardeaPromptQuestion) got = NULL;

  question->token_label = g_strdup ("Token");
  question->pin_state = CARDEA_PROMPT_PIN_FINAL_TRY;
  question->unblock = TRUE;
  question->new_pin_rejected = TRUE;
  question->pin_min = 6;
  question->pin_max = 8;
  got = send_question (question);
  g_assert_cmpint (got->kind, ==, CARDEA_PROMPT_NEW_PIN);
  g_assert_cmpstr (got->program.label, ==, question->program.label);
  g_assert_null (got->server.name);
  g_assert_cmpstr (got->token_label, ==, "Token");
  g_assert_cmpint (got->pin_state, ==, CARDEA_PROMPT_PIN_FINAL_TRY);
  g_assert_true (got->unblock);
  g_assert_true (got->new_pin_rejected);
  g_assert_cmpuint (got->pin_min, ==, 6);
  g_assert_cmpuint (got->pin_max, ==, 8);
}

/* Limits that no PIN can keep. */
static void
test_new_pin_limits (void)
{
  static const struct
  {
    guint min, max;
    gboolean fine;
  } cases[] = {
    { 1, CARDEA_LIMIT_PIN_BYTES, TRUE }, { 4, 4, TRUE }, { 0, 8, FALSE }, { 8, 4, FALSE }, { 1, 256, FALSE }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_NEW_PIN);
    g_autoptr (CardeaPromptQuestion) got = NULL;
    g_autoptr (GBytes) message = NULL, without_end = NULL;

    question->pin_min = cases[i].min;
    question->pin_max = cases[i].max;
    message = cardea_prompt_question_encode (question);
    without_end = g_bytes_new_from_bytes (message, 0, g_bytes_get_size (message) - 1);
    got = cardea_prompt_question_decode (without_end, NULL);
    g_assert_cmpint (got != NULL, ==, cases[i].fine);
  }
}

/* What has a form of its own is left out where it does not have it. */
static void
test_foreign_values (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptQuestion) got = NULL;

  g_free (question->program.confinement);
  question->program.confinement = g_strdup ("docker");
  g_free (question->colour_scheme);
  question->colour_scheme = g_strdup ("pink");
  g_free (question->window);
  question->window = g_strdup ("wayland:\xff");
  question->preselected = g_strdup ("gone");
  g_free (question->server.vouched_by);
  question->server.vouched_by = NULL;
  got = send_question (question);
  g_assert_null (got->program.confinement);
  g_assert_null (got->colour_scheme);
  g_assert_null (got->window);
  g_assert_null (got->preselected);
  g_assert_cmpstr (got->server.vouched_by, ==, "");
}

static void
test_window_length (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptQuestion) allowed = NULL;
  g_autoptr (CardeaPromptQuestion) left_out = NULL;
  g_autofree char *handle = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES - strlen ("x11:"), '1');

  g_free (question->window);
  question->window = g_strconcat ("x11:", handle, NULL);
  allowed = send_question (question);
  g_assert_cmpstr (allowed->window, ==, question->window);
  g_free (question->window);
  question->window = g_strconcat ("x11:1", handle, NULL);
  left_out = send_question (question);
  g_assert_null (left_out->window);
}

static char *
cut (char *text)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptQuestion) got = NULL;

  question->token_label = text;
  got = send_question (question);
  g_assert_true (g_utf8_validate (got->token_label, -1, NULL));
  g_assert_cmpuint (strlen (got->token_label), <=, CARDEA_LIMIT_PROMPT_TEXT_BYTES);
  return g_steal_pointer (&got->token_label);
}

static void
test_texts_are_cut (void)
{
  g_autofree char *full = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, 'x');
  g_autofree char *kept = cut (g_strdup (full));
  g_autofree char *longer = cut (g_strconcat (full, "y", NULL));
  g_autofree char *whole = cut (g_strconcat (full + 2, "\xc3\xa9", NULL));
  /* One byte too many in the middle of a character: the character goes. */
  g_autofree char *halved = cut (g_strconcat (full + 1, "\xc3\xa9", NULL));
  g_autofree char *four = cut (g_strconcat (full + 1, "\xf0\x9f\x94\x91z", NULL));
  g_autofree char *invalid = cut (g_strdup ("a\xff\xfe z"));
  g_autofree char *bad = g_strnfill (10 * 1024, (char)0xff);
  g_autofree char *replaced = cut (g_strdup (bad));

  g_assert_cmpstr (kept, ==, full);
  g_assert_cmpstr (longer, ==, full);
  g_assert_true (g_str_has_suffix (whole, "x\xc3\xa9"));
  g_assert_cmpuint (strlen (whole), ==, CARDEA_LIMIT_PROMPT_TEXT_BYTES);
  g_assert_cmpstr (halved, ==, full + 1);
  g_assert_cmpstr (four, ==, full + 1);
  g_assert_cmpstr (invalid, ==, "a\xef\xbf\xbd\xef\xbf\xbd z");
  g_assert_cmpuint (strlen (replaced), ==, CARDEA_LIMIT_PROMPT_TEXT_BYTES / 3 * 3);
}

static GBytes *
make_labelled (gsize length)
{
  g_autofree char *label = g_strnfill (length, 'x');
  char *text = g_strconcat ("{\"kind\":\"pin\",\"program\":{\"label\":\"", label,
                            "\",\"parents\":[]}," SERVER "," PIN_END "}", NULL);

  return g_bytes_new_take (text, strlen (text));
}

static void
test_text_limit (void)
{
  g_autoptr (GBytes) at = make_labelled (CARDEA_LIMIT_PROMPT_TEXT_BYTES);
  g_autoptr (GBytes) past = make_labelled (CARDEA_LIMIT_PROMPT_TEXT_BYTES + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_decode (at, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (question->program.label), ==, CARDEA_LIMIT_PROMPT_TEXT_BYTES);
  g_assert_null (cardea_prompt_question_decode (past, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static GBytes *
make_update (guint n_offers)
{
  g_autoptr (GString) text = g_string_new ("{\"update\":\"offers\",\"offers\":[");

  for (guint i = 0; i < n_offers; i++)
    g_string_append_printf (text, "%s{\"id\":\"%u\"," OFFER_FROM_HOLDER ",\"reasons\":[]}", i ? "," : "", i);
  g_string_append (text, "]}");
  return g_string_free_to_bytes (g_steal_pointer (&text));
}

static void
test_offers_limit (void)
{
  g_autoptr (GBytes) at = make_update (CARDEA_LIMIT_PROMPT_OFFERS);
  g_autoptr (GBytes) past = make_update (CARDEA_LIMIT_PROMPT_OFFERS + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_decode (at, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (update->offers->len, ==, CARDEA_LIMIT_PROMPT_OFFERS);
  g_assert_null (cardea_prompt_update_decode (past, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_first_offers_are_told (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptQuestion) got = NULL;

  for (guint i = 0; i <= CARDEA_LIMIT_PROMPT_OFFERS; i++) {
    g_autofree char *id = g_strdup_printf ("%u", i);

    g_ptr_array_add (question->offers, make_offer (id));
  }
  question->preselected = g_strdup_printf ("%d", CARDEA_LIMIT_PROMPT_OFFERS);
  got = send_question (question);
  g_assert_cmpuint (got->offers->len, ==, CARDEA_LIMIT_PROMPT_OFFERS);
  g_assert_null (got->preselected); /* not among them */
}

static GBytes *
make_parents (guint n)
{
  g_autoptr (GString) text =
      g_string_new ("{\"kind\":\"pin\",\"program\":{\"label\":\"a\",\"parents\":[\"0\"");

  for (guint i = 1; i < n; i++)
    g_string_append (text, ",\"p\"");
  g_string_append (text, "]}," SERVER "," PIN_END "}");
  return g_string_free_to_bytes (g_steal_pointer (&text));
}

static void
test_items_limit (void)
{
  g_autoptr (GBytes) at = make_parents (CARDEA_LIMIT_PROMPT_ITEMS);
  g_autoptr (GBytes) past = make_parents (CARDEA_LIMIT_PROMPT_ITEMS + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_decode (at, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (question->program.parents), ==, CARDEA_LIMIT_PROMPT_ITEMS);
  g_assert_null (cardea_prompt_question_decode (past, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static char **
make_items (guint n, const char *text)
{
  char **items = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    items[i] = g_strdup (text);
  return items;
}

static void
test_items_are_cut (void)
{
  g_autoptr (CardeaPromptQuestion) question = make_question (CARDEA_PROMPT_CERTIFICATE);
  CardeaPromptOffer *offer = make_offer ("1");
  g_autoptr (CardeaPromptQuestion) got = NULL;

  g_strfreev (question->program.parents);
  question->program.parents = make_items (CARDEA_LIMIT_PROMPT_ITEMS + 1, "/bin/sh");
  g_strfreev (offer->purposes);
  offer->purposes = make_items (CARDEA_LIMIT_PROMPT_ITEMS + 1, "client_auth");
  for (guint i = 0; i < CARDEA_LIMIT_PROMPT_ITEMS; i++)
    g_ptr_array_add (offer->reasons, cardea_prompt_reason_new ("expired", "m", NULL));
  g_ptr_array_add (question->offers, offer);
  got = send_question (question);
  offer = g_ptr_array_index (got->offers, 0);
  g_assert_cmpuint (g_strv_length (got->program.parents), ==, CARDEA_LIMIT_PROMPT_ITEMS);
  g_assert_cmpuint (g_strv_length (offer->purposes), ==, CARDEA_LIMIT_PROMPT_ITEMS);
  g_assert_cmpuint (offer->reasons->len, ==, CARDEA_LIMIT_PROMPT_ITEMS);
}

/* Every text as long as it may be, of bytes that become escapes of six. */
static CardeaPromptOffer *
make_worst_offer (const char *id, const char *text)
{
  CardeaPromptOffer *offer = cardea_prompt_offer_new ();
  char **texts[] = { &offer->holder,      &offer->issuer,      &offer->subject_name,
                     &offer->issuer_name, &offer->serial,      &offer->sha256,
                     &offer->key,         &offer->token_label, &offer->reader };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    *texts[i] = g_strdup (text);
  offer->id = g_strconcat (text + strlen (id), id, NULL);
  g_strfreev (offer->purposes);
  offer->purposes = make_items (CARDEA_LIMIT_PROMPT_ITEMS, text);
  for (guint i = 0; i < CARDEA_LIMIT_PROMPT_ITEMS; i++)
    g_ptr_array_add (offer->reasons, cardea_prompt_reason_new (text, text, text));
  return offer;
}

static CardeaPromptQuestion *
make_worst_question (const char *text)
{
  CardeaPromptQuestion *question = make_question (CARDEA_PROMPT_CERTIFICATE);
  char **texts[] = { &question->program.label, &question->server.name, &question->server.vouched_by };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_free (*texts[i]);
    *texts[i] = g_strdup (text);
  }
  g_free (question->window);
  question->window = g_strconcat ("x11:", text + strlen ("x11:"), NULL);
  g_strfreev (question->program.parents);
  question->program.parents = make_items (CARDEA_LIMIT_PROMPT_ITEMS, text);
  return question;
}

static void
test_worst_question (void)
{
  g_autofree char *text = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, '\1');
  g_autoptr (CardeaPromptQuestion) question = make_worst_question (text);
  g_autoptr (CardeaPromptQuestion) got = NULL;

  for (char id[] = "a"; id[0] <= 'e'; id[0]++)
    g_ptr_array_add (question->offers, make_worst_offer (id, text));
  question->preselected = g_strdup (((CardeaPromptOffer *)question->offers->pdata[0])->id);
  got = send_question (question);
  assert_same_head (question, got);
  g_assert_cmpuint (got->offers->len, >=, 1);
  g_assert_cmpuint (got->offers->len, <, 5);
  assert_same_offer (g_ptr_array_index (question->offers, 0), g_ptr_array_index (got->offers, 0));
  g_assert_cmpstr (got->preselected, ==, question->preselected);
}

static GBytes *
make_long_question (gsize total)
{
  gsize head = strlen (PIN);
  char *text = g_strnfill (total, ' ');

  memcpy (text, PIN, head);
  return g_bytes_new_take (text, total);
}

static void
test_message_limit (void)
{
  g_autoptr (GBytes) at = make_long_question (CARDEA_LIMIT_PROMPT_MESSAGE_BYTES);
  g_autoptr (GBytes) past = make_long_question (CARDEA_LIMIT_PROMPT_MESSAGE_BYTES + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_decode (at, &error);

  g_assert_no_error (error);
  g_assert_nonnull (question);
  g_assert_null (cardea_prompt_question_decode (past, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_updates (void)
{
  static const char *const reasons[] = { "token_removed", "caller_gone",    "timed_out",     "answered",
                                         "server_closed", "call_timed_out", "agent_stopping" };
  g_autoptr (CardeaPromptUpdate) offers = cardea_prompt_update_new (CARDEA_PROMPT_UPDATE_OFFERS);
  g_autoptr (CardeaPromptUpdate) got = NULL;
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (offers->offers, make_offer ("1"));
  message = strip_nul (cardea_prompt_update_encode (offers));
  got = cardea_prompt_update_decode (message, &error);
  g_assert_no_error (error);
  g_assert_cmpint (got->kind, ==, CARDEA_PROMPT_UPDATE_OFFERS);
  g_assert_cmpuint (got->offers->len, ==, 1);
  assert_same_offer (g_ptr_array_index (offers->offers, 0), g_ptr_array_index (got->offers, 0));

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++) {
    g_autoptr (CardeaPromptUpdate) withdraw = cardea_prompt_update_new (CARDEA_PROMPT_UPDATE_WITHDRAW);
    g_autoptr (GBytes) told = NULL;
    g_autoptr (CardeaPromptUpdate) heard = NULL;

    withdraw->why = (CardeaPromptWithdrawn)i;
    told = strip_nul (cardea_prompt_update_encode (withdraw));
    heard = cardea_prompt_update_decode (told, &error);
    g_assert_no_error (error);
    g_assert_cmpint (heard->kind, ==, CARDEA_PROMPT_UPDATE_WITHDRAW);
    g_assert_cmpint (heard->why, ==, i);
    g_assert_cmpstr (cardea_prompt_withdrawn_to_string (heard->why), ==, reasons[i]);
    g_assert_nonnull (
        g_strstr_len (g_bytes_get_data (told, NULL), (gssize)g_bytes_get_size (told), reasons[i]));
  }
}

static void
test_answers (void)
{
  for (CardeaPromptAnswerKind kind = 0; kind <= CARDEA_PROMPT_CANCEL; kind++) {
    g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_new (kind);
    g_autoptr (CardeaPromptAnswer) got = NULL;
    g_autoptr (GBytes) message = NULL;
    g_autoptr (GError) error = NULL;
    gboolean remembers = kind == CARDEA_PROMPT_USE || kind == CARDEA_PROMPT_CONTINUE;

    answer->id = kind == CARDEA_PROMPT_USE ? g_strdup ("id") : NULL;
    answer->remember = remembers ? CARDEA_PROMPT_REMEMBER_REMOVAL : CARDEA_PROMPT_REMEMBER_NOT;
    message = strip_nul (cardea_prompt_answer_encode (answer));
    got = cardea_prompt_answer_decode (message, &error);
    g_assert_no_error (error);
    g_assert_cmpint (got->kind, ==, kind);
    g_assert_cmpstr (got->id, ==, answer->id);
    g_assert_cmpint (got->remember, ==, answer->remember);
  }
}

/* The longest answer there is, then one byte more. */
static void
test_answer_limit (void)
{
  g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_new (CARDEA_PROMPT_USE);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (CardeaPromptAnswer) got = NULL;
  g_autofree char *blank = g_strnfill (CARDEA_LIMIT_PROMPT_ANSWER_BYTES + 1, ' ');
  g_autoptr (GBytes) at = NULL;
  g_autoptr (GBytes) past = NULL;
  g_autoptr (CardeaPromptAnswer) padded = NULL;
  g_autoptr (GError) error = NULL;

  answer->id = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, '\1');
  answer->remember = CARDEA_PROMPT_REMEMBER_REMOVAL;
  message = strip_nul (cardea_prompt_answer_encode (answer));
  got = cardea_prompt_answer_decode (message, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (got->id, ==, answer->id);

  memcpy (blank, "{\"answer\":\"cancel\"}", strlen ("{\"answer\":\"cancel\"}"));
  at = g_bytes_new (blank, CARDEA_LIMIT_PROMPT_ANSWER_BYTES);
  past = g_bytes_new (blank, CARDEA_LIMIT_PROMPT_ANSWER_BYTES + 1);
  padded = cardea_prompt_answer_decode (at, &error);
  g_assert_no_error (error);
  g_assert_null (cardea_prompt_answer_decode (past, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
add_cases (const char *folder, const Case *cases, gsize n, GTestDataFunc test)
{
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf ("/prompt-protocol/%s/%s", folder, cases[i].name);

    g_test_add_data_func (path, cases[i].text, test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_cases ("good-question", GOOD_QUESTIONS, G_N_ELEMENTS (GOOD_QUESTIONS), test_good_question);
  add_cases ("bad-question", BAD_QUESTIONS, G_N_ELEMENTS (BAD_QUESTIONS), test_bad_question);
  add_cases ("bad-update", BAD_UPDATES, G_N_ELEMENTS (BAD_UPDATES), test_bad_update);
  add_cases ("bad-answer", BAD_ANSWERS, G_N_ELEMENTS (BAD_ANSWERS), test_bad_answer);
  g_test_add_func ("/prompt-protocol/certificate-question", test_certificate_question);
  g_test_add_func ("/prompt-protocol/pin-question", test_pin_question);
  g_test_add_func ("/prompt-protocol/pin-question-new", test_new_pin_question);
  g_test_add_func ("/prompt-protocol/pin-question-limits", test_new_pin_limits);
  g_test_add_func ("/prompt-protocol/foreign-values", test_foreign_values);
  g_test_add_func ("/prompt-protocol/window-length", test_window_length);
  g_test_add_func ("/prompt-protocol/texts-are-cut", test_texts_are_cut);
  g_test_add_func ("/prompt-protocol/text-limit", test_text_limit);
  g_test_add_func ("/prompt-protocol/offers-limit", test_offers_limit);
  g_test_add_func ("/prompt-protocol/first-offers-are-told", test_first_offers_are_told);
  g_test_add_func ("/prompt-protocol/items-limit", test_items_limit);
  g_test_add_func ("/prompt-protocol/items-are-cut", test_items_are_cut);
  g_test_add_func ("/prompt-protocol/worst-question", test_worst_question);
  g_test_add_func ("/prompt-protocol/message-limit", test_message_limit);
  g_test_add_func ("/prompt-protocol/updates", test_updates);
  g_test_add_func ("/prompt-protocol/answers", test_answers);
  g_test_add_func ("/prompt-protocol/answer-limit", test_answer_limit);
  return g_test_run ();
}
