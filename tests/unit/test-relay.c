/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams between a program and a server that misbehave in turn. The server's side is a fake that speaks in
 * the clear. */

#include "agent/relay/relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/relay/relay-private.h"
#include "socket-api/limits.h"
#include "tests/fixtures/fake-stream.h"

/* Nothing here takes this long; a test that waits for what never comes fails instead of hanging. */
#define PATIENCE_S 30
#define MIB (1024 * 1024)

typedef struct
{
  CardeaRelayPool *pool; /* owned unless shared */
  CardeaRelay *relay;
  int program; /* the test's ends */
  int server;
  FakeStreamWatch watch;
  GMainContext *context;
  CardeaEnd *end;
  int ended; /* how often */
} Stream;

static int
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  int n = 0;
  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
set_patience (int fd)
{
  const struct timeval patience = { .tv_sec = PATIENCE_S };
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), ==, 0);
}

static void
make_pair (int ends[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  set_patience (ends[0]);
}

/* Over TCP, where a connection can be reset. */
static void
make_tcp_pair (int ends[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (listener, (struct sockaddr *)&address, length), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *)&address, &length), ==, 0);
  ends[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (ends[1], (struct sockaddr *)&address, length), ==, 0);
  ends[0] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (ends[0], >=, 0);
  set_patience (ends[0]);
  g_assert_cmpint (close (listener), ==, 0);
}

static void
on_ended (CardeaRelay *relay, const CardeaEnd *end, gpointer user_data)
{
  Stream *self = user_data;
  g_assert_true (g_main_context_is_owner (self->context));
  g_assert_cmpint (self->ended++, ==, 0);
  self->end = cardea_end_copy (end);
}

static void
stream_start_with (Stream *self, CardeaRelayPool *pool, const int server[2], const int program[2],
                   GBytes *early)
{
  self->pool = pool;
  self->context = g_main_context_ref_thread_default ();
  self->server = server[0];
  self->program = program[0];
  self->relay =
      cardea_relay_start (pool, fake_stream_new (server[1], &self->watch), program[1], early, on_ended, self);
}

static Stream *
stream_new (CardeaRelayPool *pool)
{
  int server[2];
  int program[2];
  make_pair (server);
  make_pair (program);
  Stream *self = g_new0 (Stream, 1);
  stream_start_with (self, pool, server, program, NULL);
  return self;
}

static void
shut (int *fd)
{
  if (*fd >= 0)
    g_assert_cmpint (close (*fd), ==, 0);
  *fd = -1;
}

static gboolean
on_patience_lost (gpointer data)
{
  g_error ("a stream did not end");
  return G_SOURCE_REMOVE;
}

static void
wait_end (Stream *self)
{
  g_autoptr (GSource) patience = g_timeout_source_new_seconds (PATIENCE_S);
  g_source_set_callback (patience, on_patience_lost, NULL, NULL);
  g_source_attach (patience, self->context);
  while (self->ended == 0)
    g_main_context_iteration (self->context, TRUE);
  g_source_destroy (patience);
}

static void
assert_end (Stream *self, CardeaEndHow how)
{
  wait_end (self);
  g_assert_cmpstr (cardea_end_how_to_string (self->end->how), ==, cardea_end_how_to_string (how));
  g_assert_nonnull (self->end->message);
}

static void
stream_free (Stream *self)
{
  shut (&self->program);
  shut (&self->server);
  cardea_relay_unref (self->relay);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_assert_cmpint (self->ended, ==, 1);
  g_assert_cmpint (self->watch.freed, ==, 1);
  cardea_end_free (self->end);
  g_main_context_unref (self->context);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stream, stream_free)

static void
program_send (Stream *self, const char *text)
{
  g_assert_cmpint (send (self->program, text, strlen (text), MSG_NOSIGNAL), ==, (gssize)strlen (text));
}

static void
server_send (Stream *self, const char *text)
{
  g_assert_true (fake_peer_send (self->server, FAKE_RECORD_DATA, text, strlen (text)));
}

