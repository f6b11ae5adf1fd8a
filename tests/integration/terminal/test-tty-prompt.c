/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real cardea-prompt on a pseudo-terminal. The test is the agent on one side and the person on the other:
 * it waits for what is written, types, and looks at what came of it. */

#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/process.h"
#include "socket-api/private/prompt-protocol.h"
#include "socket-api/private/terminal-mode.h"
#include "socket-api/secret/secret.h"

#define PATIENCE_MS 20000
#define BIDI "\342\200\256"
#define LOCK "\033[2J\033]0;title\007"

typedef struct
{
  int master, slave; /* the slave as the asking program has it */
  int socket, pin;   /* the agent's ends */
  struct termios before;
  CardeaProcess *process;
  gboolean ended;
  GString *screen; /* all that was written */
  gsize read;      /* of it, by wait_for() */
  CardeaPromptQuestion *question;
} Desk;

static void
on_ended (gpointer data)
{
  Desk *desk = data;

  desk->ended = TRUE;
  g_free (cardea_process_end (g_steal_pointer (&desk->process)));
}

static CardeaPromptOffer *
add_offer (Desk *desk, const char *id, const char *holder)
{
  CardeaPromptOffer *offer = cardea_prompt_offer_new ();

  offer->id = g_strdup (id);
  offer->holder = g_strdup (holder);
  offer->issuer = g_strdup ("Example CA");
  offer->subject_name = g_strdup_printf ("CN=%s", holder);
  offer->issuer_name = g_strdup ("CN=Example CA");
  offer->serial = g_strdup ("01");
  offer->sha256 = g_strnfill (64, 'a');
  offer->key = g_strdup ("p256");
  offer->not_before = 0;
  offer->not_after = G_GINT64_CONSTANT (4102444800); /* 2100 */
  offer->token_label = g_strdup ("Demo card");
  offer->reader = g_strdup ("Reader 00");
  g_ptr_array_add (desk->question->offers, offer);
  return offer;
}

static Desk *
desk_new (CardeaPromptKind kind)
{
  Desk *desk = g_new0 (Desk, 1);

  g_assert_cmpint (openpty (&desk->master, &desk->slave, NULL, NULL, NULL), ==, 0);
  g_assert_true (g_unix_set_fd_nonblocking (desk->master, TRUE, NULL));
  g_assert_cmpint (tcgetattr (desk->slave, &desk->before), ==, 0);
  desk->screen = g_string_new (NULL);
  desk->question = cardea_prompt_question_new (kind);
  desk->question->program.label = g_strdup ("/usr/bin/cardea");
  g_strfreev (desk->question->program.parents);
  desk->question->program.parents = g_strsplit ("/usr/bin/git /bin/bash", " ", -1);
  desk->question->server.name = g_strdup ("bank.example");
  desk->question->server.port = 443;
  desk->question->server.vouched_by = g_strdup ("Bank CA");
  if (kind == CARDEA_PROMPT_PIN)
    desk->question->token_label = g_strdup ("Demo card");
  return desk;
}

static void
send_message (Desk *desk, GBytes *message)
{
  g_autoptr (GBytes) own = message;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (own, &length);

  g_assert_cmpint (send (desk->socket, bytes, length, MSG_NOSIGNAL), ==, length);
}

static void
start (Desk *desk)
{
  const char *const arguments[] = { g_getenv ("CARDEA_PROMPT"), "--terminal", NULL };
  const char *const environment[] = { "LC_ALL=C.UTF-8", "TZ=UTC", NULL };
  g_autoptr (GError) error = NULL;
  int sockets[2], pipe_ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
  g_assert_true (g_unix_open_pipe (pipe_ends, FD_CLOEXEC, NULL));
  desk->process =
      cardea_process_new (arguments, environment, (int[]){ sockets[1], pipe_ends[1], desk->slave }, 3,
                          g_main_context_default (), on_ended, desk, &error);
  g_assert_no_error (error);
  close (sockets[1]);
  close (pipe_ends[1]);
  desk->socket = sockets[0];
  desk->pin = pipe_ends[0];
  send_message (desk, cardea_prompt_question_encode (desk->question));
}

