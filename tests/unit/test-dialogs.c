/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dialogs that are run by a prompt which does as it is told: what counts as an answer, what does not, who
 * waits for whom, and that nothing is left behind. */

#include "agent/prompt/dialogs.h"
#include "agent/prompt/withdrawal.h"

#include <dirent.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

typedef struct
{
  char *folder;
  CardeaPrompter *prompter;
  guint n_descriptors;
} Fixture;

/* What one who asked was told. */
typedef struct
{
  gboolean done;
  guint order; /* the how-manieth */
  CardeaPromptAnswer *answer;
  CardeaSecret *pin;
  GError *error;
} Told;

typedef struct
{
  const char *name;
  const char *script;
  const char *warning; /* part of it */
} Case;

static guint n_told;

/* All but the answer itself, which must come before `question_ms`. */
static const CardeaDialogTimes QUICK = { 30000, 500, 2000 };
static const CardeaDialogTimes IMPATIENT = { 300, 500, 300 };
static const CardeaDialogTimes PATIENT_AT_THE_END = { 300, 500, 30000 };

static guint
count_descriptors (void)
{
  DIR *folder = opendir ("/proc/self/fd");
  guint n = 0;

  while (readdir (folder) != NULL)
    n++;
  closedir (folder);
  return n;
}

/* GLib's own thread has a descriptor, once there is a task. */
static void
begin_with_threads (void)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_return_boolean (task, TRUE);
  g_main_context_iteration (NULL, FALSE);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("cardea-dialogs-XXXXXX", NULL);
  g_setenv ("HOME", f->folder, TRUE);
  begin_with_threads ();
  f->n_descriptors = count_descriptors ();
  f->prompter = cardea_dialog_prompter_new (FAKE_PROMPT);
  cardea_dialog_prompter_set_times (CARDEA_DIALOG_PROMPTER (f->prompter), &QUICK);
  n_told = 0;
}

static char *
read_log (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->folder, "log", NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

static gboolean
has_line (Fixture *f, const char *line)
{
  g_autofree char *text = read_log (f);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);

  return g_strv_contains ((const char *const *)lines, line);
}

static void
remove_file (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_remove (path);
}

