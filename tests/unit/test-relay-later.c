/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams whose server asks for a certificate: what goes on meanwhile, who has the stream, and how each way
 * out ends. The server's side is a fake that speaks in the clear. */

#include "agent/relay/relay.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fixtures/fake-stream.h"
#include "tests/fixtures/loop.h"

#define PATIENCE_S 20

typedef struct
{
  CardeaRelayPool *pool;
  CardeaRelay *relay;
  int program; /* the test's ends */
  int server;
  FakeStreamWatch watch;
  guint asked;
  guint server_left;
  guint program_left;
  CardeaTlsStream *lent; /* taken, until it is given back */
  CardeaEnd *end;
} Fixture;

static void
on_ended (CardeaRelay *relay, const CardeaEnd *end, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->end);
  f->end = cardea_end_copy (end);
}

static void
on_asked (CardeaRelay *relay, CardeaLaterRequest *request, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->end);
  f->asked++;
}

static void
on_server_left (CardeaRelay *relay, gpointer user_data)
{
  ((Fixture *)user_data)->server_left++;
}

static void
on_lent (CardeaRelay *relay, CardeaTlsStream *stream, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->lent);
  f->lent = stream;
}

static void
on_program_left (CardeaRelay *relay, gpointer user_data)
{
  ((Fixture *)user_data)->program_left++;
}

static const CardeaRelayAsking asking = {
  .asked = on_asked,
  .server_left = on_server_left,
  .program_left = on_program_left,
  .lent = on_lent,
};

static void
make_pair (int ends[2])
{
  const struct timeval patience = { .tv_sec = PATIENCE_S };

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer handlers)
{
  int server[2], program[2];

  make_pair (server);
  make_pair (program);
  f->pool = cardea_relay_pool_new (1);
  f->server = server[0];
  f->program = program[0];
  f->relay =
      cardea_relay_start (f->pool, fake_stream_new (server[1], &f->watch), program[1], NULL, on_ended, f);
  if (handlers != NULL)
    cardea_relay_set_asking (f->relay, handlers, f);
}

static void
shut (int *fd)
{
  if (*fd >= 0)
    g_assert_cmpint (close (*fd), ==, 0);
  *fd = -1;
}

static void
tear_down (Fixture *f, gconstpointer handlers)
{
  shut (&f->program);
  shut (&f->server);
  cardea_relay_unref (f->relay);
  if (f->pool != NULL)
    cardea_relay_pool_free (f->pool);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (f->lent);
  g_assert_cmpint (f->watch.freed, ==, 1);
  cardea_end_free (f->end);
}

#define WAIT_FOR(condition)                                                                                  \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint guard = test_loop_guard (PATIENCE_S);                                                              \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (guard);                                                                                 \
  }                                                                                                          \
  G_STMT_END

static void
expect_end (Fixture *f, CardeaEndHow how)
{
  WAIT_FOR (f->end != NULL);
  g_assert_cmpstr (cardea_end_how_to_string (f->end->how), ==, cardea_end_how_to_string (how));
}

static void
server_sends (Fixture *f, FakeRecordType type, const char *text)
{
  g_assert_true (fake_peer_send (f->server, type, text, strlen (text)));
}

static void
program_gets (Fixture *f, const char *expected)
{
  char got[64] = { 0 };

  g_assert_cmpint (recv (f->program, got, strlen (expected), MSG_WAITALL), ==, (gssize)strlen (expected));
  g_assert_cmpstr (got, ==, expected);
}

static void
program_sends (Fixture *f, const char *text)
{
  g_assert_cmpint (send (f->program, text, strlen (text), MSG_NOSIGNAL), ==, (gssize)strlen (text));
}

static void
server_gets (Fixture *f, const char *expected)
{
  g_autoptr (GByteArray) got = g_byte_array_new ();

  g_assert_cmpint (fake_peer_receive (f->server, got), ==, FAKE_RECORD_DATA);
  g_assert_cmpmem (got->data, got->len, expected, strlen (expected));
}

/* Asked, with "behind" in the kernel after it. */
static void
ask (Fixture *f)
{
  guint before = f->asked;

  server_sends (f, FAKE_RECORD_DATA, "before");
  server_sends (f, FAKE_RECORD_ASKED, "");
  server_sends (f, FAKE_RECORD_DATA, "behind");
  program_gets (f, "before");
  WAIT_FOR (f->asked > before);
}