static void
read_screen (Desk *desk)
{
  struct pollfd item = { desk->master, POLLIN, 0 };
  char bytes[4096];
  gssize length;

  (void)poll (&item, 1, 20);
  length = read (desk->master, bytes, sizeof bytes);
  if (length > 0)
    g_string_append_len (desk->screen, bytes, length);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
wait_for (Desk *desk, const char *text)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_MS * 1000;
  const char *found;

  while ((found = strstr (desk->screen->str + desk->read, text)) == NULL) {
    if (g_get_monotonic_time () > end)
      g_error ("\"%s\" does not appear in:\n%s", text, desk->screen->str);
    read_screen (desk);
  }
  desk->read = (gsize)(found - desk->screen->str) + strlen (text);
}

static void
type (Desk *desk, const char *keys)
{
  g_assert_cmpint (write (desk->master, keys, strlen (keys)), ==, strlen (keys));
}

/* The next answer; NULL: the prompt ended the socket. */
static CardeaPromptAnswer *
receive (Desk *desk)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) message = NULL;
  CardeaPromptAnswer *answer;
  struct pollfd item = { desk->socket, POLLIN, 0 };
  gint64 end = g_get_monotonic_time () + PATIENCE_MS * 1000;
  char byte;

  for (;;) {
    while (poll (&item, 1, 0) == 0) {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      read_screen (desk); /* a terminal that is full stops its writer */
    }
    if (recv (desk->socket, &byte, 1, 0) <= 0)
      return NULL;
    if (byte == '\0')
      break;
    g_string_append_c (text, byte);
  }
  message = g_string_free_to_bytes (g_steal_pointer (&text));
  answer = cardea_prompt_answer_decode (message, &error);
  g_assert_no_error (error);
  return answer;
}

static void
assert_shown (Desk *desk)
{
  g_autoptr (CardeaPromptAnswer) shown = receive (desk);

  g_assert_cmpint (shown->kind, ==, CARDEA_PROMPT_SHOWN);
}

static void
assert_put_back (Desk *desk)
{
  struct termios now;

  g_assert_cmpint (tcgetattr (desk->slave, &now), ==, 0);
  g_assert_cmpuint (now.c_lflag, ==, desk->before.c_lflag);
  g_assert_cmpuint (now.c_iflag, ==, desk->before.c_iflag);
  g_assert_cmpmem (now.c_cc, sizeof now.c_cc, desk->before.c_cc, sizeof desk->before.c_cc);
}

/* The terminal is back when the answer comes, and the process ends. */
static CardeaPromptAnswer *
finish (Desk *desk, CardeaPromptAnswerKind kind)
{
  CardeaPromptAnswer *answer = receive (desk);

  g_assert_nonnull (answer);
  g_assert_cmpint (answer->kind, ==, kind);
  assert_put_back (desk);
  g_assert_null (receive (desk));
  return answer;
}

static void
desk_free (Desk *desk)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_MS * 1000;

  while (!desk->ended) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    read_screen (desk);
  }
  for (gsize i = 0; i < desk->screen->len; i++)
    g_assert_false (g_ascii_iscntrl (desk->screen->str[i]) && strchr ("\r\n", desk->screen->str[i]) == NULL);
  close (desk->master);
  close (desk->slave);
  close (desk->socket);
  close (desk->pin);
  g_string_free (desk->screen, TRUE);
  cardea_prompt_question_free (desk->question);
  g_free (desk);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Desk, desk_free)

