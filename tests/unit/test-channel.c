/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The prompt's end of its channel: what it makes of an agent's bytes, in whichever pieces they come. */

#include "ui/channel.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

typedef struct
{
  CardeaChannel *channel;
  int agent; /* the other end */
  guint questions, updates, closed;
  char *token;
  CardeaPromptWithdrawn why;
  GError *error;
} Rig;

static void
on_question (CardeaChannel *channel, const CardeaPromptQuestion *question, Rig *rig)
{
  rig->questions++;
  rig->token = g_strdup (question->token_label);
}

static void
on_update (CardeaChannel *channel, const CardeaPromptUpdate *update, Rig *rig)
{
  rig->updates++;
  rig->why = update->why;
}

static void
on_closed (CardeaChannel *channel, const GError *error, Rig *rig)
{
  rig->closed++;
  rig->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
set_up (Rig *rig, gconstpointer data)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  rig->agent = ends[0];
  rig->channel = cardea_channel_new (ends[1]);
  g_signal_connect (rig->channel, "question", G_CALLBACK (on_question), rig);
  g_signal_connect (rig->channel, "update", G_CALLBACK (on_update), rig);
  g_signal_connect (rig->channel, "closed", G_CALLBACK (on_closed), rig);
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  g_clear_object (&rig->channel);
  if (rig->agent >= 0)
    close (rig->agent);
  g_free (rig->token);
  g_clear_error (&rig->error);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
say (Rig *rig, const void *bytes, gsize length)
{
  g_assert_cmpint (send (rig->agent, bytes, length, MSG_NOSIGNAL), ==, (gssize)length);
}

static GBytes *
make_question (void)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_prompt_question_new (CARDEA_PROMPT_PIN);

  question->program.label = g_strdup ("/usr/bin/example");
  question->server.name = g_strdup ("bank.example");
  question->server.port = 443;
  question->server.vouched_by = g_strdup ("Example CA");
  question->token_label = g_strdup ("Card");
  question->pin_tries = -1;
  return cardea_prompt_question_encode (question);
}

static GBytes *
make_withdrawal (CardeaPromptWithdrawn why)
{
  g_autoptr (CardeaPromptUpdate) update = cardea_prompt_update_new (CARDEA_PROMPT_UPDATE_WITHDRAW);

  update->why = why;
  return cardea_prompt_update_encode (update);
}

static void
say_bytes (Rig *rig, GBytes *message)
{
  say (rig, g_bytes_get_data (message, NULL), g_bytes_get_size (message));
}

static void
test_conversation (Rig *rig, gconstpointer data)
{
  g_autoptr (GBytes) question = make_question ();
  g_autoptr (GBytes) first = make_withdrawal (CARDEA_PROMPT_WITHDRAWN_CALLER_GONE);
  g_autoptr (GBytes) second = make_withdrawal (CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED);

  say_bytes (rig, question);
  say_bytes (rig, first);
  say_bytes (rig, second);
  settle ();
  g_assert_cmpuint (rig->questions, ==, 1);
  g_assert_cmpstr (rig->token, ==, "Card");
  g_assert_cmpuint (rig->updates, ==, 2);
  g_assert_cmpint (rig->why, ==, CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED);
  g_assert_cmpuint (rig->closed, ==, 0);
}

static void
test_pieces (Rig *rig, gconstpointer data)
{
  g_autoptr (GBytes) question = make_question ();
  gsize length = 0;
  const char *bytes = g_bytes_get_data (question, &length);

  for (gsize i = 0; i < length; i++) {
    g_assert_cmpuint (rig->questions, ==, 0);
    say (rig, bytes + i, 1);
    settle ();
  }
  g_assert_cmpuint (rig->questions, ==, 1);
}

/* What comes before the end is told before it. */
static void
test_end (Rig *rig, gconstpointer data)
{
  g_autoptr (GBytes) question = make_question ();

  say_bytes (rig, question);
  say (rig, "{\"upd", 5);
  close (g_steal_fd (&rig->agent));
  settle ();
  g_assert_cmpuint (rig->questions, ==, 1);
  g_assert_cmpuint (rig->closed, ==, 1);
  g_assert_no_error (rig->error);
  settle ();
  g_assert_cmpuint (rig->closed, ==, 1);
}