static void
server_say (Stream *self, FakeRecordType type)
{
  g_assert_true (fake_peer_send (self->server, type, NULL, 0));
}

static void
assert_program_gets (Stream *self, const char *expected)
{
  g_autofree char *buffer = g_malloc0 (strlen (expected) + 1);
  g_assert_cmpint (recv (self->program, buffer, strlen (expected), MSG_WAITALL), ==,
                   (gssize)strlen (expected));
  g_assert_cmpstr (buffer, ==, expected);
}

static void
assert_program_gets_end (Stream *self)
{
  char byte;
  g_assert_cmpint (recv (self->program, &byte, 1, 0), ==, 0);
}

/* The server reads data until it has @expected, however it was cut into records. */
static void
assert_server_gets (Stream *self, const char *expected)
{
  g_autoptr (GByteArray) got = g_byte_array_new ();
  while (got->len < strlen (expected))
    g_assert_cmpint (fake_peer_receive (self->server, got), ==, FAKE_RECORD_DATA);
  g_assert_cmpmem (got->data, got->len, expected, strlen (expected));
}

static void
assert_server_gets_close_notify (Stream *self)
{
  g_autoptr (GByteArray) got = g_byte_array_new ();
  g_assert_cmpint (fake_peer_receive (self->server, got), ==, FAKE_RECORD_CLOSE_NOTIFY);
}

/* Runs @test with a pool of one thread, and checks that all descriptors came back. */
typedef void (*PoolTest) (CardeaRelayPool *pool);

static void
run_with_pool (gconstpointer data)
{
  PoolTest test = (PoolTest)data;
  int before = count_descriptors ();
  CardeaRelayPool *pool = cardea_relay_pool_new (1);
  test (pool);
  cardea_relay_pool_free (pool);
  g_assert_cmpint (count_descriptors (), ==, before);
}

static void
test_truncated (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  server_send (stream, "half of it");
  shut (&stream->server);
  assert_program_gets (stream, "half of it");
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_TRUNCATED);
  g_assert_null (stream->end->alert);
  g_assert_cmpuint (stream->end->bytes_in, ==, 10);
}

/* The end is known at once, but told after what came before it, for which the program takes its time. */
static void
test_truncated_behind_much (CardeaRelayPool *pool)
{
  int server[2];
  int program[2];
  make_pair (server);
  make_pair (program);
  const int small = 4096;
  g_assert_cmpint (setsockopt (program[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  g_autofree guint8 *bytes = g_malloc0 (100000);
  g_assert_true (fake_peer_send (server[0], FAKE_RECORD_DATA, bytes, 100000));
  g_assert_cmpint (shutdown (server[0], SHUT_WR), ==, 0);

  g_autoptr (Stream) stream = g_new0 (Stream, 1);
  stream_start_with (stream, pool, server, program, NULL);
  for (gsize got = 0; got < 100000;) {
    gssize n = recv (stream->program, bytes, 1000, 0);
    g_assert_cmpint (n, >, 0);
    got += (gsize)n;
  }
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_TRUNCATED);
  g_assert_cmpuint (stream->end->bytes_in, ==, 100000);
}

static void
test_reset (CardeaRelayPool *pool)
{
  int server[2];
  int program[2];
  make_tcp_pair (server);
  make_pair (program);
  g_autoptr (Stream) stream = g_new0 (Stream, 1);
  stream_start_with (stream, pool, server, program, NULL);
  server_send (stream, "x");
  assert_program_gets (stream, "x");
  const struct linger now = { .l_onoff = 1, .l_linger = 0 };
  g_assert_cmpint (setsockopt (stream->server, SOL_SOCKET, SO_LINGER, &now, sizeof now), ==, 0);
  shut (&stream->server);
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_RESET);
}

static void
test_rejected (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  program_send (stream, "hello");
  assert_server_gets (stream, "hello");
  server_say (stream, FAKE_RECORD_REJECTION);
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_REJECTED);
  g_assert_cmpstr (stream->end->alert, ==, "certificate_required");
}