static void
borrow (Fixture *f)
{
  cardea_relay_borrow (f->relay);
  WAIT_FOR (f->lent != NULL);
}

static void
give_back (Fixture *f, CardeaStreamResult outcome, const char *refusal)
{
  f->lent->klass->answer (f->lent, NULL);
  cardea_relay_give_back (f->relay, g_steal_pointer (&f->lent), outcome, refusal);
}

static gboolean
program_has_bytes (Fixture *f)
{
  char byte;

  return recv (f->program, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The program's bytes go out while it is open, the server's wait; then all goes on. */
static void
test_answered (Fixture *f, gconstpointer handlers)
{
  for (guint i = 0; i < 2; i++) {
    ask (f);
    program_sends (f, "meanwhile");
    server_gets (f, "meanwhile");
    g_assert_false (program_has_bytes (f));
    borrow (f);
    give_back (f, CARDEA_STREAM_OK, NULL);
    program_gets (f, "behind");
  }
  g_assert_cmpuint (f->asked, ==, 2);
  shut (&f->server);
  expect_end (f, CARDEA_END_TRUNCATED);
}

/* An answer that finds no room is sent, although nobody writes and nothing is read. */
static void
test_flushed (Fixture *f, gconstpointer handlers)
{
  ask (f);
  borrow (f);
  __atomic_store_n (&f->watch.unsent, 5, __ATOMIC_RELAXED);
  give_back (f, CARDEA_STREAM_OK, NULL);
  program_gets (f, "behind");
  for (guint i = 0; i < PATIENCE_S * 100 && __atomic_load_n (&f->watch.unsent, __ATOMIC_RELAXED) > 0; i++)
    g_usleep (10000);
  g_assert_cmpint (__atomic_load_n (&f->watch.unsent, __ATOMIC_RELAXED), ==, 0);
  shut (&f->server);
  expect_end (f, CARDEA_END_TRUNCATED);
}

static void
test_refused (Fixture *f, gconstpointer handlers)
{
  ask (f);
  cardea_relay_refuse (f->relay, "Why not.");
  expect_end (f, CARDEA_END_NOT_AUTHENTICATED);
  g_assert_cmpstr (f->end->message, ==, "Why not.");
}

static void
test_refused_after_loan (Fixture *f, gconstpointer handlers)
{
  ask (f);
  borrow (f);
  give_back (f, CARDEA_STREAM_OK, "Why not.");
  expect_end (f, CARDEA_END_NOT_AUTHENTICATED);
  g_assert_cmpstr (f->end->message, ==, "Why not.");
}

static void
test_failed_answer (Fixture *f, gconstpointer handlers)
{
  ask (f);
  borrow (f);
  give_back (f, CARDEA_STREAM_RESET, NULL);
  expect_end (f, CARDEA_END_RESET);
}

/* A stream that nobody can answer for is not kept. */
static void
test_nobody (Fixture *f, gconstpointer handlers)
{
  server_sends (f, FAKE_RECORD_ASKED, "");
  expect_end (f, CARDEA_END_NOT_AUTHENTICATED);
}

/* What is stopped while it is lent has ended at once; its owner may come later. */
static void
test_stopped_while_lent (Fixture *f, gconstpointer handlers)
{
  char byte;

  ask (f);
  borrow (f);
  cardea_relay_stop (f->relay, CARDEA_END_TOKEN_REMOVED);
  expect_end (f, CARDEA_END_TOKEN_REMOVED);
  g_assert_cmpint (f->watch.freed, ==, 0);
  g_assert_cmpint (recv (f->server, &byte, 1, 0), ==, 0);
  give_back (f, CARDEA_STREAM_OK, NULL);
}

/* Also when the threads are gone by then. */
static void
test_pool_freed_while_lent (Fixture *f, gconstpointer handlers)
{
  ask (f);
  borrow (f);
  g_clear_pointer (&f->pool, cardea_relay_pool_free);
  expect_end (f, CARDEA_END_AGENT_STOPPED);
  give_back (f, CARDEA_STREAM_OK, NULL);
}

/* Of no use are a second loan, a refusal of what is lent, and both after the end. */
static void
test_out_of_turn (Fixture *f, gconstpointer handlers)
{
  cardea_relay_borrow (f->relay);
  cardea_relay_refuse (f->relay, "Too early.");
  ask (f);
  borrow (f);
  cardea_relay_borrow (f->relay);
  cardea_relay_refuse (f->relay, "Too late.");
  give_back (f, CARDEA_STREAM_OK, NULL);
  program_gets (f, "behind");
  shut (&f->server);
  expect_end (f, CARDEA_END_TRUNCATED);
  cardea_relay_borrow (f->relay);
  cardea_relay_refuse (f->relay, "Much too late.");
}

/* It is told once, and what it sent before is read after an answer. */
static void
test_server_left (Fixture *f, gconstpointer handlers)
{
  ask (f);
  g_assert_cmpint (shutdown (f->server, SHUT_WR), ==, 0);
  WAIT_FOR (f->server_left > 0);
  program_sends (f, "meanwhile");
  server_gets (f, "meanwhile");
  borrow (f);
  give_back (f, CARDEA_STREAM_OK, NULL);
  program_gets (f, "behind");
  expect_end (f, CARDEA_END_TRUNCATED);
  g_assert_cmpuint (f->server_left, ==, 1);
}

/* Its last bytes go out, and then its end. */
static void
test_program_left (Fixture *f, gconstpointer handlers)
{
  g_autoptr (GByteArray) none = g_byte_array_new ();

  ask (f);
  program_sends (f, "last");
  shut (&f->program);
  server_gets (f, "last");
  g_assert_cmpint (fake_peer_receive (f->server, none), ==, FAKE_RECORD_CLOSE_NOTIFY);
  expect_end (f, CARDEA_END_DISCONNECTED);
}

/* Nobody reads or writes then, and yet each is missed, once; half an end of the program's is none. */
static void
test_left_while_lent (Fixture *f, gconstpointer handlers)
{
  ask (f);
  g_assert_cmpint (shutdown (f->program, SHUT_WR), ==, 0);
  borrow (f);
  g_assert_cmpint (shutdown (f->server, SHUT_WR), ==, 0);
  WAIT_FOR (f->server_left > 0);
  g_assert_cmpuint (f->program_left, ==, 0);
  shut (&f->program);
  WAIT_FOR (f->program_left > 0);
  give_back (f, CARDEA_STREAM_OK, NULL);
  expect_end (f, CARDEA_END_DISCONNECTED);
  g_assert_cmpuint (f->server_left, ==, 1);
  g_assert_cmpuint (f->program_left, ==, 1);
}

/* The program's end waits for the answer; a request after it is refused. */
static void
test_half_closed (Fixture *f, gconstpointer handlers)
{
  g_autoptr (GByteArray) none = g_byte_array_new ();

  ask (f);
  program_sends (f, "last");
  g_assert_cmpint (shutdown (f->program, SHUT_WR), ==, 0);
  server_gets (f, "last");
  borrow (f);
  g_assert_cmpint (recv (f->server, &(char){ 0 }, 1, MSG_DONTWAIT), <, 0);
  give_back (f, CARDEA_STREAM_OK, NULL);
  g_assert_cmpint (fake_peer_receive (f->server, none), ==, FAKE_RECORD_CLOSE_NOTIFY);
  server_sends (f, FAKE_RECORD_ASKED, "");
  expect_end (f, CARDEA_END_NOT_AUTHENTICATED);
  program_gets (f, "behind");
  g_assert_cmpuint (f->asked, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, handlers, function)                                                                        \
  g_test_add ("/relay-later/" path, Fixture, handlers, set_up, function, tear_down)
  ADD ("answered", &asking, test_answered);
  ADD ("flushed", &asking, test_flushed);
  ADD ("refused", &asking, test_refused);
  ADD ("refused-after-loan", &asking, test_refused_after_loan);
  ADD ("failed-answer", &asking, test_failed_answer);
  ADD ("nobody", NULL, test_nobody);
  ADD ("stopped-while-lent", &asking, test_stopped_while_lent);
  ADD ("pool-freed-while-lent", &asking, test_pool_freed_while_lent);
  ADD ("out-of-turn", &asking, test_out_of_turn);
  ADD ("server-left", &asking, test_server_left);
  ADD ("program-left", &asking, test_program_left);
  ADD ("left-while-lent", &asking, test_left_while_lent);
  ADD ("half-closed", &asking, test_half_closed);
  return g_test_run ();
}