static void
test_choose (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptAnswer) answer = NULL;
  CardeaPromptOffer *misfit;

  add_offer (desk, "one", "Erika Mustermann");
  add_offer (desk, "two", "Max Mustermann");
  misfit = add_offer (desk, "three", "Old One");
  g_ptr_array_add (misfit->reasons, cardea_prompt_reason_new ("not_for_client_auth", "no", NULL));
  start (desk);
  assert_shown (desk);
  wait_for (desk, "Program: /usr/bin/cardea");
  wait_for (desk, "Started by /usr/bin/git");
  wait_for (desk, "Server: bank.example:443");
  wait_for (desk, "vouched for by Bank CA");
  wait_for (desk, "1. Erika Mustermann");
  wait_for (desk, "Issued by Example CA");
  wait_for (desk, "Valid until 1 January 2100");
  wait_for (desk, "Demo card in Reader 00");
  wait_for (desk, "P-256");
  wait_for (desk, "2. Max Mustermann");
  wait_for (desk, "- Old One");
  wait_for (desk, "It was not issued for signing in to servers");
  wait_for (desk, "Your choice: ");
  type (desk, "3\n");
  wait_for (desk, "There is no such choice.");
  type (desk, "n\n"); /* not offered */
  wait_for (desk, "There is no such choice.");
  wait_for (desk, "Your choice: ");
  type (desk, "1\1772\n");
  answer = finish (desk, CARDEA_PROMPT_USE);
  g_assert_cmpstr (answer->id, ==, "two");
  g_assert_cmpint (answer->remember, ==, CARDEA_PROMPT_REMEMBER_NOT);
}

static void
test_continue (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  desk->question->may_continue = TRUE;
  start (desk);
  assert_shown (desk);
  wait_for (desk, "Insert Your Token");
  wait_for (desk, "n: continue without a certificate");
  wait_for (desk, "Your choice: ");
  type (desk, "n\n");
  answer = finish (desk, CARDEA_PROMPT_CONTINUE);
}

/* Enter, c, Ctrl-D and Escape; each for a choice and, but for the letter, for a PIN. */
static void
test_cancel (void)
{
  static const char *const keys[] = { "\n", "\004", "\033", "c\n" };

  for (guint i = 0; i < 7; i++) {
    CardeaPromptKind kind = i < 4 ? CARDEA_PROMPT_CERTIFICATE : CARDEA_PROMPT_PIN;
    g_autoptr (Desk) desk = desk_new (kind);
    g_autoptr (CardeaPromptAnswer) answer = NULL;

    if (kind == CARDEA_PROMPT_CERTIFICATE)
      add_offer (desk, "one", "Erika Mustermann");
    start (desk);
    assert_shown (desk);
    wait_for (desk, kind == CARDEA_PROMPT_PIN ? "PIN: " : "Your choice: ");
    type (desk, keys[i % 4]);
    answer = finish (desk, CARDEA_PROMPT_CANCEL);
  }
}

static void
assert_pin (Desk *desk, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSecret) pin = cardea_secret_new_from_fd (desk->pin, 255, FALSE, PATIENCE_MS, &error);
  gsize length;
  const guint8 *bytes;

  g_assert_no_error (error);
  bytes = cardea_secret_peek (pin, &length);
  g_assert_cmpmem (bytes, length, expected, strlen (expected));
}

/* Corrected by character, of several bytes too, and as a whole; never shown. */
static void
test_pin (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  start (desk);
  assert_shown (desk);
  wait_for (desk, "Unlock Token");
  wait_for (desk, "Token: Demo card");
  wait_for (desk, "What you type is not shown");
  wait_for (desk, "PIN: ");
  type (desk, "99\02531\303\274\177415\033[A");
  read_screen (desk);
  type (desk, "8\01092\n");
  answer = finish (desk, CARDEA_PROMPT_PIN_TYPED);
  assert_pin (desk, "3141592");
  g_assert_null (strstr (desk->screen->str, "3141"));
}

