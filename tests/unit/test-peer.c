/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program's connection, with programs that do everything wrong that can be done with a socket. */
#include "agent/api/peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/api-client.h"

#define SHORT_MS 100
#define LONG_MS 60000

typedef struct
{
  CardeaQuota *quota;
  CardeaCaller *caller;
  CardeaPeerOwner owner;
  CardeaPeer *peer;
  ApiClient *client;
  guint n_calls;
  guint n_closed;
  GPtrArray *held; /* of CardeaCall, not answered yet */
  int stream;      /* after an upgrade; -1: the peer was gone; -2: none yet */
  GBytes *early;
} Fixture;

static void
on_upgraded (int fd, GBytes *early, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpint (fixture->stream, ==, -2);
  fixture->stream = fd;
  fixture->early = early ? g_bytes_ref (early) : NULL;
}

static void
on_call (CardeaPeer *peer, CardeaCall *call, gpointer user_data)
{
  Fixture *fixture = user_data;
  const CardeaWireCall *wire = cardea_call_get_wire (call);

  fixture->n_calls++;
  if (g_str_equal (wire->method, "t.Echo")) {
    cardea_call_reply (call, json_incref (wire->parameters));
  } else if (g_str_equal (wire->method, "t.Fail")) {
    g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_DENIED, "No.");

    cardea_call_reply_error (call, error);
  } else if (g_str_equal (wire->method, "t.Big")) {
    g_autofree char *text =
        g_strnfill ((gsize)json_integer_value (json_object_get (wire->parameters, "n")), 'x');

    cardea_call_reply (call, json_pack ("{s:s}", "text", text));
  } else if (g_str_equal (wire->method, "t.Upgrade")) {
    cardea_call_reply_upgrade (call, json_object (), on_upgraded, fixture);
  } else {
    g_assert_cmpstr (wire->method, ==, "t.Hold");
    g_ptr_array_add (fixture->held, cardea_call_ref (call));
  }
}

static void
on_closed (CardeaPeer *peer, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_closed++;
  g_clear_pointer (&fixture->peer, cardea_peer_free);
}

static Fixture *
fixture_new (guint first_request_ms, guint reply_ms)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  int ends[2];

  fixture->quota = cardea_quota_new (2, 2);
  fixture->caller =
      cardea_caller_new (CARDEA_CALLER_HOST, CARDEA_CONFINEMENT_NONE, "test", "exe:test", getpid ());
  fixture->owner.call = on_call;
  fixture->owner.closed = on_closed;
  fixture->owner.first_request_ms = first_request_ms;
  fixture->owner.reply_ms = reply_ms;
  fixture->held = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_call_unref);
  fixture->stream = -2;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==, 0);
  g_assert_true (cardea_quota_take (fixture->quota, "exe:test", NULL));
  fixture->peer = cardea_peer_new (ends[0], fixture->caller, fixture->quota, &fixture->owner, fixture);
  fixture->client = api_client_new (ends[1]);
  return fixture;
}

static gboolean
is_peer_gone (gpointer data)
{
  return ((Fixture *)data)->peer == NULL;
}

/* Whatever happened: the connection is gone, its slot is free. */
static void
fixture_end (Fixture *fixture)
{
  g_clear_pointer (&fixture->client, api_client_free);
  api_wait (is_peer_gone, fixture);
  g_assert_cmpuint (fixture->n_closed, ==, 1);
  g_assert_cmpuint (cardea_quota_count (fixture->quota, NULL), ==, 0);

  if (fixture->stream >= 0)
    close (fixture->stream);
  g_clear_pointer (&fixture->early, g_bytes_unref);
  g_ptr_array_unref (fixture->held);
  cardea_quota_free (fixture->quota);
  cardea_caller_unref (fixture->caller);
  g_free (fixture);
}

static void
expect_echo (Fixture *fixture, json_int_t n)
{
  g_autoptr (CardeaWireReply) reply = api_client_receive (fixture->client);

  g_assert_nonnull (reply);
  g_assert_null (reply->error);
  g_assert_cmpint (json_integer_value (json_object_get (reply->parameters, "n")), ==, n);
}

