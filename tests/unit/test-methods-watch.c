/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What there is and what changes, as a program is told. */

#include <unistd.h>

#include "socket-api/limits.h"
#include "tests/fixtures/loop.h"
#include "tests/unit/service-fixture.h"

#define MORE ",\"more\":true"
#define FLOOD 600 /* changes; a socket holds some 160 replies */

static ApiClient *
watch (ServiceFixture *fixture)
{
  ApiClient *client = service_connect (fixture);

  service_send_call (client, "Watch", NULL, MORE);
  return client;
}

/* The next reply's events, new; each is of the token, its certificate or a session. */
static json_t *
expect_events (ServiceFixture *fixture, ApiClient *client, gsize n)
{
  g_autoptr (CardeaWireReply) reply = service_expect_reply (fixture, client, "Watch");
  json_t *events = json_object_get (reply->parameters, "events");

  g_assert_true (reply->continues);
  g_assert_cmpuint (json_array_size (events), ==, n);
  return json_incref (events);
}

static json_t *
assert_event (json_t *events, gsize i, const char *what, const char *how)
{
  json_t *event = json_array_get (events, i);

  g_assert_cmpstr (json_string_value (json_object_get (event, "what")), ==, what);
  g_assert_cmpstr (json_string_value (json_object_get (event, "how")), ==, how);
  g_assert_cmpuint (json_object_size (event), ==, json_object_get (event, "end") != NULL ? 4 : 3);
  return json_object_get (event, what);
}

static void
expect_present (ServiceFixture *fixture, ApiClient *client)
{
  g_autoptr (json_t) events = expect_events (fixture, client, 2);

  assert_event (events, 0, "token", "present");
  assert_event (events, 1, "certificate", "present");
}

/* The first reply has all there is, its problems too; the token's state, its going and its coming follow. */
static void
test_tokens (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = watch (fixture);
  g_autoptr (CardeaWireReply) first = service_expect_reply (fixture, client, "Watch");
  g_autoptr (json_t) changed = NULL;
  g_autoptr (json_t) left = NULL;
  g_autoptr (json_t) arrived = NULL;

  assert_event (json_object_get (first->parameters, "events"), 0, "token", "present");
  assert_event (json_object_get (first->parameters, "events"), 1, "certificate", "present");
  g_assert_cmpuint (json_array_size (json_object_get (first->parameters, "problems")), ==, 3);

  fake_broker_set_token (fixture->broker, CARDEA_PIN_FINAL_TRY, TRUE);
  changed = expect_events (fixture, client, 1);
  g_assert_cmpstr (json_string_value (json_object_get (assert_event (changed, 0, "token", "changed"), "pin")),
                   ==, "final_try");
  fake_broker_set_token (fixture->broker, CARDEA_PIN_FINAL_TRY, FALSE);
  left = expect_events (fixture, client, 2);
  assert_event (left, 0, "token", "left");
  assert_event (left, 1, "certificate", "left");
  fake_broker_set_token (fixture->broker, CARDEA_PIN_FINE, TRUE);
  arrived = expect_events (fixture, client, 2);
  assert_event (arrived, 0, "token", "arrived");
  assert_event (arrived, 1, "certificate", "arrived");
}