/* It holds itself as long as a process runs. */
static void
wait_for_the_end (Fixture *f)
{
  CardeaPrompter *prompter = f->prompter;

  g_object_add_weak_pointer (G_OBJECT (prompter), (gpointer *)&f->prompter);
  g_object_unref (prompter);
  while (f->prompter != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *log = NULL;

  g_test_assert_expected_messages ();
  wait_for_the_end (f);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  g_assert_cmpuint (count_descriptors (), ==, f->n_descriptors);
  log = read_log (f);
  g_assert_null (strstr (log, "overlap"));
  remove_file (f, "log");
  remove_file (f, "lock");
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
}

static CardeaPromptOffer *
make_offer (const char *id)
{
  CardeaPromptOffer *offer = cardea_prompt_offer_new ();

  offer->id = g_strdup (id);
  offer->holder = g_strdup ("Holder");
  return offer;
}

/* Three: two that fit, "1" and "2", and "bad". */
static CardeaCertificateQuestion *
make_question_of (const char *caller, const char *name, const char *script)
{
  CardeaPromptQuestion *question = cardea_prompt_question_new (CARDEA_PROMPT_CERTIFICATE);
  CardeaPromptOffer *bad = make_offer ("bad");

  question->program.label = g_strdup (script);
  question->server.name = g_strdup (name);
  question->server.port = 443;
  question->may_continue = TRUE;
  question->may_remember = CARDEA_PROMPT_REMEMBER_REMOVAL;
  g_ptr_array_add (bad->reasons, cardea_prompt_reason_new ("expired", "It expired.", NULL));
  g_ptr_array_add (question->offers, make_offer ("1"));
  g_ptr_array_add (question->offers, make_offer ("2"));
  g_ptr_array_add (question->offers, bad);
  return cardea_certificate_question_new (question, caller, "token-1");
}

static CardeaCertificateQuestion *
make_certificate_question (const char *name, const char *script)
{
  return make_question_of ("exe:/usr/bin/example", name, script);
}

static CardeaPinQuestion *
make_pin_question (const char *name, const char *script)
{
  CardeaPinQuestion *question = cardea_pin_question_new ();

  question->program = g_strdup (script);
  question->server_name = g_strdup (name);
  question->port = 443;
  question->token_label = g_strdup ("Token");
  return question;
}

static void
on_certificate (GObject *source, GAsyncResult *result, gpointer data)
{
  Told *told = data;

  g_assert_false (told->done);
  told->answer = cardea_prompter_ask_certificate_finish (CARDEA_PROMPTER (source), result, &told->error);
  g_assert_true ((told->answer == NULL) == (told->error != NULL));
  told->order = ++n_told;
  told->done = TRUE;
}

static void
on_pin (GObject *source, GAsyncResult *result, gpointer data)
{
  Told *told = data;

  g_assert_false (told->done);
  told->pin = cardea_prompter_ask_pin_finish (CARDEA_PROMPTER (source), result, &told->error);
  g_assert_true (told->pin == NULL || told->error == NULL);
  told->order = ++n_told;
  told->done = TRUE;
}

static void
ask_as (Fixture *f, const char *caller, const char *name, const char *script, GCancellable *cancellable,
        Told *told)
{
  g_autoptr (CardeaCertificateQuestion) question = make_question_of (caller, name, script);

  *told = (Told){ 0 };
  cardea_prompter_ask_certificate_async (f->prompter, question, cancellable, on_certificate, told);
  g_assert_false (told->done); /* never from inside the call */
}

static void
ask_certificate (Fixture *f, const char *name, const char *script, GCancellable *cancellable, Told *told)
{
  ask_as (f, "exe:/usr/bin/example", name, script, cancellable, told);
}

static void
ask_pin (Fixture *f, const CardeaPinQuestion *question, GCancellable *cancellable, Told *told)
{
  *told = (Told){ 0 };
  cardea_prompter_ask_pin_async (f->prompter, question, cancellable, on_pin, told);
  g_assert_false (told->done);
}

static void
await (Told *told)
{
  while (!told->done)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Until the prompt says so in its log. */
static void
await_line (Fixture *f, const char *line)
{
  guint tick = g_timeout_add (10, on_tick, NULL);

  while (!has_line (f, line))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

static void
clear (Told *told)
{
  cardea_prompt_answer_free (told->answer);
  g_clear_pointer (&told->pin, cardea_secret_unref);
  g_clear_error (&told->error);
}

static void
expect_warning (const char *part)
{
  g_autofree char *pattern = g_strdup_printf ("*%s*", part);

  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, pattern);
}

static void
assert_cancelled (Told *told)
{
  await (told);
  g_assert_error (told->error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_test_assert_expected_messages ();
  clear (told);
}

static void
assert_uses (Told *told, const char *id, CardeaPromptRemember remember)
{
  await (told);
  g_assert_no_error (told->error);
  g_assert_cmpint (told->answer->kind, ==, CARDEA_PROMPT_USE);
  g_assert_cmpstr (told->answer->id, ==, id);
  g_assert_cmpint (told->answer->remember, ==, remember);
  clear (told);
}

/* Prompts that are not to be believed. */

static const Case BAD_CERTIFICATE_CASES[] = {
  { "no-word", "exit 0", "without an answer (exit code 0)" },
  { "no-answer", "shown", "without an answer (exit code 0)" },
  { "no-display", "exit 3", "without an answer (exit code 3)" },
  { "crash", "shown;crash", "without an answer (signal 11" },
  { "crash-at-start", "crash", "without an answer (signal 11" },
  { "only-closes", "shown;close;hang", "without an answer" },
  { "garbage", "shown;raw garbage;hang", "not valid JSON" },
  { "unfinished", "shown;raw {;hang", "not valid JSON" },
  { "empty-message", "raw ;hang", "empty" },
  { "unknown-answer", "shown;raw {\"answer\":\"allow\"};hang", "“answer”" },
  { "unknown-key", "shown;raw {\"answer\":\"continue\",\"remember\":\"not\",\"always\":true};hang",
    "not known" },
  { "flood", "shown;flood", "longer than" },
  { "shown-twice", "shown;shown;hang", "shown twice" },
  { "shown-after-answer", "shown;use 1 not;shown;hang", "shown twice" },
  { "not-shown", "use 1 not;hang", "before it was shown" },
  { "not-shown-continue", "continue not", "before it was shown" },
  { "two-answers", "shown;use 1 not;use 2 not;hang", "answered twice" },
  { "same-answer-twice", "shown;use 1 not;use 1 not", "answered twice" },
  { "cancel-taken-back", "shown;cancel;use 1 not", "answered twice" },
  { "garbage-after-answer", "shown;use 1 not;raw x;hang", "not valid JSON" },
  { "not-offered", "shown;use 3 not;hang", "not offered" },
  { "not-fitting", "shown;use bad not;hang", "does not fit" },
  { "too-long", "shown;use 1 always;hang", "longer than was offered" },
  { "continue-too-long", "shown;continue always;hang", "longer than was offered" },
  { "pin-typed", "shown;typed;hang", "none to a question for a certificate" },
  { "pinpad", "shown;pinpad;hang", "none to a question for a certificate" },
};

static void
test_bad_certificate (Fixture *f, gconstpointer data)
{
  const Case *bad = data;
  Told told;

  expect_warning (bad->warning);
  ask_certificate (f, "a", bad->script, NULL, &told);
  assert_cancelled (&told);
}

static const Case BAD_PIN_CASES[] = {
  { "no-answer", "shown;pin 4;close-pin", "without an answer" },
  { "empty", "shown;close-pin;typed", "PIN is empty" },
  { "256", "shown;pin 256;close-pin;typed", "PIN is too long" },
  { "60000", "shown;pin 60000;close-pin;typed", "PIN is too long" },
  { "nul", "shown;pin 4;nul;close-pin;typed", "NUL" },
  { "never-closed", "shown;pin 4;typed;hang", "did not come to an end" },
  { "never-closed-by-child", "shown;pin 4;fork;typed", "did not come to an end" },
  { "not-shown", "pin 4;close-pin;typed", "before it was shown" },
  { "two-answers", "shown;pin 4;close-pin;typed;typed", "answered twice" },
  { "inside-the-answer", "shown;raw {\"answer\":\"pin_typed\",\"pin\":\"1234\"};hang", "not known" },
  { "use", "shown;pin 4;close-pin;use 1 not", "none to this question" },
  { "continue", "shown;pin 4;close-pin;continue not", "none to this question" },
  { "pinpad", "shown;pinpad", "none to this question" },
};

static void
test_bad_pin (Fixture *f, gconstpointer data)
{
  const Case *bad = data;
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", bad->script);
  Told told;

  expect_warning (bad->warning);
  ask_pin (f, question, NULL, &told);
  assert_cancelled (&told);
}

static void
test_locked (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", "shown;pin 4;close-pin;typed");
  Told told;

  question->locked = TRUE;
  expect_warning ("token that is locked");
  ask_pin (f, question, NULL, &told);
  assert_cancelled (&told);
}

static void
test_no_program (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPrompter) prompter = cardea_dialog_prompter_new ("/nonexistent/cardea-prompt");
  CardeaPrompter *other = f->prompter;
  Told told, second;

  f->prompter = prompter;
  expect_warning ("cannot be started");
  expect_warning ("cannot be started");
  ask_certificate (f, "a", "shown;use 1 not", NULL, &told);
  ask_certificate (f, "b", "shown;use 1 not", NULL, &second);
  await (&told);
  assert_cancelled (&second);
  assert_cancelled (&told);
  f->prompter = other;
}

/* The agent's own mistake: the prompt refuses what it cannot read, and that is "cancelled", too. */
static void
test_unreadable_question (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", "shown");
  Told told;

  question->port = 0;
  expect_warning ("exit code 93");
  ask_pin (f, question, NULL, &told);
  assert_cancelled (&told);
}

/* Answers. */

static void
test_use (Fixture *f, gconstpointer data)
{
  Told told;

  ask_certificate (f, "a", "shown;use 2 removal", NULL, &told);
  assert_uses (&told, "2", CARDEA_PROMPT_REMEMBER_REMOVAL);
}

static void
test_continue (Fixture *f, gconstpointer data)
{
  Told told;

  ask_certificate (f, "a", "shown;continue not", NULL, &told);
  await (&told);
  g_assert_no_error (told.error);
  g_assert_cmpint (told.answer->kind, ==, CARDEA_PROMPT_CONTINUE);
  clear (&told);
}

/* Without a warning, shown or not. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  Told told;

  ask_certificate (f, "a", data, NULL, &told);
  assert_cancelled (&told);
}

/* A prompt that does not end, or leaves something behind, has answered once nevertheless. */
static void
test_answer_of_one_who_stays (Fixture *f, gconstpointer data)
{
  Told told;

  ask_certificate (f, "a", data, NULL, &told);
  assert_uses (&told, "1", CARDEA_PROMPT_REMEMBER_NOT);
}

static void
test_large_question (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCertificateQuestion) question = make_certificate_question ("a", "shown;use 200 not");
  g_autoptr (GPtrArray) offers = cardea_prompt_offers_new ();
  Told told = { 0 };

  for (guint i = 0; i < CARDEA_LIMIT_PROMPT_OFFERS; i++) {
    g_autofree char *id = g_strdup_printf ("%u", i);
    CardeaPromptOffer *offer = make_offer (id);

    offer->subject_name = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, 's');
    offer->issuer_name = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, 'i');
    g_ptr_array_add (offers, offer);
  }
  cardea_certificate_question_update_offers (question, offers);
  cardea_prompter_ask_certificate_async (f->prompter, question, NULL, on_certificate, &told);
  assert_uses (&told, "200", CARDEA_PROMPT_REMEMBER_NOT);
}