/* An error that names @parameter, and then nothing more. */
static void
expect_refusal (Fixture *fixture, const char *parameter)
{
  g_autoptr (CardeaWireReply) reply = api_client_receive (fixture->client);

  g_assert_nonnull (reply);
  g_assert_cmpstr (reply->error, ==, "org.varlink.service.InvalidParameter");
  g_assert_cmpstr (json_string_value (json_object_get (reply->parameters, "parameter")), ==, parameter);
  g_assert_true (api_client_is_closed (fixture->client));
}

static void
test_calls (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  for (int i = 0; i < 3; i++) {
    g_autofree char *call = g_strdup_printf ("{\"method\":\"t.Echo\",\"parameters\":{\"n\":%d}}", i);

    g_assert_true (api_client_send (fixture->client, call));
    expect_echo (fixture, i);
  }
  fixture_end (fixture);
}

/* Several calls at once are answered in order, each by itself. */
static void
test_pipelined (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 500; i++) {
    g_string_append_printf (text, "{\"method\":\"t.Echo\",\"parameters\":{\"n\":%d}}", i);
    g_string_append_c (text, '\0');
  }
  g_assert_true (api_client_send_raw (fixture->client, text->str, text->len));
  for (int i = 0; i < 500; i++)
    expect_echo (fixture, i);
  fixture_end (fixture);
}

static gboolean
has_held (gpointer data)
{
  return ((Fixture *)data)->held->len > 0;
}

/* While one call is under way the next is not begun. */
static void
test_one_at_a_time (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char both[] = "{\"method\":\"t.Hold\"}\0{\"method\":\"t.Echo\",\"parameters\":{\"n\":7}}";

  g_assert_true (api_client_send_raw (fixture->client, both, sizeof both));
  api_wait (has_held, fixture);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  cardea_call_reply (fixture->held->pdata[0], json_pack ("{s:i}", "n", 6));
  expect_echo (fixture, 6);
  expect_echo (fixture, 7);
  fixture_end (fixture);
}

static void
test_byte_by_byte (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char call[] = "{\"method\":\"t.Echo\",\"parameters\":{\"n\":1}}";

  for (gsize i = 0; i < sizeof call; i++) {
    g_assert_true (api_client_send_raw (fixture->client, call + i, 1));
    while (g_main_context_iteration (NULL, FALSE))
      ;
  }
  expect_echo (fixture, 1);
  fixture_end (fixture);
}

static void
test_oneway (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (
      api_client_send (fixture->client, "{\"method\":\"t.Echo\",\"parameters\":{\"n\":1},\"oneway\":true}"));
  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Fail\",\"oneway\":true}"));
  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Echo\",\"parameters\":{\"n\":2}}"));
  expect_echo (fixture, 2);
  g_assert_cmpuint (fixture->n_calls, ==, 3);
  fixture_end (fixture);
}

static void
test_malformed (gconstpointer data)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, data));
  expect_refusal (fixture, "message");
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  fixture_end (fixture);
}

/* What comes after the message that broke the connection is no call. */
static void
test_nothing_after_malformed (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char both[] = "[]\0{\"method\":\"t.Echo\",\"parameters\":{\"n\":1}}";

  g_assert_true (api_client_send_raw (fixture->client, both, sizeof both));
  expect_refusal (fixture, "message");
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  fixture_end (fixture);
}

/* @length bytes in all, of which most are the value of a parameter. */
static char *
make_long_call (gsize length)
{
  static const char head[] = "{\"method\":\"t.Echo\",\"parameters\":{\"n\":5,\"x\":\"";
  static const char tail[] = "\"}}";
  char *call = g_strnfill (length, 'x');

  memcpy (call, head, sizeof head - 1);
  memcpy (call + length - (sizeof tail - 1), tail, sizeof tail - 1);
  return call;
}

static void
test_longest (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  g_autofree char *call = make_long_call (CARDEA_LIMIT_MESSAGE_BYTES);

  g_assert_true (api_client_send (fixture->client, call));
  {
    /* The answer has the same parameters and fewer bytes around them. */
    g_autoptr (CardeaWireReply) reply = api_client_receive (fixture->client);

    g_assert_cmpint (json_integer_value (json_object_get (reply->parameters, "n")), ==, 5);
  }
  fixture_end (fixture);
}