/* The words of an agent that is none end the channel, and nothing after them is told. */
static void
test_garbage (Rig *rig, gconstpointer data)
{
  const char *words = data;
  g_autoptr (GBytes) question = make_question ();

  say (rig, words, strlen (words) + 1);
  say_bytes (rig, question);
  settle ();
  g_assert_cmpuint (rig->questions, ==, 0);
  g_assert_cmpuint (rig->closed, ==, 1);
  g_assert_error (rig->error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_second_question (Rig *rig, gconstpointer data)
{
  g_autoptr (GBytes) question = make_question ();

  say_bytes (rig, question);
  say_bytes (rig, question);
  settle ();
  g_assert_cmpuint (rig->questions, ==, 1);
  g_assert_cmpuint (rig->closed, ==, 1);
  g_assert_error (rig->error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

/* Spaces are no fault of a message, but too many of them are. */
static void
say_spaces (Rig *rig, gsize n)
{
  g_autofree char *spaces = g_strnfill (32 * 1024, ' ');

  while (n > 0) {
    gsize piece = MIN (n, 32 * 1024);

    say (rig, spaces, piece);
    settle ();
    n -= piece;
  }
}

static void
test_longest (Rig *rig, gconstpointer data)
{
  g_autoptr (GBytes) question = make_question ();

  say_spaces (rig, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES - (g_bytes_get_size (question) - 1));
  say_bytes (rig, question);
  settle ();
  g_assert_cmpuint (rig->questions, ==, 1);
  g_assert_cmpuint (rig->closed, ==, 0);
}

static void
test_too_long (Rig *rig, gconstpointer data)
{
  say_spaces (rig, CARDEA_LIMIT_PROMPT_MESSAGE_BYTES);
  g_assert_cmpuint (rig->closed, ==, 0);
  say_spaces (rig, 1);
  g_assert_cmpuint (rig->closed, ==, 1);
  g_assert_error (rig->error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_answer (Rig *rig, gconstpointer data)
{
  static const char expected[] = "{\"answer\":\"shown\"}\0{\"answer\":\"cancel\"}";
  g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_new (CARDEA_PROMPT_CANCEL);
  g_autoptr (GError) error = NULL;
  char bytes[200];

  g_assert_true (cardea_channel_send (rig->channel, CARDEA_PROMPT_SHOWN, &error));
  g_assert_no_error (error);
  g_assert_true (cardea_channel_send_answer (rig->channel, answer, &error));
  g_assert_no_error (error);
  gssize length = recv (rig->agent, bytes, sizeof bytes, 0);
  g_assert_cmpmem (bytes, length, expected, sizeof expected);
}

static void
test_answer_to_nobody (Rig *rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  close (g_steal_fd (&rig->agent));
  g_assert_false (cardea_channel_send (rig->channel, CARDEA_PROMPT_CANCEL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

/* An agent that takes nothing does not hold the prompt up. */
static void
test_answer_not_taken (Rig *rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint sent = 0;

  while (sent < 1000000 && cardea_channel_send (rig->channel, CARDEA_PROMPT_SHOWN, &error))
    sent++;
  g_assert_cmpuint (sent, >, 0);
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
}

#define ADD(name, data, function) g_test_add ("/channel/" name, Rig, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("conversation", NULL, test_conversation);
  ADD ("pieces", NULL, test_pieces);
  ADD ("end", NULL, test_end);
  ADD ("garbage/empty", "", test_garbage);
  ADD ("garbage/object", "{}", test_garbage);
  ADD ("garbage/update-first", "{\"update\":\"withdraw\",\"reason\":\"answered\"}", test_garbage);
  ADD ("garbage/utf8", "\377\376", test_garbage);
  ADD ("second-question", NULL, test_second_question);
  ADD ("longest", NULL, test_longest);
  ADD ("too-long", NULL, test_too_long);
  ADD ("answer", NULL, test_answer);
  ADD ("answer-to-nobody", NULL, test_answer_to_nobody);
  ADD ("answer-not-taken", NULL, test_answer_not_taken);
  return g_test_run ();
}