static void
assert_pin (Fixture *f, const char *script, gsize length)
{
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", script);
  g_autofree char *expected = g_strnfill (length, '1');
  Told told;
  gsize got;

  ask_pin (f, question, NULL, &told);
  g_clear_pointer (&question, cardea_pin_question_free); /* it was the caller's */
  await (&told);
  g_assert_no_error (told.error);
  g_assert_cmpmem (cardea_secret_peek (told.pin, &got), cardea_secret_get_length (told.pin), expected,
                   length);
  clear (&told);
}

static void
test_pins (Fixture *f, gconstpointer data)
{
  assert_pin (f, "shown;pin 1;close-pin;typed", 1);
  assert_pin (f, "shown;pin 4;typed", 4); /* the end of the process ends the pipe as well */
  assert_pin (f, "shown;pin 255;close-pin;typed", CARDEA_LIMIT_PIN_BYTES);
  assert_pin (f, "shown;pin 4;close-pin;typed;hang", 4);
}

static void
test_pinpad (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", "shown;pinpad");
  g_autoptr (CardeaPinQuestion) typed = make_pin_question ("b", "shown;pin 4;close-pin;typed");
  Told told;

  question->pinpad = TRUE;
  ask_pin (f, question, NULL, &told);
  await (&told);
  g_assert_no_error (told.error);
  g_assert_null (told.pin);

  typed->pinpad = TRUE;
  expect_warning ("none to this question");
  ask_pin (f, typed, NULL, &told);
  assert_cancelled (&told);
}