static void
test_too_long (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  g_autofree char *call = make_long_call (CARDEA_LIMIT_MESSAGE_BYTES + 1);

  api_client_send (fixture->client, call);
  expect_refusal (fixture, "message");
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  fixture_end (fixture);
}

/* An answer that does not fit is an error, not silence. */
static void
test_answer_too_long (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  g_autofree char *call =
      g_strdup_printf ("{\"method\":\"t.Big\",\"parameters\":{\"n\":%d}}", CARDEA_LIMIT_REPLY_BYTES);

  g_assert_true (api_client_send (fixture->client, call));
  {
    g_autoptr (CardeaWireReply) reply = api_client_receive (fixture->client);

    g_assert_cmpstr (reply->error, ==, "org.cardea.agent.Busy");
    g_assert_cmpstr (json_string_value (json_object_get (reply->parameters, "what")), ==, "message_bytes");
  }
  fixture_end (fixture);
}

static char *
make_nested (guint depth)
{
  g_autoptr (GString) text = g_string_new ("{\"method\":\"t.Echo\",\"parameters\":{\"n\":3,\"x\":");

  for (guint i = 0; i < depth - 2; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < depth - 2; i++)
    g_string_append_c (text, ']');
  g_string_append (text, "}}");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_deepest (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  g_autofree char *call = make_nested (CARDEA_LIMIT_JSON_DEPTH);

  g_assert_true (api_client_send (fixture->client, call));
  expect_echo (fixture, 3);
  fixture_end (fixture);
}

static void
test_too_deep (void)
{
  g_autofree char *call = make_nested (CARDEA_LIMIT_JSON_DEPTH + 1);

  test_malformed (call);
}

static void
test_truncated (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char half[] = "{\"method\":\"t.Ec";

  g_assert_true (api_client_send_raw (fixture->client, half, sizeof half - 1));
  shutdown (api_client_get_fd (fixture->client), SHUT_WR);
  expect_refusal (fixture, "message");
  fixture_end (fixture);
}

/* A program that says all it has to say and then only listens is answered. */
static void
test_half_closed (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Hold\"}"));
  shutdown (api_client_get_fd (fixture->client), SHUT_WR);
  api_wait (has_held, fixture);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  cardea_call_reply (fixture->held->pdata[0], json_pack ("{s:i}", "n", 1));
  expect_echo (fixture, 1);
  g_assert_true (api_client_is_closed (fixture->client));
  fixture_end (fixture);
}

static void
test_silent (void)
{
  Fixture *fixture = fixture_new (SHORT_MS, LONG_MS);

  expect_refusal (fixture, "message");
  fixture_end (fixture);
}

/* One that keeps sending is late all the same. */
static void
test_slow (void)
{
  Fixture *fixture = fixture_new (SHORT_MS, LONG_MS);
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (api_client_send_raw (fixture->client, "{", 1)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  fixture_end (fixture);
}

/* The time is for requests: between two of them a program may wait. */
static void
test_slow_second (void)
{
  Fixture *fixture = fixture_new (SHORT_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Echo\",\"parameters\":{\"n\":1}}"));
  expect_echo (fixture, 1);
  for (gint64 end = g_get_monotonic_time () + 2 * SHORT_MS * 1000; g_get_monotonic_time () < end;)
    g_main_context_iteration (NULL, FALSE);
  g_assert_nonnull (fixture->peer);
  g_assert_true (api_client_send_raw (fixture->client, "{", 1));
  expect_refusal (fixture, "message");
  fixture_end (fixture);
}

static void
test_never_reads (void)
{
  Fixture *fixture = fixture_new (LONG_MS, SHORT_MS);
  g_autofree char *call =
      g_strdup_printf ("{\"method\":\"t.Big\",\"parameters\":{\"n\":%d}}", CARDEA_LIMIT_REPLY_BYTES - 100);

  /* More than the kernel holds for it. */
  for (int i = 0; i < 8; i++)
    g_assert_true (api_client_send (fixture->client, call));
  api_wait (is_peer_gone, fixture);
  g_assert_cmpuint (fixture->n_calls, <, 8);
  fixture_end (fixture);
}

