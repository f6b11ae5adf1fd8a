/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the whole agent foretells of a connection, by rules, decisions and tokens; and that nothing comes of
 * it: no question, no login, no signature, no trace. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/explained.h"

#include <string.h>

/* nginx insists on a certificate and names an authority: three fit, and nothing is decided. */
static void
test_asks (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;
  json_t *server;

  explained_insert_mock (asks, "");
  reply = explained_as (asks, NULL, "ask", "No decision and no rule settles");
  server = explained_get_server (reply);
  g_assert_true (json_is_true (json_object_get (server, "verified")));
  g_assert_true (json_is_true (json_object_get (server, "certificate_requested")));
  g_assert_cmpstr (explained_text (server, "tls_version"), ==, "TLS 1.3");
  g_assert_cmpstr (explained_text (server, "vouched_by"), ==, "config");
  g_assert_cmpuint (json_array_size (json_object_get (server, "peer_chain")), >=, 1);
  g_assert_cmpuint (json_array_size (json_object_get (server, "authorities")), ==, 1);
  g_assert_nonnull (
      strstr (json_string_value (json_array_get (json_object_get (server, "authorities"), 0)), "CN="));
  g_assert_cmpuint (explained_count_fitting (reply), ==, 3);
  g_assert_true (json_is_null (json_object_get (reply, "certificate")));
  g_assert_cmpuint (json_array_size (json_object_get (reply, "problems")), ==, 0);
  explained_assert_untouched (asks);
}

/* Not asked where nobody may be. */
static void
test_no_interaction (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = explained_as (asks, "{\"interaction\": \"never\"}", "deny", "have to be asked");
  g_autoptr (json_t) never =
      explained_as (asks, "{\"authenticate\": \"never\"}", "none", "wants to use none");

  g_assert_cmpuint (explained_count_fitting (reply), ==, 2);
  explained_assert_untouched (asks);
}

/* What a rule consents to is named by the rule, and needs its PIN; the mock module sees none of it. */
static void
test_rule_consents (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *line = g_strconcat ("certificate=", fingerprint, NULL);
  g_autoptr (json_t) reply = NULL;
  json_t *rule;

  explained_add_rule (asks, "bank", "consent", line);
  cardea_asks_restart (asks);
  explained_insert_mock (asks, "");
  reply = explained_as (asks, NULL, "use", "bank.conf:2) consents. Its token is not unlocked");
  g_assert_cmpstr (explained_text (json_object_get (reply, "certificate"), "sha256"), ==, fingerprint);
  g_assert_cmpuint (json_array_size (json_object_get (reply, "rules")), ==, 1);
  rule = json_array_get (json_object_get (reply, "rules"), 0);
  g_assert_cmpstr (explained_text (rule, "name"), ==, "bank");
  g_assert_true (g_str_has_suffix (explained_text (rule, "where"), "/rules/bank.conf:2"));
  g_assert_cmpstr (json_string_value (json_array_get (json_object_get (rule, "effects"), 0)), ==, "consent");
  g_assert_cmpstr (json_string_value (json_array_get (json_object_get (rule, "effects"), 1)), ==, "narrow");
  explained_assert_untouched (asks);
}

/* Nobody listens there: the server is not even reached. */
static void
test_rule_denies (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;

  asks->port = cardea_lab_free_port (asks->lab);
  explained_add_rule (asks, "bank", "deny", "message=Use the other computer.");
  cardea_asks_restart (asks);
  reply = explained_as (asks, NULL, "deny", "Use the other computer. (rule \"bank\")");
  g_assert_true (json_is_null (json_object_get (reply, "server")));
  g_assert_cmpuint (json_array_size (json_object_get (reply, "rules")), ==, 1);
}

static json_t *
list_decisions (CardeaAsks *asks)
{
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (asks->lab), NULL);
  g_autoptr (json_t) reply =
      cardea_client_call (client, "org.cardea.agent.ListDecisions", NULL, CARDEA_CLIENT_CALL_MS, NULL);

  return json_incref (json_object_get (reply, "decisions"));
}

static char *
read_decisions (CardeaAsks *asks)
{
  g_autofree char *path = cardea_lab_path (asks->lab, "state/decisions.json");
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

/* A decision is named, and neither counted as used nor written. */
static void
test_decision (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "ec.pem");
  g_autoptr (json_t) before = NULL;
  g_autoptr (json_t) after = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  g_autofree char *then = NULL;
  g_autofree char *page = NULL;

  cardea_asks_script_pick (asks, "ec.pem", "always");
  page = cardea_asks_fetch (asks, NULL, &error);
  if (page == NULL) { /* only root's programs get an "always" */
    g_clear_error (&error);
    cardea_asks_script_pick (asks, "ec.pem", "removal");
    cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  }
  before = list_decisions (asks);
  file = read_decisions (asks);
  for (guint i = 0; i < 3; i++) {
    g_clear_pointer (&reply, json_decref);
    reply = explained_as (asks, NULL, "use", explained_text (json_array_get (before, 0), "id"));
  }
  g_assert_cmpstr (explained_text (json_object_get (reply, "certificate"), "sha256"), ==, fingerprint);
  g_assert_true (json_equal (json_object_get (reply, "decision"), json_array_get (before, 0)));
  after = list_decisions (asks);
  g_assert_true (json_equal (before, after));
  cardea_asks_stop (asks);
  then = read_decisions (asks);
  g_assert_cmpstr (file, ==, then);
}