/* Time. */

static void
assert_timed_out (Fixture *f, const char *script, const CardeaDialogTimes *times)
{
  Told told;
  json_t *parameters;

  cardea_dialog_prompter_set_times (CARDEA_DIALOG_PROMPTER (f->prompter), times);
  ask_certificate (f, "a", script, NULL, &told);
  await (&told);
  g_assert_error (told.error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  parameters = cardea_error_get_parameters (told.error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "what")), ==, "question");
  clear (&told);
}

static void
test_hang (Fixture *f, gconstpointer data)
{
  assert_timed_out (f, data, &IMPATIENT);
}

/* It is told that the question is over; what it says then is late. */
static void
test_late_answer (Fixture *f, gconstpointer data)
{
  assert_timed_out (f, "shown;update;use 1 not", &PATIENT_AT_THE_END);
  wait_for_the_end (f);
  g_assert_true (has_line (f, "a withdraw timed_out"));
  f->prompter = cardea_dialog_prompter_new (FAKE_PROMPT);
}

/* Who goes away. */

static void
test_cancelled_while_shown (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Told told, next;

  ask_certificate (f, "a", data, cancellable, &told);
  ask_certificate (f, "b", "shown;use 1 not", NULL, &next);
  await_line (f, "a start");
  g_cancellable_cancel (cancellable);
  assert_cancelled (&told);
  assert_uses (&next, "1", CARDEA_PROMPT_REMEMBER_NOT);
  if (strstr (data, "update") != NULL)
    g_assert_true (has_line (f, "a withdraw caller_gone"));
}

