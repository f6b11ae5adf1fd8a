/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is remembered, as a program lists and forgets it. */

#include "socket-api/wire/error.h"
#include "tests/unit/decisions-maker.h"
#include "tests/unit/service-fixture.h"
#include "tests/unit/state-folder.h"

static json_t *
list_decisions (ServiceFixture *fixture, ApiClient *client)
{
  g_autoptr (CardeaWireReply) reply = NULL;

  service_send_call (client, "ListDecisions", NULL, NULL);
  reply = service_expect_reply (fixture, client, "ListDecisions");
  return json_incref (json_object_get (reply->parameters, "decisions"));
}

static void
forget (ServiceFixture *fixture, ApiClient *client, const char *parameters, json_int_t n_forgotten,
        gsize n_problems)
{
  g_autoptr (CardeaWireReply) reply = NULL;

  service_send_call (client, "Forget", parameters, NULL);
  reply = service_expect_reply (fixture, client, "Forget");
  g_assert_cmpint (json_integer_value (json_object_get (reply->parameters, "forgotten")), ==, n_forgotten);
  g_assert_cmpuint (json_array_size (json_object_get (reply->parameters, "problems")), ==, n_problems);
}

static void
assert_listed (ServiceFixture *fixture, ApiClient *client, gsize n)
{
  g_autoptr (json_t) list = list_decisions (fixture, client);

  g_assert_cmpuint (json_array_size (list), ==, n);
}

/* How many a next agent would know. */
static void
assert_saved (const StateFolder *state, guint n)
{
  g_autoptr (CardeaDecisions) decisions = cardea_decisions_new (state->folder);
  g_autoptr (GPtrArray) list = NULL;

  cardea_decisions_load (decisions);
  list = cardea_decisions_list (decisions);
  g_assert_cmpuint (list->len, ==, n);
}

/* Each value in its place: of one that ends with a token, and of one without a certificate. */
static void
test_decisions_listed (ServiceFixture *fixture, gconstpointer data)
{
  CardeaDecisions *decisions = cardea_assent_get_decisions (cardea_broker_get_assent (fixture->broker));
  CardeaRememberedKey key = { "exe:/usr/bin/mail", "bank.example", 8443, MAKER_TRUST };
  CardeaRemembered *without =
      cardea_remembered_new_until_removal (&key, "Mail", NULL, "pkcs11:token=A", 1000, NULL);
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (json_t) list = NULL;
  g_autoptr (json_t) expected = NULL;
  json_t *second;

  cardea_decisions_add (decisions, without);
  cardea_decisions_add (decisions, make_remembered_of_token (1, "pkcs11:token=B"));
  cardea_decisions_note_used (decisions, without->id, 2000);
  list = list_decisions (fixture, client);
  g_assert_cmpuint (json_array_size (list), ==, 2);
  expected =
      json_pack ("{s:s, s:s, s:s, s:s, s:i, s:s, s:n, s:s, s:i, s:i, s:i}", "id", without->id, "program",
                 "exe:/usr/bin/mail", "label", "Mail", "server_name", "bank.example", "port", 8443, "trust",
                 "system", "certificate", "until", "removal", "made", 1000, "used", 1, "last_used", 2000);
  g_assert_true (json_equal (json_array_get (list, 0), expected));
  second = json_array_get (list, 1);
  g_assert_cmpstr (json_string_value (json_object_get (second, "server_name")), ==, "s1.bank.example");
  g_assert_cmpuint (json_string_length (json_object_get (second, "certificate")), ==, 64);
}

/* By name, then all; an unknown one forgets none, and the disk has each when the answer is there. */
static void
test_forget (ServiceFixture *fixture, gconstpointer data)
{
  StateFolder state = { 0 };
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (CardeaDecisions) decisions = NULL;
  g_autoptr (json_t) list = NULL;
  g_autofree char *parameters = NULL;

  state_folder_make (&state);
  decisions = cardea_decisions_new (state.folder);
  fake_broker_set_decisions (fixture->broker, decisions);
  for (guint i = 0; i < 3; i++)
    cardea_decisions_add (decisions, make_remembered (i, 1000));
  cardea_decisions_add (decisions, make_remembered_of_token (3, "pkcs11:token=A"));
  g_assert_true (cardea_decisions_flush (decisions, NULL));
  list = list_decisions (fixture, client);
  g_assert_cmpuint (json_array_size (list), ==, 4);
  g_assert_cmpstr (json_string_value (json_object_get (json_array_get (list, 1), "until")), ==, "always");

  parameters = g_strdup_printf ("{\"decision\":\"%s\"}",
                                json_string_value (json_object_get (json_array_get (list, 1), "id")));
  forget (fixture, client, parameters, 1, 0);
  assert_saved (&state, 2);
  service_send_call (client, "Forget", parameters, NULL);
  service_expect_error (fixture, client, "org.cardea.agent.NotFound", NULL);
  service_send_call (client, "Forget", "{\"decision\":\"\"}", NULL);
  service_expect_error (fixture, client, "org.cardea.agent.NotFound", NULL);
  assert_listed (fixture, client, 3);
  forget (fixture, client, "{\"decision\":null}", 3, 0);
  assert_saved (&state, 0);
  assert_listed (fixture, client, 0);
  forget (fixture, client, NULL, 0, 0);
  state_folder_remove (&state);
}

/* It is gone from memory, and the answer says that the disk does not know. */
static void
test_forget_unsaved (ServiceFixture *fixture, gconstpointer data)
{
  CardeaDecisions *decisions = cardea_assent_get_decisions (cardea_broker_get_assent (fixture->broker));
  g_autoptr (ApiClient) client = service_connect (fixture);

  cardea_decisions_add (decisions, make_remembered_of_token (1, "pkcs11:token=A"));
  forget (fixture, client, NULL, 1, 0);
  cardea_decisions_add (decisions, make_remembered (1, 1000));
  forget (fixture, client, NULL, 1, 1);
  assert_listed (fixture, client, 0);
}

/* Nobody waits for the answer: it is forgotten all the same. */
static void
test_forget_and_leave (ServiceFixture *fixture, gconstpointer data)
{
  CardeaDecisions *decisions = cardea_assent_get_decisions (cardea_broker_get_assent (fixture->broker));
  ApiClient *client = service_connect (fixture);
  g_autoptr (ApiClient) other = NULL;

  cardea_decisions_add (decisions, make_remembered (1, 1000));
  service_send_call (client, "Forget", NULL, NULL);
  api_client_free (client);
  api_wait (service_is_deserted, fixture);
  other = service_connect (fixture);
  service_send_call (other, "Forget", NULL, ",\"oneway\":true");
  assert_listed (fixture, other, 0);
}

/* Where nobody is ever asked there is nothing to remember. */
static void
test_nobody (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);

  fake_broker_set_decisions (fixture->broker, NULL);
  assert_listed (fixture, client, 0);
  forget (fixture, client, NULL, 0, 0);
  service_send_call (client, "Forget", "{\"decision\":\"00\"}", NULL);
  service_expect_error (fixture, client, "org.cardea.agent.NotFound", NULL);
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/methods-decisions/" name, ServiceFixture, NULL, service_set_up, function, service_tear_down)

int
main (int argc, char *argv[])
{
  service_begin (&argc, &argv);
  ADD ("listed", test_decisions_listed);
  ADD ("forget/saved", test_forget);
  ADD ("forget/unsaved", test_forget_unsaved);
  ADD ("forget/and-leave", test_forget_and_leave);
  ADD ("nobody", test_nobody);
  return service_run ();
}