/* How often @text is in the memory of the prompt. */
static guint
count_in_memory (Desk *desk, const char *text)
{
  g_autofree char *maps_path = g_strdup_printf ("/proc/%d/maps", cardea_process_get_pid (desk->process));
  g_autofree char *memory_path = g_strdup_printf ("/proc/%d/mem", cardea_process_get_pid (desk->process));
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  int memory = open (memory_path, O_RDONLY | O_CLOEXEC);
  guint n = 0;

  g_assert_cmpint (memory, >=, 0);
  g_assert_true (g_file_get_contents (maps_path, &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *bytes = NULL;
    unsigned long from, to;
    gssize length;

    if (sscanf (lines[i], "%lx-%lx rw", &from, &to) != 2 || strstr (lines[i], " rw") == NULL)
      continue;
    bytes = g_malloc (to - from);
    length = pread (memory, bytes, to - from, (off_t)from);
    for (const char *at = bytes;
         length > 0 && (at = memmem (at, (gsize)(bytes + length - at), text, strlen (text))) != NULL; at++)
      n++;
  }
  close (memory);
  return n;
}

/* What was typed is on the locked pages and nowhere else: no buffer of a terminal's or a library's has it. */
static void
test_memory (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  if (geteuid () != 0)
    g_test_message ("only root can look into a prompt");
  start (desk);
  assert_shown (desk);
  wait_for (desk, "PIN: ");
  type (desk, "Sesame-92741863-opens");
  if (geteuid () == 0) {
    gint64 end = g_get_monotonic_time () + PATIENCE_MS * 1000;

    while (count_in_memory (desk, "Sesame-92741863-opens") == 0) {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      read_screen (desk);
    }
    g_assert_cmpuint (count_in_memory (desk, "Sesame-92741863-opens"), ==, 1);
  }
  type (desk, "\025");
  read_screen (desk);
  if (geteuid () == 0) {
    gint64 end = g_get_monotonic_time () + PATIENCE_MS * 1000;

    while (count_in_memory (desk, "92741863-opens") > 0) {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      read_screen (desk);
    }
  }
  type (desk, "\n");
  answer = finish (desk, CARDEA_PROMPT_CANCEL);
}

/* The last try takes a word first; anything else is no. */
static void
test_last_try (void)
{
  for (guint i = 0; i < 2; i++) {
    g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
    g_autoptr (CardeaPromptAnswer) answer = NULL;

    desk->question->pin_state = CARDEA_PROMPT_PIN_FINAL_TRY;
    desk->question->rejected = TRUE;
    start (desk);
    assert_shown (desk);
    wait_for (desk, "The PIN was wrong. This is the last try.");
    wait_for (desk, "to go on: ");
    type (desk, i == 0 ? "y\n" : "yes\n");
    if (i == 0) {
      answer = finish (desk, CARDEA_PROMPT_CANCEL);
      continue;
    }
    wait_for (desk, "PIN: ");
    type (desk, "1234\n");
    answer = finish (desk, CARDEA_PROMPT_PIN_TYPED);
    assert_pin (desk, "1234");
  }
}

static void
test_locked (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  desk->question->pin_state = CARDEA_PROMPT_PIN_LOCKED;
  start (desk);
  assert_shown (desk);
  answer = finish (desk, CARDEA_PROMPT_CANCEL);
  wait_for (desk, "Token Locked");
}

static void
test_pinpad (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  desk->question->pinpad = TRUE;
  start (desk);
  assert_shown (desk);
  wait_for (desk, "PIN on the Reader");
  wait_for (desk, "to go on: ");
  type (desk, "yes\n");
  answer = finish (desk, CARDEA_PROMPT_PINPAD);
}

/* Why it is asked for again is said wherever it is typed. */
static void
test_for_signature (void)
{
  for (guint i = 0; i < 2; i++) {
    g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
    g_autoptr (CardeaPromptAnswer) answer = NULL;

    desk->question->for_signature = TRUE;
    desk->question->pinpad = i == 1;
    start (desk);
    assert_shown (desk);
    wait_for (desk, i == 0 ? "Sign with PIN" : "PIN on the Reader");
    wait_for (desk, "The key asks for the PIN for every signature.");
    wait_for (desk, i == 0 ? "PIN: " : "to go on: ");
    type (desk, i == 0 ? "1234\n" : "yes\n");
    answer = finish (desk, i == 0 ? CARDEA_PROMPT_PIN_TYPED : CARDEA_PROMPT_PINPAD);
    if (i == 0)
      assert_pin (desk, "1234");
  }
}

/* What was typed before the question could be read answers nothing: not what waited in the terminal, and not
 * what came in the moment after. */
static void
test_typed_ahead (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  add_offer (desk, "one", "Erika Mustermann");
  type (desk, "1\n");
  start (desk);
  assert_shown (desk);
  type (desk, "1\n");
  wait_for (desk, "Keys pressed before this question was ready were ignored.");
  wait_for (desk, "Your choice: ");
  type (desk, "c\n");
  answer = finish (desk, CARDEA_PROMPT_CANCEL);
}

/* Nothing of a foreign text moves the cursor, ends a line or turns text around; lines stay within the
 * terminal. */
static void
test_hostile (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptAnswer) answer = NULL;
  g_autofree char *long_name = g_strnfill (10240, 'x');
  struct winsize size = { .ws_row = 24, .ws_col = 40 };
  CardeaPromptOffer *offer;

  g_assert_cmpint (ioctl (desk->master, TIOCSWINSZ, &size), ==, 0);
  g_free (desk->question->program.label);
  desk->question->program.label = g_strdup ("/tmp/a" LOCK BIDI "\nServer: good.example");
  add_offer (desk, "one", long_name);
  offer = add_offer (desk, "two",
                     LOCK "\r\n 1. Erika" BIDI "\302\233"
                          "31m");
  g_free (offer->token_label);
  offer->token_label = g_strdup ("\t\b\b\b" LOCK);
  offer = add_offer (desk, "three", "Other");
  g_ptr_array_add (offer->reasons, cardea_prompt_reason_new ("of_another_version", LOCK "\nsaid", NULL));
  start (desk);
  assert_shown (desk);
  wait_for (desk, "Your choice: ");
  g_assert_null (strchr (desk->screen->str, '\033'));
  g_assert_null (strstr (desk->screen->str, BIDI));
  g_assert_null (strstr (desk->screen->str, "\302\233"));
  g_assert_null (strstr (desk->screen->str, "\nServer: good.example"));
  g_auto (GStrv) lines = g_strsplit (desk->screen->str, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    g_assert_cmpint (g_utf8_strlen (lines[i], -1), <, 40);
  type (desk, "\n");
  answer = finish (desk, CARDEA_PROMPT_CANCEL);
}

/* What is offered changes: it is written anew, and what was typed for the old list means nothing. */
static void
test_update (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_CERTIFICATE);
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_new (CARDEA_PROMPT_UPDATE_OFFERS);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  add_offer (desk, "one", "Erika Mustermann");
  start (desk);
  assert_shown (desk);
  wait_for (desk, "Your choice: ");
  type (desk, "1");
  wait_for (desk, "1");
  g_ptr_array_remove_index (desk->question->offers, 0);
  add_offer (desk, "two", "Max Mustermann");
  g_ptr_array_unref (update->offers);
  update->offers = g_ptr_array_ref (desk->question->offers);
  send_message (desk, cardea_prompt_update_encode (update));
  wait_for (desk, "1. Max Mustermann");
  type (desk, "\n");
  wait_for (desk, "Your choice: ");
  type (desk, "1\n");
  answer = finish (desk, CARDEA_PROMPT_USE);
  g_assert_cmpstr (answer->id, ==, "two");
}