/* Its prompt is told the true reason. */
static void
test_reason (Fixture *f, gconstpointer data)
{
  CardeaPromptWithdrawn why = (CardeaPromptWithdrawn)GPOINTER_TO_INT (data);
  g_autoptr (GCancellable) cancellable = cardea_withdrawal_new ();
  g_autofree char *line = g_strdup_printf ("a withdraw %s", cardea_prompt_withdrawn_to_string (why));
  Told told;

  ask_certificate (f, "a", "shown;update", cancellable, &told);
  await_line (f, "a start");
  cardea_withdrawal_cancel (cancellable, why);
  assert_cancelled (&told);
  await_line (f, line);
}

static void
test_cancelled_while_waiting (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) first = g_cancellable_new ();
  g_autoptr (GCancellable) second = g_cancellable_new ();
  Told told, gone, next;

  ask_certificate (f, "a", "update", first, &told);
  ask_certificate (f, "b", "shown;use 1 not", second, &gone);
  ask_certificate (f, "c", "shown;use 2 not", NULL, &next);
  await_line (f, "a start");
  g_cancellable_cancel (second);
  assert_cancelled (&gone);
  g_assert_false (told.done);
  g_cancellable_cancel (first);
  assert_cancelled (&told);
  assert_uses (&next, "2", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_false (has_line (f, "b start"));
}

static void
test_cancelled_before (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Told told;

  g_cancellable_cancel (cancellable);
  ask_certificate (f, "a", "shown;use 1 not", cancellable, &told);
  assert_cancelled (&told);
  g_assert_false (has_line (f, "a start"));
}

/* Before there is a process. */
static void
test_cancelled_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Told told, next;

  ask_certificate (f, "a", "shown;use 1 not", cancellable, &told);
  ask_certificate (f, "b", "shown;use 2 not", NULL, &next);
  g_cancellable_cancel (cancellable);
  assert_cancelled (&told);
  assert_uses (&next, "2", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_false (has_line (f, "a start"));
}

/* In between, however many turns of the loop that takes: a caller who left is never given an answer. */
static void
test_cancelled_any_time (Fixture *f, gconstpointer data)
{
  for (guint turns = 0; turns < 24; turns++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    Told told;

    ask_certificate (f, "a", "shown;use 1 not", cancellable, &told);
    for (guint i = 0; i < turns && !told.done; i++)
      g_main_context_iteration (NULL, TRUE);
    if (told.done) {
      clear (&told);
      continue;
    }
    g_cancellable_cancel (cancellable);
    assert_cancelled (&told);
  }
}

static void
test_token_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", "shown;update");
  Told told;

  question->token_gone = g_cancellable_new ();
  ask_pin (f, question, NULL, &told);
  await_line (f, "a start");
  g_cancellable_cancel (question->token_gone);
  await (&told);
  g_assert_error (told.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  clear (&told);
  await_line (f, "a withdraw token_removed");
}

/* The queue. */

