/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The PIN, asked for by the same kind of prompt after the choice. It goes through the prompt's pipe, so that
 * the module, which counts wrong ones, tells whether the right bytes came. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

#include <signal.h>
#include <string.h>

#define PIN "31415926"

/* A token whose PIN is asked for, for a login, or for a signature whose key wants it each time; what @steps
 * say is done with that question. */
static CardeaAsks *
new_with (gconstpointer for_signature, const char *steps)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;pick %s not\n%s", fingerprint, steps);

  cardea_lab_write (asks->lab, "script", script);
  cardea_lab_write (asks->lab, "right", PIN);
  cardea_lab_write (asks->lab, "wrong", "27182818");
  if (for_signature != NULL)
    asks->mock_object = "always-authenticate=true";
  cardea_asks_set_mock (asks, for_signature != NULL ? CARDEA_ASKS_MOCK_OPEN : "");
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

#define FOR_SIGNATURE GINT_TO_POINTER (TRUE)

static void
test_wrong_then_right (void)
{
  g_autoptr (CardeaAsks) asks = new_with (NULL, "shown;type wrong;close-pin;typed\nshown;type right;typed");
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (CardeaPromptQuestion) first = NULL;
  g_autoptr (CardeaPromptQuestion) second = NULL;

  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  first = cardea_asks_get_question (asks, 2);
  g_assert_cmpint (first->kind, ==, CARDEA_PROMPT_PIN);
  g_assert_cmpstr (first->program.label, ==, own);
  g_assert_cmpstr (first->server.name, ==, "localhost");
  g_assert_cmpuint (first->server.port, ==, asks->port);
  g_assert_cmpstr (first->server.vouched_by, ==, "Test Root");
  g_assert_cmpstr (first->token_label, ==, "Mock card");
  g_assert_cmpstr (first->reader, ==, "Mock reader card");
  g_assert_false (first->rejected);
  second = cardea_asks_get_question (asks, 3);
  g_assert_cmpint (second->kind, ==, CARDEA_PROMPT_PIN);
  g_assert_true (second->rejected);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 3);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
}

/* Begins a call and waits for its question for the PIN. */
static CardeaClient *
begin_pin (CardeaAsks *asks)
{
  CardeaClient *client = cardea_asks_begin (asks, asks->port, NULL);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 2);

  g_assert_cmpint (question->kind, ==, CARDEA_PROMPT_PIN);
  return client;
}

static void
test_token_pulled (gconstpointer data)
{
  g_autoptr (CardeaAsks) asks = new_with (data, "shown;update;exit 0");
  CardeaClient *client = begin_pin (asks);
  g_autoptr (GError) error = NULL;

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  cardea_asks_wait_for_log (asks, "localhost withdraw token_removed");
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

/* Nobody needs the PIN any more. */
static void
test_server_closes (gconstpointer data)
{
  g_autoptr (CardeaAsks) asks = new_with (data, "shown;update;type right;typed");
  guint16 port = cardea_lab_free_port (asks->lab);
  g_autofree char *accept = g_strdup_printf ("127.0.0.1:%u", port);
  GSubprocess *server =
      cardea_lab_spawn (asks->lab, "closing",
                        (const char *[]){ "openssl", "s_server", "-accept", accept, "-tls1_3", "-cert",
                                          "server.pem", "-cert_chain", "server.pem", "-key", "server.key",
                                          "-verify", "2", "-CAfile", "ca.pem", NULL });
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;
  CardeaClient *client;

  cardea_lab_wait_for_log (asks->lab, "closing", "ACCEPT");
  client = cardea_asks_begin (asks, port, NULL);
  question = cardea_asks_get_question (asks, 2);
  g_subprocess_send_signal (server, SIGKILL);
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  cardea_asks_wait_for_log (asks, "localhost withdraw server_closed");
  cardea_asks_stop (asks);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

static void
test_caller_gone (gconstpointer data)
{
  g_autoptr (CardeaAsks) asks = new_with (data, "shown;update;type right;typed");

  cardea_client_free (begin_pin (asks));
  cardea_asks_wait_for_log (asks, "localhost withdraw caller_gone");
  cardea_asks_stop (asks);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

static void
test_time_limit (gconstpointer data)
{
  g_autoptr (CardeaAsks) asks = new_with (data, "shown;update;type right;typed");
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_fetch (asks, "{\"timeout_ms\": 2500}", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  cardea_asks_wait_for_log (asks, "localhost withdraw call_timed_out");
  cardea_asks_stop (asks);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

/* The dialog of a PIN says why it is over, and the agent waits for it to go. */
static void
test_stopping (gconstpointer data)
{
  g_autoptr (CardeaAsks) asks = new_with (data, "shown;update;type right;typed");
  CardeaClient *client = begin_pin (asks);
  g_autofree char *log = NULL;
  g_autoptr (GError) error = NULL;

  cardea_asks_stop (asks);
  log = cardea_asks_read_log (asks);
  g_assert_nonnull (strstr (log, "localhost withdraw agent_stopping"));
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

static void
test_cancelled (gconstpointer data)
{
  g_autoptr (CardeaAsks) asks = new_with (data, "shown;cancel");
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-asks-pin/wrong-then-right", test_wrong_then_right);
  g_test_add_data_func ("/agent-asks-pin/token-pulled", NULL, test_token_pulled);
  g_test_add_data_func ("/agent-asks-pin/signature-token-pulled", FOR_SIGNATURE, test_token_pulled);
  g_test_add_data_func ("/agent-asks-pin/server-closes", NULL, test_server_closes);
  g_test_add_data_func ("/agent-asks-pin/signature-server-closes", FOR_SIGNATURE, test_server_closes);
  g_test_add_data_func ("/agent-asks-pin/caller-gone", NULL, test_caller_gone);
  g_test_add_data_func ("/agent-asks-pin/signature-caller-gone", FOR_SIGNATURE, test_caller_gone);
  g_test_add_data_func ("/agent-asks-pin/time-limit", NULL, test_time_limit);
  g_test_add_data_func ("/agent-asks-pin/signature-time-limit", FOR_SIGNATURE, test_time_limit);
  g_test_add_data_func ("/agent-asks-pin/stopping", NULL, test_stopping);
  g_test_add_data_func ("/agent-asks-pin/signature-stopping", FOR_SIGNATURE, test_stopping);
  g_test_add_data_func ("/agent-asks-pin/cancelled", NULL, test_cancelled);
  g_test_add_data_func ("/agent-asks-pin/signature-cancelled", FOR_SIGNATURE, test_cancelled);
  return g_test_run ();
}