/* The refusal is found behind a write that failed, and told although the program left. */
static void
test_rejected_while_writing (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  server_say (stream, FAKE_RECORD_REJECTION);
  shut (&stream->server);
  g_assert_cmpint (send (stream->program, "hello", 5, MSG_NOSIGNAL) == 5 || errno == EPIPE, ==, TRUE);
  shut (&stream->program);
  assert_end (stream, CARDEA_END_REJECTED);
}

static void
test_protocol_error (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  server_say (stream, FAKE_RECORD_GARBAGE);
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_PROTOCOL_ERROR);
  g_assert_cmpstr (stream->end->alert, ==, "bad_record_mac");
}

static void
test_both_directions (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  for (int i = 0; i < 10; i++) {
    program_send (stream, "question");
    assert_server_gets (stream, "question");
    server_send (stream, "answer");
    assert_program_gets (stream, "answer");
  }
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  assert_program_gets_end (stream);
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  assert_end (stream, CARDEA_END_CLEAN);
  g_assert_cmpuint (stream->end->bytes_out, ==, 80);
  g_assert_cmpuint (stream->end->bytes_in, ==, 60);
}

static void
test_half_close_by_program (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  program_send (stream, "all I have");
  g_assert_cmpint (shutdown (stream->program, SHUT_WR), ==, 0);
  assert_server_gets (stream, "all I have");
  assert_server_gets_close_notify (stream);
  server_send (stream, "an answer to it all");
  assert_program_gets (stream, "an answer to it all");
  g_assert_cmpint (stream->ended, ==, 0);
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_CLEAN);
}

static void
test_half_close_by_server (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  server_send (stream, "that was it");
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  assert_program_gets (stream, "that was it");
  assert_program_gets_end (stream);
  for (int i = 0; i < 3; i++) {
    program_send (stream, "not for me");
    assert_server_gets (stream, "not for me");
  }
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  assert_end (stream, CARDEA_END_CLEAN);
  g_assert_cmpuint (stream->end->bytes_out, ==, 30);
}

/* The server ended cleanly and is gone; the program, which said nothing since, lost nothing. */
static void
test_server_gone_after_end (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  server_send (stream, "bye");
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  shut (&stream->server);
  assert_program_gets (stream, "bye");
  assert_program_gets_end (stream);
  assert_end (stream, CARDEA_END_CLEAN);
}

/* The same with bytes on their way that nobody will read. */
static void
test_server_gone_with_bytes_lost (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  g_autofree guint8 *bytes = g_malloc0 (MIB);
  gsize sent = 0;
  const struct timeval soon = { .tv_usec = 100000 };
  g_assert_cmpint (setsockopt (stream->program, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), ==, 0);
  /* Until the way to a server that reads nothing is full. */
  for (gssize n; (n = send (stream->program, bytes, MIB, MSG_NOSIGNAL)) > 0;)
    sent += (gsize)n;
  g_assert_cmpuint (sent, >, CARDEA_LIMIT_STREAM_BUFFER);
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  shut (&stream->server);
  assert_end (stream, CARDEA_END_RESET);
  g_assert_cmpuint (stream->end->bytes_out, <, sent);
}

/* Gone with everything that was there: the server's answer tells that nothing was missed. */
static void
test_program_leaves (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  server_send (stream, "keep-alive");
  assert_program_gets (stream, "keep-alive");
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  assert_end (stream, CARDEA_END_CLEAN);
}

/* Gone before the server had said all. Its own last words are still delivered. */
static void
test_program_leaves_early (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  program_send (stream, "last words");
  shut (&stream->program);
  assert_server_gets (stream, "last words");
  assert_server_gets_close_notify (stream);
  server_send (stream, "but");
  assert_end (stream, CARDEA_END_DISCONNECTED);
  g_assert_cmpuint (stream->end->bytes_out, ==, 10);
  g_assert_cmpuint (stream->end->bytes_in, ==, 0);
}