static void
test_in_order (Fixture *f, gconstpointer data)
{
  Told told[10];

  for (guint i = 0; i < G_N_ELEMENTS (told); i++) {
    g_autofree char *name = g_strdup_printf ("q%u", i);

    ask_certificate (f, name, i % 2 ? "shown;use 1 not" : "shown;use 2 removal", NULL, &told[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (told); i++) {
    await (&told[i]);
    g_assert_cmpuint (told[i].order, ==, i + 1);
    assert_uses (&told[i], i % 2 ? "1" : "2",
                 i % 2 ? CARDEA_PROMPT_REMEMBER_NOT : CARDEA_PROMPT_REMEMBER_REMOVAL);
  }
}

static void
assert_told_busy (Told *told)
{
  json_t *parameters;

  await (told);
  g_assert_error (told->error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  parameters = cardea_error_get_parameters (told->error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "what")), ==, "questions");
  g_assert_cmpint (json_integer_value (json_object_get (parameters, "retry_ms")), >, 0);
  clear (told);
}

static void
assert_busy (Fixture *f)
{
  Told told;

  ask_certificate (f, "busy", "shown;use 1 not", NULL, &told);
  assert_told_busy (&told);
}

static void
test_sixteen_wait (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) first = g_cancellable_new ();
  g_autoptr (GCancellable) fourth = g_cancellable_new ();
  Told shown, late, told[CARDEA_LIMIT_QUESTIONS_PER_CALLER];

  ask_certificate (f, "shown", "update", first, &shown);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    ask_certificate (f, "q", "shown;use 1 not", i == 3 ? fourth : NULL, &told[i]);
  assert_busy (f);
  g_cancellable_cancel (fourth);
  assert_cancelled (&told[3]);
  ask_certificate (f, "late", "shown;use 2 not", NULL, &late); /* there is a place again */
  assert_busy (f);
  g_cancellable_cancel (first);
  assert_cancelled (&shown);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    if (i != 3)
      assert_uses (&told[i], "1", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_false (late.done);
  assert_uses (&late, "2", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_false (has_line (f, "busy start"));
}

/* Of two programs that fill all places each has half; a third one takes the youngest of the second. */
static void
test_displaced (Fixture *f, gconstpointer data)
{
  static const char *const callers[] = { "exe:/usr/bin/a", "exe:/usr/bin/b" };
  g_autoptr (GCancellable) first = g_cancellable_new ();
  Told shown, third, refused, told[CARDEA_LIMIT_QUESTIONS_WAITING];

  ask_as (f, callers[0], "shown", "update", first, &shown);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    ask_as (f, callers[i % 2], "q", "shown;use 1 not", NULL, &told[i]);
  ask_as (f, "exe:/usr/bin/c", "third", "shown;use 2 not", NULL, &third);
  assert_told_busy (&told[G_N_ELEMENTS (told) - 1]);
  ask_as (f, callers[0], "refused", "shown;use 1 not", NULL, &refused);
  assert_told_busy (&refused);
  g_cancellable_cancel (first);
  assert_cancelled (&shown);
  await (&third);
  g_assert_cmpuint (third.order, ==, 3 + 2); /* after two that were busy, the one shown, and one of b */
  assert_uses (&third, "2", CARDEA_PROMPT_REMEMBER_NOT);
  for (guint i = 0; i < G_N_ELEMENTS (told) - 1; i++)
    assert_uses (&told[i], "1", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_false (has_line (f, "refused start"));
}

/* A question for a PIN takes its program's turn, too. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) first = g_cancellable_new ();
  g_autoptr (CardeaPinQuestion) pin = make_pin_question ("pin", "shown;pin 4;close-pin;typed");
  Told shown, told[3];

  pin->caller_key = g_strdup ("exe:/usr/bin/b");
  ask_as (f, "exe:/usr/bin/a", "a1", "update", first, &shown);
  ask_as (f, "exe:/usr/bin/a", "a2", "shown;use 1 not", NULL, &told[0]);
  ask_as (f, "exe:/usr/bin/a", "a3", "shown;use 1 not", NULL, &told[1]);
  ask_pin (f, pin, NULL, &told[2]);
  g_cancellable_cancel (first);
  assert_cancelled (&shown);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    await (&told[i]);
  g_assert_cmpuint (told[2].order, ==, 2);
  g_assert_cmpuint (told[0].order, ==, 3);
  g_assert_cmpuint (told[1].order, ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    clear (&told[i]);
}

typedef struct
{
  Fixture *f;
  Told *next;
} Again;

static void
on_answered_ask_again (GObject *source, GAsyncResult *result, gpointer data)
{
  Again *again = data;
  g_autoptr (CardeaPromptAnswer) answer =
      cardea_prompter_ask_certificate_finish (CARDEA_PROMPTER (source), result, NULL);

  g_assert_nonnull (answer);
  ask_certificate (again->f, "b", "shown;use 2 not", NULL, again->next);
}

static void
test_asked_again (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCertificateQuestion) question = make_certificate_question ("a", "shown;use 1 not");
  Told next = { 0 };
  Again again = { f, &next };

  cardea_prompter_ask_certificate_async (f->prompter, question, NULL, on_answered_ask_again, &again);
  assert_uses (&next, "2", CARDEA_PROMPT_REMEMBER_NOT);
}

/* Updates. */

static GPtrArray *
make_offers (const char *id)
{
  GPtrArray *offers = cardea_prompt_offers_new ();

  g_ptr_array_add (offers, make_offer (id));
  return offers;
}

static void
test_offers_change (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCertificateQuestion) question = make_certificate_question ("a", "shown;update;use 9 not");
  g_autoptr (GPtrArray) offers = make_offers ("9");
  Told told = { 0 };

  cardea_prompter_ask_certificate_async (f->prompter, question, NULL, on_certificate, &told);
  await_line (f, "a start");
  cardea_certificate_question_update_offers (question, offers);
  assert_uses (&told, "9", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_true (has_line (f, "a offers 1"));
  cardea_certificate_question_update_offers (question, offers); /* nobody listens any more */
}

static void
test_offer_goes (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCertificateQuestion) question = make_certificate_question ("a", "shown;update;use 1 not");
  g_autoptr (GPtrArray) offers = make_offers ("9");
  Told told = { 0 };

  cardea_prompter_ask_certificate_async (f->prompter, question, NULL, on_certificate, &told);
  await_line (f, "a start");
  expect_warning ("not offered");
  cardea_certificate_question_update_offers (question, offers);
  assert_cancelled (&told);
}

static void
test_offers_change_while_waiting (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCertificateQuestion) question = make_certificate_question ("b", "shown;use 9 not");
  g_autoptr (GPtrArray) offers = make_offers ("9");
  Told first, told = { 0 };

  ask_certificate (f, "a", "shown;use 1 not", NULL, &first);
  cardea_prompter_ask_certificate_async (f->prompter, question, NULL, on_certificate, &told);
  cardea_certificate_question_update_offers (question, offers);
  assert_uses (&told, "9", CARDEA_PROMPT_REMEMBER_NOT);
  assert_uses (&first, "1", CARDEA_PROMPT_REMEMBER_NOT);
}

/* A prompt that reads nothing is not sent more than it can hold, and the newest is what it reads at last. */
static void
test_many_changes (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (CardeaCertificateQuestion) question = make_certificate_question ("a", "hang");
  Told told = { 0 };

  cardea_prompter_ask_certificate_async (f->prompter, question, cancellable, on_certificate, &told);
  await_line (f, "a start");
  for (guint i = 0; i < 200; i++) {
    g_autoptr (GPtrArray) offers = make_offers ("9");

    ((CardeaPromptOffer *)offers->pdata[0])->subject_name = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, 's');
    cardea_certificate_question_update_offers (question, offers);
    g_main_context_iteration (NULL, FALSE);
  }
  g_cancellable_cancel (cancellable);
  assert_cancelled (&told);
}