/* The program goes away: the call is cancelled, and an answer that comes later goes nowhere. */
static void
test_gone (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  CardeaCall *call;

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Hold\"}"));
  api_wait (has_held, fixture);
  call = fixture->held->pdata[0];
  g_assert_false (g_cancellable_is_cancelled (cardea_call_get_cancellable (call)));
  g_clear_pointer (&fixture->client, api_client_free);
  api_wait (is_peer_gone, fixture);
  g_assert_true (g_cancellable_is_cancelled (cardea_call_get_cancellable (call)));
  g_assert_true (cardea_call_is_over (call));
  cardea_call_reply (call, NULL);
  fixture->client = NULL;
  fixture_end (fixture);
}

static void
test_upgrade (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char call[] = "{\"method\":\"t.Upgrade\",\"upgrade\":true}\0{\"method\":\"t.Echo\"}";

  g_assert_true (api_client_send_raw (fixture->client, call, sizeof call));
  {
    g_autoptr (CardeaWireReply) reply = api_client_receive (fixture->client);

    g_assert_null (reply->error);
  }
  api_wait (is_peer_gone, fixture);
  g_assert_cmpint (fixture->stream, >=, 0);
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  /* What looks like a call is the stream's first bytes, its NUL too. */
  g_assert_cmpmem (g_bytes_get_data (fixture->early, NULL), g_bytes_get_size (fixture->early),
                   "{\"method\":\"t.Echo\"}", 20);
  g_assert_cmpint (send (fixture->stream, "hello", 5, MSG_NOSIGNAL), ==, 5);
  {
    g_autoptr (GBytes) bytes = api_client_receive_raw (fixture->client, 5);

    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "hello", 5);
  }
  fixture_end (fixture);
}

static void
test_upgrade_without_early (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Upgrade\",\"upgrade\":true}"));
  api_wait (is_peer_gone, fixture);
  g_assert_cmpint (fixture->stream, >=, 0);
  g_assert_null (fixture->early);
  fixture_end (fixture);
}

/* A flood of early bytes: no more than the limit is taken, the rest waits for whoever gets the stream. */
static void
test_upgrade_flood (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  g_autoptr (GByteArray) flood = g_byte_array_new ();
  g_autofree char *early = g_strnfill (2 * CARDEA_LIMIT_EARLY_BYTES, 'e');
  static const char call[] = "{\"method\":\"t.Upgrade\",\"upgrade\":true}";

  g_byte_array_append (flood, (const guint8 *)call, sizeof call);
  g_byte_array_append (flood, (const guint8 *)early, 2 * CARDEA_LIMIT_EARLY_BYTES);
  g_assert_true (api_client_send_raw (fixture->client, flood->data, flood->len));
  api_wait (is_peer_gone, fixture);
  g_assert_cmpint (fixture->stream, >=, 0);
  g_assert_cmpuint (g_bytes_get_size (fixture->early), <=, CARDEA_LIMIT_EARLY_BYTES);
  fixture_end (fixture);
}

/* A call behind an upgrade call that fails is never looked at. */
static void
test_smuggled (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char both[] =
      "{\"method\":\"t.Fail\",\"upgrade\":true}\0{\"method\":\"t.Echo\",\"parameters\":{\"n\":1}}";

  g_assert_true (api_client_send_raw (fixture->client, both, sizeof both));
  {
    g_autoptr (CardeaWireReply) reply = api_client_receive (fixture->client);

    g_assert_cmpstr (reply->error, ==, "org.cardea.agent.Denied");
    g_assert_cmpstr (json_string_value (json_object_get (reply->parameters, "message")), ==, "No.");
  }
  g_assert_true (api_client_is_closed (fixture->client));
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  fixture_end (fixture);
}

static void
test_upgrade_gone (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Hold\",\"upgrade\":true}"));
  api_wait (has_held, fixture);
  g_clear_pointer (&fixture->client, api_client_free);
  /* The method answers before the loop has seen that the program is gone. */
  cardea_call_reply_upgrade (fixture->held->pdata[0], NULL, on_upgraded, fixture);
  api_wait (is_peer_gone, fixture);
  g_assert_cmpint (fixture->stream, ==, -1);
  fixture_end (fixture);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder))
    n++;
  return n;
}