static void
test_withdrawn (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_new (CARDEA_PROMPT_UPDATE_WITHDRAW);

  start (desk);
  assert_shown (desk);
  wait_for (desk, "PIN: ");
  type (desk, "12");
  update->why = CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED;
  send_message (desk, cardea_prompt_update_encode (update));
  wait_for (desk, "The token is no longer there.");
  g_assert_null (receive (desk));
  assert_put_back (desk);
}

/* By a shell, which has the terminal by now: its mode stays, and nothing is written into its line. */
static void
test_taken_over (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_new (CARDEA_PROMPT_UPDATE_WITHDRAW);
  struct termios raw = desk->before, now;

  start (desk);
  assert_shown (desk);
  wait_for (desk, "PIN: ");
  cfmakeraw (&raw);
  g_assert_cmpint (tcsetattr (desk->slave, TCSANOW, &raw), ==, 0);
  update->why = CARDEA_PROMPT_WITHDRAWN_CALLER_GONE;
  send_message (desk, cardea_prompt_update_encode (update));
  g_assert_null (receive (desk));
  g_assert_cmpint (tcgetattr (desk->slave, &now), ==, 0);
  g_assert_cmpuint (now.c_lflag, ==, raw.c_lflag);
  g_assert_null (strstr (desk->screen->str, "given up"));
}