/* What the process is given. */

static void
test_environment (Fixture *f, gconstpointer data)
{
  g_autofree char *log = NULL;
  Told told;

  g_setenv ("DISPLAY", ":77", TRUE);
  g_setenv ("LD_LIBRARY_PATH", "/nonexistent", TRUE);
  g_setenv ("GTK_THEME", "theme", TRUE);
  g_setenv ("CARDEA_SOMETHING", "1", TRUE);
  ask_certificate (f, "a", "environment;shown;use 1 not", NULL, &told);
  assert_uses (&told, "1", CARDEA_PROMPT_REMEMBER_NOT);
  g_assert_true (has_line (f, "a DISPLAY=:77"));
  g_assert_true (has_line (f, "a ADW_DISABLE_PORTAL=1"));
  g_assert_true (has_line (f, "a DESKTOP_STARTUP_ID=token-1"));
  g_assert_true (has_line (f, "a XDG_ACTIVATION_TOKEN=token-1"));
  log = read_log (f);
  g_assert_null (strstr (log, "LD_LIBRARY_PATH"));
  g_assert_null (strstr (log, "GTK_THEME"));
  g_assert_null (strstr (log, "CARDEA_SOMETHING"));
  g_unsetenv ("LD_LIBRARY_PATH");
  g_unsetenv ("GTK_THEME");
  g_unsetenv ("DISPLAY");
}

static void
assert_descriptors (Fixture *f)
{
  g_autofree char *log = read_log (f);
  g_auto (GStrv) lines = g_strsplit (log, "\n", 0);
  guint n_found = 0;

  /* The lock is the prompt's own. */
  for (guint i = 0; lines[i] != NULL; i++)
    n_found +=
        g_ascii_isdigit (lines[i][0] != '\0' ? lines[i][2] : ' ') && !g_str_has_suffix (lines[i], "/lock");
  g_assert_cmpuint (n_found, ==, 5);
  g_assert_nonnull (strstr (log, "a 0 /dev/null\na 1 /dev/null\na 2 "));
  g_assert_nonnull (strstr (log, "a 3 socket:"));
  g_assert_nonnull (strstr (log, "a 4 pipe:"));
}