/* A server that only hangs up then truncated nothing that anybody waits for. */
static void
test_program_leaves_then_server (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  shut (&stream->server);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

/* Gone with bytes unread in its socket, which is an error of its own on the other side. */
static void
test_program_leaves_unread (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  char byte;
  server_send (stream, "unread");
  g_assert_cmpint (recv (stream->program, &byte, 1, MSG_PEEK), ==, 1);
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  server_send (stream, "more");
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

static gpointer
flood_in_thread (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree guint8 *bytes = g_malloc0 (MIB);
  while (fake_peer_send (fd, FAKE_RECORD_DATA, bytes, MIB))
    ;
  return NULL;
}

/* A server that never stops sending does not keep the stream of a program that is gone. */
static void
test_program_leaves_a_flood (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  GThread *flood = g_thread_new ("flood", flood_in_thread, GINT_TO_POINTER (stream->server));
  char byte;
  g_assert_cmpint (recv (stream->program, &byte, 1, 0), ==, 1);
  shut (&stream->program);
  assert_end (stream, CARDEA_END_DISCONNECTED);
  g_thread_join (flood);
}

/* Nor does one that says nothing. */
static void
test_silence_is_bounded (CardeaRelayPool *pool)
{
  cardea_relay_pool_set_drain_ms (pool, 20);
  g_autoptr (Stream) stream = stream_new (pool);
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

/* Nor does one that takes nothing. */
static void
test_drain_is_bounded (CardeaRelayPool *pool)
{
  cardea_relay_pool_set_drain_ms (pool, 20);
  g_autoptr (Stream) stream = stream_new (pool);
  g_autofree guint8 *bytes = g_malloc0 (MIB);
  const struct timeval soon = { .tv_usec = 100000 };
  g_assert_cmpint (setsockopt (stream->program, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), ==, 0);
  while (send (stream->program, bytes, MIB, MSG_NOSIGNAL) > 0)
    ;
  shut (&stream->program);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

/* A program that only writes keeps its stream although it refuses to listen. */
static void
test_program_deaf (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  g_assert_cmpint (shutdown (stream->program, SHUT_RD), ==, 0);
  for (int i = 0; i < 3; i++) {
    server_send (stream, "you will not hear this");
    program_send (stream, "I talk");
    assert_server_gets (stream, "I talk");
  }
  shut (&stream->program);
  assert_server_gets_close_notify (stream);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

static void
test_stop_blocked (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  GThread *flood = g_thread_new ("flood", flood_in_thread, GINT_TO_POINTER (stream->server));
  /* Something arrived, and more than can be held follows, which nobody reads. */
  char byte;
  g_assert_cmpint (recv (stream->program, &byte, 1, MSG_PEEK), ==, 1);
  cardea_relay_stop (stream->relay, CARDEA_END_FORGOTTEN);
  assert_end (stream, CARDEA_END_FORGOTTEN);
  g_thread_join (flood);
}

static gpointer
stop_in_thread (gpointer data)
{
  cardea_relay_stop (data, CARDEA_END_TOKEN_REMOVED);
  return NULL;
}

/* The first reason is the one reported, whoever gives others, and whenever. */
static void
test_stop_once (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  cardea_relay_stop (stream->relay, CARDEA_END_DISCONNECTED);
  GThread *threads[4];
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("stop", stop_in_thread, stream->relay);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_end (stream, CARDEA_END_DISCONNECTED);
  cardea_relay_stop (stream->relay, CARDEA_END_FORGOTTEN);
}

static void
test_early_bytes_first (CardeaRelayPool *pool)
{
  int server[2];
  int program[2];
  make_pair (server);
  make_pair (program);
  g_assert_cmpint (send (program[0], " then late", 10, 0), ==, 10);
  g_autoptr (GBytes) early = g_bytes_new_static ("early", 5);
  g_autoptr (Stream) stream = g_new0 (Stream, 1);
  stream_start_with (stream, pool, server, program, early);
  assert_server_gets (stream, "early then late");
  cardea_relay_stop (stream->relay, CARDEA_END_DISCONNECTED);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

static void
test_most_early_bytes (CardeaRelayPool *pool)
{
  int server[2];
  int program[2];
  make_pair (server);
  make_pair (program);
  g_autofree char *bytes = g_strnfill (CARDEA_LIMIT_EARLY_BYTES, 'e');
  g_autoptr (GBytes) early = g_bytes_new_static (bytes, CARDEA_LIMIT_EARLY_BYTES);
  shut (&program[0]);
  g_autoptr (Stream) stream = g_new0 (Stream, 1);
  stream_start_with (stream, pool, server, program, early);
  assert_server_gets (stream, bytes);
  assert_server_gets_close_notify (stream);
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  assert_end (stream, CARDEA_END_CLEAN);
}

static void
test_other_context (CardeaRelayPool *pool)
{
  GMainContext *context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  g_autoptr (Stream) stream = stream_new (pool);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  cardea_relay_stop (stream->relay, CARDEA_END_DISCONNECTED);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

/* A stream that never has to wait shares its thread with one that talks now and then. */
static void
test_fairness (CardeaRelayPool *pool)
{
  g_autoptr (Stream) loud = stream_new (pool);
  g_autoptr (Stream) quiet = stream_new (pool);
  GThread *flood = g_thread_new ("flood", flood_in_thread, GINT_TO_POINTER (loud->server));
  char byte;
  g_assert_cmpint (recv (loud->program, &byte, 1, 0), ==, 1);
  /* Deaf: its bytes have nowhere to go, so nothing ever slows it down. */
  g_assert_cmpint (shutdown (loud->program, SHUT_RD), ==, 0);
  for (int i = 0; i < 100; i++) {
    program_send (quiet, "ping");
    assert_server_gets (quiet, "ping");
    server_send (quiet, "pong");
    assert_program_gets (quiet, "pong");
  }
  g_assert_cmpint (loud->ended, ==, 0);
  cardea_relay_stop (loud->relay, CARDEA_END_DISCONNECTED);
  cardea_relay_stop (quiet->relay, CARDEA_END_DISCONNECTED);
  assert_end (loud, CARDEA_END_DISCONNECTED);
  assert_end (quiet, CARDEA_END_DISCONNECTED);
  g_thread_join (flood);
}

#define BULK (64 * MIB)

/* What the relay holds for the program: seen by the thread that reads, so nothing moves meanwhile. */
typedef struct
{
  CardeaRelay *relay; /* atomic */
  guint64 most_held;
} Held;

static void
on_read (guint64 read, gpointer data)
{
  Held *held = data;
  CardeaRelay *relay = g_atomic_pointer_get (&held->relay);
  if (!relay)
    return;
  guint64 in = 0;
  guint64 out = 0;
  cardea_relay_get_bytes (relay, &in, &out);
  held->most_held = MAX (held->most_held, read - in);
}

static guint8
pattern (gsize offset)
{
  return (guint8)(offset * 7 + offset / 251);
}

static guint8 *
make_pattern (void)
{
  guint8 *bytes = g_malloc (BULK);
  for (gsize i = 0; i < BULK; i++)
    bytes[i] = pattern (i);
  return bytes;
}

static gpointer
serve_bulk_in_thread (gpointer data)
{
  g_autofree guint8 *bytes = make_pattern ();
  g_assert_true (fake_peer_send (GPOINTER_TO_INT (data), FAKE_RECORD_DATA, bytes, BULK));
  g_assert_true (fake_peer_send (GPOINTER_TO_INT (data), FAKE_RECORD_CLOSE_NOTIFY, NULL, 0));
  return NULL;
}

/* The reader takes small bites and lets the sender run ahead as far as it can between them. */
static void
test_bulk_in (CardeaRelayPool *pool)
{
  Held held = { 0 };
  g_autoptr (Stream) stream = g_new0 (Stream, 1);
  int server[2];
  int program[2];
  make_pair (server);
  make_pair (program);
  stream->watch.on_read = on_read;
  stream->watch.data = &held;
  stream_start_with (stream, pool, server, program, NULL);
  g_atomic_pointer_set (&held.relay, stream->relay);
  GThread *sender = g_thread_new ("server", serve_bulk_in_thread, GINT_TO_POINTER (stream->server));
  gsize have = 0;
  guint8 bite[4001];
  for (gssize n; (n = recv (stream->program, bite, sizeof bite, 0)) > 0; have += (gsize)n) {
    for (gssize i = 0; i < n; i += 97)
      g_assert_cmpuint (bite[i], ==, pattern (have + (gsize)i));
    g_thread_yield ();
  }
  g_assert_cmpuint (have, ==, BULK);
  g_thread_join (sender);
  shut (&stream->program);
  assert_end (stream, CARDEA_END_CLEAN);
  g_assert_cmpuint (stream->end->bytes_in, ==, BULK);
  g_assert_cmpuint (held.most_held, >, 0);
  g_assert_cmpuint (held.most_held, <=, CARDEA_LIMIT_STREAM_BUFFER);
}

static gpointer
send_bulk_in_thread (gpointer data)
{
  Stream *stream = data;
  g_autofree guint8 *bytes = make_pattern ();
  for (gsize sent = 0; sent < BULK;) {
    gssize n = send (stream->program, bytes + sent, MIN (BULK - sent, 70001), MSG_NOSIGNAL);
    g_assert_cmpint (n, >, 0);
    sent += (gsize)n;
  }
  g_assert_cmpint (shutdown (stream->program, SHUT_WR), ==, 0);
  return NULL;
}

static void
test_bulk_out (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  GThread *sender = g_thread_new ("program", send_bulk_in_thread, stream);
  g_autoptr (GByteArray) piece = g_byte_array_new ();
  gsize have = 0;
  while (fake_peer_receive (stream->server, piece) == FAKE_RECORD_DATA) {
    for (gsize i = 0; i < piece->len; i += 97)
      g_assert_cmpuint (piece->data[i], ==, pattern (have + i));
    have += piece->len;
    g_byte_array_set_size (piece, 0);
    g_thread_yield ();
  }
  g_assert_cmpuint (have, ==, BULK);
  g_thread_join (sender);
  server_say (stream, FAKE_RECORD_CLOSE_NOTIFY);
  assert_end (stream, CARDEA_END_CLEAN);
  g_assert_cmpuint (stream->end->bytes_out, ==, BULK);
}

static int
get_buffer (int fd, int option)
{
  int size = 0;
  socklen_t length = sizeof size;
  g_assert_cmpint (getsockopt (fd, SOL_SOCKET, option, &size, &length), ==, 0);
  return size;
}

/* A program cannot make the agent hold more for a server that reads nothing: what it got rid of is in the two
 * sockets' buffers, in the fake's one record and in the relay's one buffer. */
static void
test_out_is_bounded (CardeaRelayPool *pool)
{
  g_autoptr (Stream) stream = stream_new (pool);
  g_autofree guint8 *bytes = g_malloc0 (BULK);
  gsize kernel =
      (gsize)get_buffer (stream->program, SO_SNDBUF) + (gsize)get_buffer (stream->server, SO_SNDBUF);
  const struct timeval soon = { .tv_usec = 200000 };
  g_assert_cmpint (setsockopt (stream->program, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), ==, 0);
  gssize sent = send (stream->program, bytes, BULK, MSG_NOSIGNAL);
  g_assert_cmpint (sent, >, 0);
  g_assert_cmpint (sent, <=, (gssize)kernel + CARDEA_LIMIT_STREAM_BUFFER + 16384);
  cardea_relay_stop (stream->relay, CARDEA_END_DISCONNECTED);
  assert_end (stream, CARDEA_END_DISCONNECTED);
}

#define CROWD 200

static void
test_crowd (void)
{
  int before = count_descriptors ();
  CardeaRelayPool *pool = cardea_relay_pool_new (2);
  Stream *streams[CROWD];
  for (int i = 0; i < CROWD; i++)
    streams[i] = stream_new (pool);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < CROWD; i++)
      program_send (streams[i], "ping");
    for (int i = CROWD - 1; i >= 0; i--) {
      assert_server_gets (streams[i], "ping");
      server_send (streams[i], "pong");
    }
    for (int i = 0; i < CROWD; i++)
      assert_program_gets (streams[i], "pong");
  }
  for (int i = 0; i < CROWD; i++)
    server_say (streams[i], FAKE_RECORD_CLOSE_NOTIFY);
  for (int i = 0; i < CROWD; i++)
    assert_program_gets_end (streams[i]);
  for (int i = 0; i < CROWD; i++)
    shut (&streams[i]->program);
  for (int i = 0; i < CROWD; i++) {
    assert_end (streams[i], CARDEA_END_CLEAN);
    g_assert_cmpuint (streams[i]->end->bytes_in, ==, 12);
    stream_free (streams[i]);
  }
  cardea_relay_pool_free (pool);
  g_assert_cmpint (count_descriptors (), ==, before);
}

/* Idle, half-closed and just started: freeing the pool ends each once, and a late stop is harmless. */
static void
test_pool_free (void)
{
  int before = count_descriptors ();
  CardeaRelayPool *pool = cardea_relay_pool_new (2);
  Stream *streams[12];
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    streams[i] = stream_new (pool);
  g_assert_cmpint (shutdown (streams[0]->program, SHUT_WR), ==, 0);
  assert_server_gets_close_notify (streams[0]);
  cardea_relay_pool_free (pool);
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++) {
    cardea_relay_stop (streams[i]->relay, CARDEA_END_FORGOTTEN);
    assert_end (streams[i], CARDEA_END_AGENT_STOPPED);
    stream_free (streams[i]);
  }
  g_assert_cmpint (count_descriptors (), ==, before);
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    PoolTest test;
  } TESTS[] = {
    { "/relay/truncated", test_truncated },
    { "/relay/truncated-behind-much", test_truncated_behind_much },
    { "/relay/reset", test_reset },
    { "/relay/rejected", test_rejected },
    { "/relay/rejected-while-writing", test_rejected_while_writing },
    { "/relay/protocol-error", test_protocol_error },
    { "/relay/both-directions", test_both_directions },
    { "/relay/half-close-by-program", test_half_close_by_program },
    { "/relay/half-close-by-server", test_half_close_by_server },
    { "/relay/server-gone-after-end", test_server_gone_after_end },
    { "/relay/server-gone-with-bytes-lost", test_server_gone_with_bytes_lost },
    { "/relay/program-leaves", test_program_leaves },
    { "/relay/program-leaves-early", test_program_leaves_early },
    { "/relay/program-leaves-then-server", test_program_leaves_then_server },
    { "/relay/program-leaves-unread", test_program_leaves_unread },
    { "/relay/silence-is-bounded", test_silence_is_bounded },
    { "/relay/program-leaves-a-flood", test_program_leaves_a_flood },
    { "/relay/drain-is-bounded", test_drain_is_bounded },
    { "/relay/program-deaf", test_program_deaf },
    { "/relay/stop-blocked", test_stop_blocked },
    { "/relay/stop-once", test_stop_once },
    { "/relay/early-bytes-first", test_early_bytes_first },
    { "/relay/most-early-bytes", test_most_early_bytes },
    { "/relay/other-context", test_other_context },
    { "/relay/fairness", test_fairness },
    { "/relay/bulk-in", test_bulk_in },
    { "/relay/bulk-out", test_bulk_out },
    { "/relay/out-is-bounded", test_out_is_bounded },
  };

  g_test_init (&argc, &argv, NULL);
  g_main_context_default (); /* its own descriptor is no leak */
  raise_descriptor_limit ();
  for (gsize i = 0; i < G_N_ELEMENTS (TESTS); i++)
    g_test_add_data_func (TESTS[i].name, (gconstpointer)TESTS[i].test, run_with_pool);
  g_test_add_func ("/relay/crowd", test_crowd);
  g_test_add_func ("/relay/pool-free", test_pool_free);
  return g_test_run ();
}