static void
test_signals (void)
{
  static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);

    start (desk);
    assert_shown (desk);
    wait_for (desk, "PIN: ");
    kill (cardea_process_get_pid (desk->process), signals[i]);
    g_assert_null (receive (desk));
    assert_put_back (desk);
  }
}

/* What a killed prompt leaves is for the agent to mend, with what it knew before. */
static void
test_killed (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);

  start (desk);
  assert_shown (desk);
  wait_for (desk, "PIN: ");
  g_assert_true (cardea_terminal_mode_is_ours (desk->slave, &desk->before));
  kill (cardea_process_get_pid (desk->process), SIGKILL);
  g_assert_null (receive (desk));
  g_assert_true (cardea_terminal_mode_is_ours (desk->slave, &desk->before));
  cardea_terminal_mode_end (desk->slave, &desk->before);
  assert_put_back (desk);
}

static void
test_hung_up (void)
{
  g_autoptr (Desk) desk = desk_new (CARDEA_PROMPT_PIN);
  g_autoptr (CardeaPromptAnswer) answer = NULL;

  start (desk);
  assert_shown (desk);
  wait_for (desk, "PIN: ");
  close (desk->master);
  desk->master = open ("/dev/null", O_RDWR);
  answer = receive (desk);
  g_assert_nonnull (answer);
  g_assert_cmpint (answer->kind, ==, CARDEA_PROMPT_CANCEL);
  g_assert_null (receive (desk));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tty-prompt/choose", test_choose);
  g_test_add_func ("/tty-prompt/continue", test_continue);
  g_test_add_func ("/tty-prompt/cancel", test_cancel);
  g_test_add_func ("/tty-prompt/pin", test_pin);
  g_test_add_func ("/tty-prompt/memory", test_memory);
  g_test_add_func ("/tty-prompt/last-try", test_last_try);
  g_test_add_func ("/tty-prompt/locked", test_locked);
  g_test_add_func ("/tty-prompt/pinpad", test_pinpad);
  g_test_add_func ("/tty-prompt/for-signature", test_for_signature);
  g_test_add_func ("/tty-prompt/typed-ahead", test_typed_ahead);
  g_test_add_func ("/tty-prompt/hostile", test_hostile);
  g_test_add_func ("/tty-prompt/update", test_update);
  g_test_add_func ("/tty-prompt/withdrawn", test_withdrawn);
  g_test_add_func ("/tty-prompt/taken-over", test_taken_over);
  g_test_add_func ("/tty-prompt/signals", test_signals);
  g_test_add_func ("/tty-prompt/killed", test_killed);
  g_test_add_func ("/tty-prompt/hung-up", test_hung_up);
  return g_test_run ();
}
