/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is asked where, and who waits for whom: terminals beside the display, and beside each other. */

#include "agent/prompt/terminals.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/private/terminal-mode.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/scripted-prompter.h"

#define HANG "shown;hang"

typedef struct
{
  char *folder;
  ScriptedPrompter *display;
  CardeaPrompter *prompter;
  int masters[2], slaves[2];
  CardeaTerminal *terminals[2];
} Fixture;

typedef struct
{
  GCancellable *cancellable;
  gboolean done;
  CardeaSecret *pin;
  GError *error;
} Told;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("cardea-terminals-XXXXXX", NULL);
  g_setenv ("HOME", f->folder, TRUE);
  f->display = scripted_prompter_new ();
  f->prompter = cardea_terminal_prompter_new (FAKE_PROMPT, CARDEA_PROMPTER (f->display));
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (openpty (&f->masters[i], &f->slaves[i], NULL, NULL, NULL), ==, 0);
    f->terminals[i] = cardea_terminal_new (dup (f->slaves[i]), NULL);
    g_assert_nonnull (f->terminals[i]);
  }
}

static void
remove_file (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_add_weak_pointer (G_OBJECT (f->prompter), (gpointer *)&f->prompter);
  g_object_unref (f->prompter);
  while (f->prompter != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (f->display);
  for (guint i = 0; i < 2; i++) {
    cardea_terminal_unref (f->terminals[i]);
    close (f->masters[i]);
    close (f->slaves[i]);
  }
  remove_file (f, "log");
  remove_file (f, "lock");
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
}

static gboolean
is_logged (Fixture *f, const char *line)
{
  g_autofree char *path = g_build_filename (f->folder, "log", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  lines = g_strsplit (text, "\n", 0);
  return g_strv_contains ((const char *const *)lines, line);
}

static void
wait_for_log (Fixture *f, const char *line)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!is_logged (f, line)) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_main_context_iteration (NULL, FALSE);
    g_usleep (1000);
  }
}

static void
on_pin (GObject *source, GAsyncResult *result, gpointer data)
{
  Told *told = data;

  g_assert_false (told->done);
  told->pin = cardea_prompter_ask_pin_finish (CARDEA_PROMPTER (source), result, &told->error);
  told->done = TRUE;
}

/* @name: the server's, by which the prompt's log tells the questions apart. */
static void
ask (Fixture *f, CardeaTerminal *terminal, const char *name, const char *script, Told *told)
{
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();

  question->program = g_strdup (script);
  question->server_name = g_strdup (name);
  question->port = 443;
  question->token_label = g_strdup ("Token");
  question->terminal = terminal != NULL ? cardea_terminal_ref (terminal) : NULL;
  told->cancellable = g_cancellable_new ();
  cardea_prompter_ask_pin_async (f->prompter, question, told->cancellable, on_pin, told);
}

static void
finish (Told *told)
{
  while (!told->done)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&told->cancellable);
  g_clear_pointer (&told->pin, cardea_secret_unref);
}

static void
withdraw (Told *told)
{
  g_cancellable_cancel (told->cancellable);
  finish (told);
  g_assert_error (told->error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&told->error);
}

/* A question with a terminal goes there, with the descriptor behind the others; one without does not. */
static void
test_place (Fixture *f, gconstpointer data)
{
  g_autofree char *line = g_strdup_printf ("a 5 %s", ttyname (f->slaves[0]));
  Told on_terminal = { 0 }, on_display = { 0 };

  scripted_prompter_add_pin (f->display, "1234");
  ask (f, f->terminals[0], "a", "descriptors;shown;pin 4;typed", &on_terminal);
  ask (f, NULL, "b", "exit 1", &on_display);
  finish (&on_display);
  g_assert_no_error (on_display.error);
  finish (&on_terminal);
  g_assert_no_error (on_terminal.error);
  g_assert_cmpuint (scripted_prompter_get_questions (f->display)->len, ==, 1);
  g_assert_true (is_logged (f, line));
  g_assert_false (is_logged (f, "b start"));
}

/* Two terminals at once; on one of them, by whichever name, one after the other. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaTerminal) again =
      cardea_terminal_new (open (ttyname (f->slaves[0]), O_RDWR | O_NOCTTY), NULL);
  Told first = { 0 }, second = { 0 }, other = { 0 };

  ask (f, f->terminals[0], "a", HANG, &first);
  ask (f, again, "b", HANG, &second);
  ask (f, f->terminals[1], "c", HANG, &other);
  wait_for_log (f, "a start");
  wait_for_log (f, "c start");
  g_assert_false (is_logged (f, "b start"));
  withdraw (&first);
  wait_for_log (f, "b start");
  withdraw (&second);
  withdraw (&other);
}

static void
test_limit (Fixture *f, gconstpointer data)
{
  Told told[CARDEA_LIMIT_TERMINAL_QUESTIONS] = { 0 }, more = { 0 }, display = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    ask (f, f->terminals[i % 2], "a", HANG, &told[i]);
  ask (f, f->terminals[0], "b", HANG, &more);
  finish (&more);
  g_assert_error (more.error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_clear_error (&more.error);
  more.done = FALSE;
  scripted_prompter_add_pin (f->display, "1234"); /* which does not count */
  ask (f, NULL, "c", "exit 1", &display);
  finish (&display);
  g_assert_no_error (display.error);
  withdraw (&told[0]);
  ask (f, f->terminals[0], "b", HANG, &more);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (more.done);
  for (guint i = 1; i < G_N_ELEMENTS (told); i++)
    withdraw (&told[i]);
  withdraw (&more);
}

/* A prompt that is killed leaves a terminal without echo: the agent mends it. */
static void
test_mended (Fixture *f, gconstpointer data)
{
  struct termios before, quiet, after;
  Told told = { 0 };

  ask (f, f->terminals[0], "a", "shown;crash", &told);
  g_assert_true (cardea_terminal_mode_begin (f->slaves[0], &before)); /* as the prompt does */
  g_assert_cmpint (tcgetattr (f->slaves[0], &quiet), ==, 0);
  g_assert_cmpuint (quiet.c_lflag & ECHO, ==, 0);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*");
  finish (&told);
  g_test_assert_expected_messages ();
  g_assert_error (told.error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&told.error);
  g_assert_cmpint (tcgetattr (f->slaves[0], &after), ==, 0);
  g_assert_cmpuint (after.c_lflag, ==, before.c_lflag);
}

#define ADD(path, test) g_test_add ("/terminals/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("place", test_place);
  ADD ("turns", test_turns);
  ADD ("limit", test_limit);
  ADD ("mended", test_mended);
  return g_test_run ();
}