/* Two changes in one turn of the loop are one, and what is as before is none. */
static void
test_burst (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = watch (fixture);
  g_autoptr (json_t) events = NULL;

  expect_present (fixture, client);
  fake_broker_set_token (fixture->broker, CARDEA_PIN_LOW, FALSE);
  fake_broker_set_token (fixture->broker, CARDEA_PIN_LOW, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  fake_broker_set_token (fixture->broker, CARDEA_PIN_LOCKED, FALSE);
  fake_broker_set_token (fixture->broker, CARDEA_PIN_LOCKED, TRUE);
  events = expect_events (fixture, client, 1);
  g_assert_cmpstr (json_string_value (json_object_get (assert_event (events, 0, "token", "changed"), "pin")),
                   ==, "locked");
}

static gboolean
has_ended (gpointer data)
{
  return cardea_session_get_end (data) != NULL;
}

static void
test_sessions (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = watch (fixture);
  g_autoptr (ApiClient) program = service_connect (fixture);
  g_autoptr (json_t) opened = NULL;
  g_autoptr (json_t) changed = NULL;
  g_autoptr (json_t) closed = NULL;
  g_autofree char *id = NULL;
  json_t *session;

  expect_present (fixture, client);
  service_send_call (program, "Connect", "{\"host\":\"bank.example\",\"port\":443}", ",\"upgrade\":true");
  cardea_wire_reply_free (service_expect_reply (fixture, program, "Connect"));
  opened = expect_events (fixture, client, 1);
  session = assert_event (opened, 0, "session", "arrived");
  g_assert_cmpstr (json_string_value (json_object_get (session, "server_name")), ==, "bank.example");
  id = g_strdup (json_string_value (json_object_get (session, "id")));

  /* That it has another certificate is news. */
  cardea_session_take_answer (cardea_broker_find_session (fixture->broker, id), NULL);
  g_signal_emit_by_name (fixture->broker, "sessions-changed");
  changed = expect_events (fixture, client, 1);
  session = assert_event (changed, 0, "session", "changed");
  g_assert_true (json_is_null (json_object_get (session, "certificate")));

  close (fake_broker_take_server (fixture->broker));
  api_wait (has_ended, cardea_broker_find_session (fixture->broker, id));
  g_signal_emit_by_name (fixture->broker, "sessions-changed");
  closed = expect_events (fixture, client, 1);
  session = assert_event (closed, 0, "session", "left");
  g_assert_cmpstr (json_string_value (json_object_get (session, "id")), ==, id);
  g_assert_cmpstr (
      json_string_value (json_object_get (json_object_get (json_array_get (closed, 0), "end"), "how")), ==,
      "truncated");
}

static void
test_no_more (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);

  service_send_call (client, "Watch", NULL, NULL);
  service_expect_error (fixture, client, "org.varlink.service.ExpectedMore", NULL);
  service_send_call (client, "Watch", "{\"what\":\"token\"}", MORE);
  service_expect_error (fixture, client, "org.varlink.service.InvalidParameter", "what");
}

/* Nobody is told when nobody is there: the connection is gone, its watch with it. */
static void
test_leave (ServiceFixture *fixture, gconstpointer data)
{
  ApiClient *client = watch (fixture);

  expect_present (fixture, client);
  fake_broker_set_token (fixture->broker, CARDEA_PIN_LOCKED, TRUE);
  api_client_free (client);
  api_wait (service_is_deserted, fixture);
  fake_broker_set_token (fixture->broker, CARDEA_PIN_FINE, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The state of the PIN tells one change from the next. */
static void
flood (ServiceFixture *fixture)
{
  for (guint i = 0; i < FLOOD; i++) {
    fake_broker_set_token (fixture->broker, i % 2 == 0 ? CARDEA_PIN_FINAL_TRY : CARDEA_PIN_LOCKED, TRUE);
    while (g_main_context_iteration (NULL, FALSE))
      ;
  }
}

/* A program that reads late is told less, never anything old: the last it hears is how it is. */
static void
test_slow (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = watch (fixture);
  guint n_told = 0;
  gboolean fine = FALSE;

  expect_present (fixture, client);
  flood (fixture);
  fake_broker_set_token (fixture->broker, CARDEA_PIN_FINE, TRUE);
  while (!fine) {
    g_autoptr (json_t) events = expect_events (fixture, client, 1);
    json_t *token = assert_event (events, 0, "token", "changed");

    fine = g_str_equal (json_string_value (json_object_get (token, "pin")), "fine");
    n_told++;
  }
  g_assert_cmpuint (n_told, >, 2);
  g_assert_cmpuint (n_told, <, FLOOD);
}

/* One that does not read at all is told so, where it reads on some day; the connection is good for more. */
static void
test_deaf (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = watch (fixture);
  g_autoptr (ApiClient) reader = watch (fixture);
  g_autoptr (CardeaWireReply) reply = NULL;

  expect_present (fixture, reader);
  flood (fixture);
  test_loop_pass (CARDEA_LIMIT_WATCH_MS + 1000);
  do {
    g_clear_pointer (&reply, cardea_wire_reply_free);
    reply = api_client_receive (client);
    g_assert_nonnull (reply);
  } while (reply->error == NULL);
  g_assert_cmpstr (reply->error, ==, "org.cardea.agent.Busy");
  g_assert_cmpstr (json_string_value (json_object_get (reply->parameters, "what")), ==, "events");
  service_send_call (client, "ListSessions", NULL, NULL);
  cardea_wire_reply_free (service_expect_reply (fixture, client, "ListSessions"));
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/methods-watch/" name, ServiceFixture, NULL, service_set_up, function, service_tear_down)

int
main (int argc, char *argv[])
{
  service_begin (&argc, &argv);
  ADD ("tokens", test_tokens);
  ADD ("burst", test_burst);
  ADD ("sessions", test_sessions);
  ADD ("no-more", test_no_more);
  ADD ("leave", test_leave);
  ADD ("slow", test_slow);
  ADD ("deaf", test_deaf);
  return service_run ();
}