static void
send_with_descriptors (int fd, const void *bytes, gsize length, guint n)
{
  g_autofree char *control = g_malloc0 (CMSG_SPACE (n * sizeof (int)));
  struct iovec vector = { (void *)bytes, length };
  struct msghdr header = { .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = CMSG_SPACE (n * sizeof (int)) };
  struct cmsghdr *message = CMSG_FIRSTHDR (&header);

  message->cmsg_level = SOL_SOCKET;
  message->cmsg_type = SCM_RIGHTS;
  message->cmsg_len = CMSG_LEN (n * sizeof (int));
  for (guint i = 0; i < n; i++)
    memcpy (CMSG_DATA (message) + i * sizeof (int), &(int){ 0 }, sizeof (int));
  g_assert_cmpint (sendmsg (fd, &header, MSG_NOSIGNAL), ==, (gssize)length);
}

static void
test_descriptors (gconstpointer data)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char call[] = "{\"method\":\"t.Echo\"}";
  guint before = count_descriptors ();

  send_with_descriptors (api_client_get_fd (fixture->client), call, sizeof call, GPOINTER_TO_UINT (data));
  expect_refusal (fixture, "descriptor");
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  /* Ours was closed, and so was each that came. */
  api_wait (is_peer_gone, fixture);
  g_assert_cmpuint (count_descriptors (), ==, before - 1);
  fixture_end (fixture);
}

/* The one that came is the call's, and goes with it when nobody takes it. */
static void
test_descriptor (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char call[] = "{\"method\":\"t.Hold\"}";
  guint before = count_descriptors ();

  send_with_descriptors (api_client_get_fd (fixture->client), call, sizeof call, 1);
  api_wait (has_held, fixture);
  g_assert_true (cardea_call_has_descriptor (fixture->held->pdata[0]));
  g_assert_cmpuint (count_descriptors (), ==, before + 1);
  close (cardea_call_take_descriptor (fixture->held->pdata[0]));
  g_assert_false (cardea_call_has_descriptor (fixture->held->pdata[0]));
  cardea_call_reply (fixture->held->pdata[0], NULL);
  g_assert_cmpuint (count_descriptors (), ==, before);
  fixture_end (fixture);
}

/* One that comes in the middle of a call belongs to nothing. */
static void
test_late_descriptor (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);
  static const char call[] = "{\"method\":\"t.Echo\"}";
  int fd = api_client_get_fd (fixture->client);
  guint before = count_descriptors ();

  g_assert_cmpint (send (fd, call, 5, MSG_NOSIGNAL), ==, 5);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  send_with_descriptors (fd, call + 5, sizeof call - 5, 1);
  expect_refusal (fixture, "descriptor");
  g_assert_cmpuint (fixture->n_calls, ==, 0);
  api_wait (is_peer_gone, fixture);
  g_assert_cmpuint (count_descriptors (), ==, before - 1);
  fixture_end (fixture);
}

/* A call that no longer counts gives its slot back, and takes one again for the next. */
static void
test_release (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Hold\"}"));
  api_wait (has_held, fixture);
  g_assert_cmpuint (cardea_quota_count (fixture->quota, NULL), ==, 1);
  cardea_call_release (fixture->held->pdata[0]);
  g_assert_cmpuint (cardea_quota_count (fixture->quota, NULL), ==, 0);
  cardea_call_reply (fixture->held->pdata[0], json_pack ("{s:i}", "n", 1));
  expect_echo (fixture, 1);
  g_assert_cmpuint (cardea_quota_count (fixture->quota, NULL), ==, 1);
  fixture_end (fixture);
}