static void
test_descriptors (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaPinQuestion) question = make_pin_question ("a", "descriptors;shown;pin 4;typed");
  Told told;

  ask_pin (f, question, NULL, &told);
  await (&told);
  g_assert_no_error (told.error);
  clear (&told);
  assert_descriptors (f);
}

/* The same: what is written there is no answer. */
static void
test_descriptors_for_certificate (Fixture *f, gconstpointer data)
{
  Told told;

  ask_certificate (f, "a", "descriptors;shown;pin 4;close-pin;use 1 not", NULL, &told);
  assert_uses (&told, "1", CARDEA_PROMPT_REMEMBER_NOT);
  assert_descriptors (f);
}

static void
add (const char *name, void (*test) (Fixture *f, gconstpointer data), gconstpointer data)
{
  g_autofree char *path = g_strconcat ("/dialogs/", name, NULL);

  g_test_add (path, Fixture, data, set_up, test, tear_down);
}

static void
add_cases (const char *folder, const Case *cases, gsize n, void (*test) (Fixture *f, gconstpointer data))
{
  for (gsize i = 0; i < n; i++) {
    g_autofree char *name = g_strconcat (folder, "/", cases[i].name, NULL);

    add (name, test, &cases[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_unsetenv ("XDG_RUNTIME_DIR");
  add_cases ("bad-certificate", BAD_CERTIFICATE_CASES, G_N_ELEMENTS (BAD_CERTIFICATE_CASES),
             test_bad_certificate);
  add_cases ("bad-pin", BAD_PIN_CASES, G_N_ELEMENTS (BAD_PIN_CASES), test_bad_pin);
  add ("locked", test_locked, NULL);
  add ("no-program", test_no_program, NULL);
  add ("unreadable-question", test_unreadable_question, NULL);
  add ("use", test_use, NULL);
  add ("continue", test_continue, NULL);
  add ("cancel", test_cancel, "shown;cancel");
  add ("cancel-without-display", test_cancel, "cancel");
  add ("answer-and-hang", test_answer_of_one_who_stays, "shown;use 1 not;hang");
  add ("answer-and-close", test_answer_of_one_who_stays, "shown;use 1 not;close;hang");
  add ("answer-and-crash", test_answer_of_one_who_stays, "shown;use 1 not;crash");
  add ("answer-and-fork", test_answer_of_one_who_stays, "shown;use 1 not;fork");
  add ("large-question", test_large_question, NULL);
  add ("pins", test_pins, NULL);
  add ("pinpad", test_pinpad, NULL);
  add ("hang", test_hang, "hang");
  add ("hang-shown", test_hang, "shown;hang");
  add ("late-answer", test_late_answer, NULL);
  add ("cancelled-while-shown", test_cancelled_while_shown, "shown;update");
  add ("cancelled-late-answer", test_cancelled_while_shown, "shown;update;use 1 not");
  add ("cancelled-hanging", test_cancelled_while_shown, "shown;hang");
  for (CardeaPromptWithdrawn why = 0; why <= CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING; why++) {
    g_autofree char *name = g_strdup_printf ("reason/%s", cardea_prompt_withdrawn_to_string (why));

    add (name, test_reason, GINT_TO_POINTER (why));
  }
  add ("cancelled-while-waiting", test_cancelled_while_waiting, NULL);
  add ("cancelled-before", test_cancelled_before, NULL);
  add ("cancelled-at-once", test_cancelled_at_once, NULL);
  add ("cancelled-any-time", test_cancelled_any_time, NULL);
  add ("token-gone", test_token_gone, NULL);
  add ("in-order", test_in_order, NULL);
  add ("sixteen-wait", test_sixteen_wait, NULL);
  add ("displaced", test_displaced, NULL);
  add ("turns", test_turns, NULL);
  add ("asked-again", test_asked_again, NULL);
  add ("offers-change", test_offers_change, NULL);
  add ("offer-goes", test_offer_goes, NULL);
  add ("offers-change-while-waiting", test_offers_change_while_waiting, NULL);
  add ("many-changes", test_many_changes, NULL);
  add ("environment", test_environment, NULL);
  add ("descriptors", test_descriptors, NULL);
  add ("descriptors-for-certificate", test_descriptors_for_certificate, NULL);
  return g_test_run ();
}