/* Its certificate is on no token now: the decision is named, and no other certificate takes its place. */
static void
test_decision_absent (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) before = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;

  explained_insert_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_script_pick (asks, "mock.pem", "always");
  page = cardea_asks_fetch (asks, NULL, &error);
  if (page == NULL) {
    g_test_skip ("only a program of root's is remembered for good");
    return;
  }
  before = list_decisions (asks);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_mock (asks, FALSE);
  reply = explained_as (asks, NULL, "ask", "is not among those that fit, and no other is taken");
  g_assert_true (json_equal (json_object_get (reply, "decision"), json_array_get (before, 0)));
  g_assert_cmpuint (explained_count_fitting (reply), ==, 2);
}

/* A token whose PIN is locked is named, and its certificate does not fit. */
static void
test_locked (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (json_t) reply = NULL;
  json_t *token;

  explained_insert_mock (asks, "pin-state=locked");
  reply = explained_as (asks, NULL, "ask", "No decision");
  g_assert_cmpuint (explained_count_fitting (reply), ==, 2);
  g_assert_cmpuint (json_array_size (json_object_get (reply, "tokens")), ==, 1);
  token = json_array_get (json_object_get (reply, "tokens"), 0);
  g_assert_cmpstr (explained_text (token, "label"), ==, "Mock card");
  g_assert_cmpstr (explained_text (token, "pin"), ==, "locked");
}

/* Nobody to ask: what [allow] has, and one that fits. */
static void
test_headless (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "ec.pem");
  g_autofree char *options = g_strdup_printf ("{\"certificate\": \"%s\"}", fingerprint);
  g_autoptr (json_t) several = NULL;
  g_autoptr (json_t) one = NULL;
  g_autoptr (json_t) foreign = NULL;

  asks->headless = TRUE;
  cardea_asks_restart (asks);
  several = explained_as (asks, NULL, "deny", "2 certificates fit, and this agent has nobody to ask");
  one = explained_as (asks, options, "use", "configuration allows this server, and one certificate fits");
  g_assert_cmpstr (explained_text (json_object_get (one, "certificate"), "sha256"), ==, fingerprint);
  asks->port = cardea_lab_free_port (asks->lab);
  foreign = explained_as (asks, NULL, "deny", "is not among the servers of [allow]");
  g_assert_true (json_is_null (json_object_get (foreign, "server")));
}

/* A stream that Watch sends: the first reply is what there is. */
static json_t *
next_events (CardeaClient *watch)
{
  g_autoptr (GError) error = NULL;
  gboolean continues = TRUE;
  g_autoptr (json_t) reply = cardea_client_receive (watch, CARDEA_CLIENT_CALL_MS, &continues, &error);

  g_assert_no_error (error);
  return json_incref (json_object_get (reply, "events"));
}

/* Neither a log line, nor a session, nor an event; what Watch tells next is the connection that comes
 * afterwards. */
static void
test_no_trace (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (CardeaClient) watch = cardea_client_new (cardea_lab_get_socket (asks->lab), NULL);
  g_autoptr (json_t) present = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autoptr (json_t) next = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  guint fds;

  explained_insert_mock (asks, "");
  g_assert_true (cardea_client_send_more (watch, "org.cardea.agent.Watch", NULL, NULL));
  present = next_events (watch);
  fds = cardea_lab_count_fds (asks->agent);
  before = cardea_lab_read_log (asks->lab, "agent");
  for (guint i = 0; i < 20; i++) {
    g_clear_pointer (&reply, json_decref);
    reply = explained_as (asks, NULL, "ask", "No decision");
  }
  after = cardea_lab_read_log (asks->lab, "agent");
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (cardea_lab_count_fds (asks->agent), <=, fds + 2);
  explained_assert_untouched (asks);

  cardea_asks_script_pick (asks, "ec.pem", "not");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  next = next_events (watch);
  for (guint i = 0; i < json_array_size (next); i++)
    g_test_message ("%s %s", explained_text (json_array_get (next, i), "what"),
                    explained_text (json_array_get (next, i), "how"));
  g_assert_cmpuint (json_array_size (next), >, 0);
  for (guint i = 0; i < json_array_size (next); i++)
    g_assert_cmpstr (explained_text (json_array_get (next, i), "how"), !=, "left");
}

/* The command, as a person calls it. */
static void
test_command (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "rsa.pem");
  g_autofree char *target = g_strdup_printf ("localhost:%u", asks->port);
  g_autofree char *out = NULL;

  g_assert_cmpint (
      cardea_lab_cardea (asks->lab, (const char *[]){ "explain", target, NULL }, NULL, &out, NULL), ==, 0);
  g_test_message ("%s", out);
  g_assert_true (g_str_has_prefix (out, "The person would be asked.\n"));
  g_assert_nonnull (strstr (out, fingerprint));
  g_assert_cmpint (cardea_lab_cardea (asks->lab,
                                      (const char *[]){ "explain", "--no-certificate", target, NULL }, NULL,
                                      NULL, NULL),
                   ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-explain/asks", test_asks);
  g_test_add_func ("/agent-explain/no-interaction", test_no_interaction);
  g_test_add_func ("/agent-explain/rule-consents", test_rule_consents);
  g_test_add_func ("/agent-explain/rule-denies", test_rule_denies);
  g_test_add_func ("/agent-explain/decision", test_decision);
  g_test_add_func ("/agent-explain/decision-absent", test_decision_absent);
  g_test_add_func ("/agent-explain/locked", test_locked);
  g_test_add_func ("/agent-explain/headless", test_headless);
  g_test_add_func ("/agent-explain/no-trace", test_no_trace);
  g_test_add_func ("/agent-explain/command", test_command);
  return g_test_run ();
}