/* Where there is no slot any more, the answer still comes, and then the end. */
static void
test_release_and_full (void)
{
  Fixture *fixture = fixture_new (LONG_MS, LONG_MS);

  g_assert_true (api_client_send (fixture->client, "{\"method\":\"t.Hold\"}"));
  api_wait (has_held, fixture);
  cardea_call_release (fixture->held->pdata[0]);
  g_assert_true (cardea_quota_take (fixture->quota, "exe:test", NULL));
  g_assert_true (cardea_quota_take (fixture->quota, "exe:test", NULL));
  cardea_call_reply (fixture->held->pdata[0], json_pack ("{s:i}", "n", 1));
  expect_echo (fixture, 1);
  g_assert_true (api_client_is_closed (fixture->client));
  cardea_quota_give (fixture->quota, "exe:test");
  cardea_quota_give (fixture->quota, "exe:test");
  fixture_end (fixture);
}

static void
add_malformed (void)
{
  static const struct
  {
    const char *name;
    const char *message;
  } cases[] = {
    { "empty", "" },
    { "no-json", "hello" },
    { "array", "[]" },
    { "no-method", "{}" },
    { "method-number", "{\"method\":1}" },
    { "method-unqualified", "{\"method\":\"Echo\"}" },
    { "parameters-array", "{\"method\":\"t.Echo\",\"parameters\":[]}" },
    { "unknown-key", "{\"method\":\"t.Echo\",\"secret\":1}" },
    { "duplicate-key", "{\"method\":\"t.Echo\",\"method\":\"t.Fail\"}" },
    { "more-string", "{\"method\":\"t.Echo\",\"more\":\"true\"}" },
    { "nul-in-string", "{\"method\":\"t.Echo\",\"parameters\":{\"host\":\"a\\u0000b\"}}" },
    { "no-utf8", "{\"method\":\"t.Echo\",\"parameters\":{\"host\":\"\xff\"}}" },
    { "number-too-large", "{\"method\":\"t.Echo\",\"parameters\":{\"n\":99999999999999999999}}" },
    { "comment", "{\"method\":\"t.Echo\" /* hi */}" },
    { "two-objects", "{\"method\":\"t.Echo\"}{\"method\":\"t.Echo\"}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/peer/malformed/", cases[i].name, NULL);

    g_test_add_data_func (path, cases[i].message, test_malformed);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peer/calls", test_calls);
  g_test_add_func ("/peer/pipelined", test_pipelined);
  g_test_add_func ("/peer/one-at-a-time", test_one_at_a_time);
  g_test_add_func ("/peer/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/peer/oneway", test_oneway);
  add_malformed ();
  g_test_add_func ("/peer/malformed/nothing-after", test_nothing_after_malformed);
  g_test_add_func ("/peer/size/longest", test_longest);
  g_test_add_func ("/peer/size/too-long", test_too_long);
  g_test_add_func ("/peer/size/answer-too-long", test_answer_too_long);
  g_test_add_func ("/peer/depth/deepest", test_deepest);
  g_test_add_func ("/peer/depth/too-deep", test_too_deep);
  g_test_add_func ("/peer/truncated", test_truncated);
  g_test_add_func ("/peer/half-closed", test_half_closed);
  g_test_add_func ("/peer/time/silent", test_silent);
  g_test_add_func ("/peer/time/slow", test_slow);
  g_test_add_func ("/peer/time/slow-second", test_slow_second);
  g_test_add_func ("/peer/time/never-reads", test_never_reads);
  g_test_add_func ("/peer/gone", test_gone);
  g_test_add_func ("/peer/upgrade/stream", test_upgrade);
  g_test_add_func ("/peer/upgrade/without-early", test_upgrade_without_early);
  g_test_add_func ("/peer/upgrade/flood", test_upgrade_flood);
  g_test_add_func ("/peer/upgrade/smuggled", test_smuggled);
  g_test_add_func ("/peer/upgrade/gone", test_upgrade_gone);
  g_test_add_data_func ("/peer/descriptors/two", GUINT_TO_POINTER (2), test_descriptors);
  g_test_add_func ("/peer/descriptors/one", test_descriptor);
  g_test_add_func ("/peer/descriptors/late", test_late_descriptor);
  g_test_add_data_func ("/peer/descriptors/most", GUINT_TO_POINTER (253), test_descriptors);
  g_test_add_func ("/peer/slots/release", test_release);
  g_test_add_func ("/peer/slots/release-and-full", test_release_and_full);
  return g_test_run ();
}
