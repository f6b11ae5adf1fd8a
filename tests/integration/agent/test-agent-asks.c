/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole agent and a person: what is asked, what follows from the answer, and that no way in which a
 * question may end without an answer is a connection. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/asks.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CALLERS 10

static GError *
fetch_error (CardeaAsks *asks, const char *options, CardeaErrorCode code)
{
  GError *error = NULL;
  g_autofree char *page = cardea_asks_fetch (asks, options, &error);

  g_assert_null (page);
  g_assert_error (error, CARDEA_ERROR, (int)code);
  agent_contract_check_error (cardea_lab_get_socket (asks->lab), error);
  return error;
}

static void
assert_cancelled (CardeaAsks *asks)
{
  g_autoptr (GError) error = fetch_error (asks, NULL, CARDEA_ERROR_CANCELLED);

  g_test_message ("%s", error->message);
}

static const CardeaPromptOffer *
get_offer (const CardeaPromptQuestion *question, guint i)
{
  g_assert_cmpuint (i, <, question->offers->len);
  return g_ptr_array_index (question->offers, i);
}

/* Who asks is what the kernel shows, who is asked about is what was verified; the second one is used. */
static void
test_second_of_two (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 1 not");
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *page = cardea_asks_fetch (asks, NULL, &error);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);
  g_autofree char *saw = g_strdup_printf ("saw CN=%s,", get_offer (question, 1)->holder);

  g_assert_no_error (error);
  g_assert_nonnull (strstr (page, saw));
  g_assert_cmpstr (question->program.label, ==, own);
  g_assert_null (question->program.confinement);
  g_assert_cmpstr (question->server.name, ==, "localhost");
  g_assert_cmpuint (question->server.port, ==, asks->port);
  g_assert_cmpstr (question->server.vouched_by, ==, "Test Root");
  g_assert_false (question->server.by_program_only);
  g_assert_true (question->may_continue);
  g_assert_null (question->preselected);
  g_assert_cmpuint (get_offer (question, 0)->reasons->len, ==, 0);
  g_assert_cmpuint (get_offer (question, 1)->reasons->len, ==, 0);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

/* That it is the only one is no consent. */
static void
test_sole_candidate (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "ec.pem");
  g_autofree char *options = g_strdup_printf ("{\"certificate\": \"%s\"}", fingerprint);
  g_autoptr (CardeaPromptQuestion) question = NULL;

  cardea_asks_fetch_as (asks, options, "saw CN=Demo client (P-256)");
  question = cardea_asks_get_question (asks, 1);
  g_assert_cmpuint (get_offer (question, 0)->reasons->len, ==, 0);
  for (guint i = 1; i < question->offers->len; i++)
    g_assert_cmpuint (get_offer (question, i)->reasons->len, >, 0);
  cardea_asks_fetch_as (asks, options, "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
}

static void
test_cancelled (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");

  assert_cancelled (asks);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

static void
test_prompt_crashes (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;crash\nexit 0\ncrash\nexit 1");

  for (guint i = 0; i < 4; i++)
    assert_cancelled (asks);
}

static GPid
find_prompt (CardeaAsks *asks)
{
  g_autoptr (GArray) children = cardea_lab_get_children (asks->agent);

  for (guint i = 0; i < children->len; i++) {
    g_autofree char *path = g_strdup_printf ("/proc/%d/exe", g_array_index (children, int, i));
    g_autofree char *program = g_file_read_link (path, NULL);

    if (g_strcmp0 (program, asks->prompt) == 0)
      return g_array_index (children, int, i);
  }
  return 0;
}

static void
test_prompt_killed (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;update");
  CardeaClient *client = cardea_asks_begin (asks, asks->port, NULL);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (find_prompt (asks), SIGKILL), ==, 0);
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
}

static void
test_prompt_missing (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");

  asks->prompt = "/nonexistent/cardea-prompt";
  cardea_asks_restart (asks);
  assert_cancelled (asks);
  assert_cancelled (asks);
}

/* What a person could not have answered is no answer. */
static void
test_prompt_lies (void)
{
  g_autoptr (CardeaAsks) asks =
      cardea_asks_new ("shown;use nothing not\nshown;typed\nshown;raw nonsense\nshown;pinpad");

  for (guint i = 0; i < 4; i++)
    assert_cancelled (asks);
}

static void
test_continue (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;continue not");

  cardea_asks_fetch_as (asks, NULL, CARDEA_ASKS_ANONYMOUS);
  cardea_asks_fetch_as (asks, NULL, CARDEA_ASKS_ANONYMOUS);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
}

/* A program that insists on a certificate offers no way round it, and a prompt that goes it is no person. */
static void
test_required (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;continue not\nshown;pick 0 not");
  g_autoptr (GError) error = fetch_error (asks, "{\"authenticate\": \"required\"}", CARDEA_ERROR_CANCELLED);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);

  g_assert_false (question->may_continue);
  cardea_asks_fetch_as (asks, "{\"authenticate\": \"required\"}", "saw CN=Demo client");
}

static void
test_never (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autoptr (GError) error =
      fetch_error (asks, "{\"interaction\": \"never\"}", CARDEA_ERROR_INTERACTION_REQUIRED);
  json_t *parameters = cardea_error_get_parameters (error);

  g_assert_cmpstr (json_string_value (json_object_get (parameters, "question")), ==, "certificate");
  g_assert_cmpuint (json_array_size (json_object_get (parameters, "offers")), >=, 2);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
}

static void
test_nothing_fits (void)
{
  static const char never[] =
      "{\"interaction\": \"never\", "
      "\"certificate\": \"0000000000000000000000000000000000000000000000000000000000000000\"}";
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;continue not");
  g_autoptr (GError) error = fetch_error (asks, never, CARDEA_ERROR_NO_CERTIFICATE);
  g_autofree char *asking = g_strdup_printf ("{%s", strchr (never, ',') + 1);
  g_autoptr (CardeaPromptQuestion) question = NULL;

  g_assert_cmpuint (json_array_size (json_object_get (cardea_error_get_parameters (error), "offers")), >=, 2);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
  /* A person may know what to do: insert another token, or go on without. */
  cardea_asks_fetch_as (asks, asking, CARDEA_ASKS_ANONYMOUS);
  question = cardea_asks_get_question (asks, 1);
  g_assert_cmpuint (get_offer (question, 0)->reasons->len, >, 0);
}

/* Two objects, one certificate: one row, and it works. */
static void
test_twice_on_token (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  guint n = 0;

  asks->mock_object = "copies=2";
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_script_pick (asks, "mock.pem", "not");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  question = cardea_asks_get_question (asks, 1);
  for (guint i = 0; i < question->offers->len; i++)
    n += g_str_equal (get_offer (question, i)->sha256, fingerprint);
  g_assert_cmpuint (n, ==, 1);
}

static void
test_caller_gone (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;update;exit 0\nshown;cancel");
  CardeaClient *client = cardea_asks_begin (asks, asks->port, NULL);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);

  cardea_client_free (client);
  cardea_asks_wait_for_log (asks, "localhost withdraw caller_gone");
  assert_cancelled (asks);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
}

/* The time that the program allows covers the question. */
static void
test_time_limit (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;update;exit 0");
  g_autoptr (GError) error = fetch_error (asks, "{\"timeout_ms\": 1500}", CARDEA_ERROR_TIMED_OUT);
  json_t *parameters = cardea_error_get_parameters (error);

  g_assert_cmpstr (json_string_value (json_object_get (parameters, "what")), ==, "choosing");
  cardea_asks_wait_for_log (asks, "localhost withdraw call_timed_out");
}

/* The answer comes when nobody waits for it: it is not the next question's, and it is not remembered. */
static void
test_late_answer (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;update;pick 0 always\nshown;cancel");
  CardeaClient *client = cardea_asks_begin (asks, asks->port, NULL);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);
  g_autofree char *state = cardea_lab_path (asks->lab, "state/decisions.json");

  cardea_client_free (client);
  cardea_asks_wait_for_log (asks, "localhost withdraw caller_gone");
  assert_cancelled (asks);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
  cardea_asks_stop (asks);
  g_assert_false (g_file_test (state, G_FILE_TEST_EXISTS));
}

static void
test_server_closes (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;update;exit 0");
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
  question = cardea_asks_get_question (asks, 1);
  g_subprocess_send_signal (server, SIGKILL);
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  cardea_asks_wait_for_log (asks, "localhost withdraw server_closed");
}

static void
test_token_arrives (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;gains %s;pick %s not", fingerprint, fingerprint);
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;
  CardeaClient *client;

  cardea_lab_write (asks->lab, "script", script);
  client = cardea_asks_begin (asks, asks->port, NULL);
  question = cardea_asks_get_question (asks, 1);
  for (guint i = 0; i < question->offers->len; i++)
    g_assert_cmpstr (get_offer (question, i)->sha256, !=, fingerprint);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  page = cardea_asks_finish (client, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (page, "saw CN=Mock client"));
}

/* The certificate that a person looked at is gone when it is chosen: no other one takes its place. */
static void
test_token_leaves (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  CardeaClient *client;
  const char *id = NULL;

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  {
    g_autofree char *script = g_strdup_printf ("shown;loses %s;exit 0", fingerprint);

    cardea_lab_write (asks->lab, "script", script);
  }
  client = cardea_asks_begin (asks, asks->port, NULL);
  question = cardea_asks_get_question (asks, 1);
  for (guint i = 0; i < question->offers->len; i++)
    if (g_str_equal (get_offer (question, i)->sha256, fingerprint))
      id = get_offer (question, i)->id;
  g_assert_nonnull (id);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_log (asks, "localhost lost");
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_clear_error (&error);

  {
    g_autofree char *script = g_strdup_printf ("shown;use %s not", id);

    cardea_lab_write (asks->lab, "script", script);
  }
  error = fetch_error (asks, NULL, CARDEA_ERROR_CANCELLED);
}

/* One after the other: the prompts hold a lock against each other. */
static void
test_ten_at_once (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  CardeaClient *clients[CALLERS];
  g_autofree char *log = NULL;

  for (guint i = 0; i < CALLERS; i++)
    clients[i] = cardea_asks_begin (asks, asks->port, NULL);
  for (guint i = 0; i < CALLERS; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *page = cardea_asks_finish (clients[i], &error);

    g_assert_no_error (error);
    g_assert_nonnull (strstr (page, "saw CN=Demo client"));
  }
  g_assert_cmpuint (cardea_asks_count (asks), ==, CALLERS);
  log = cardea_asks_read_log (asks);
  g_assert_null (strstr (log, "overlap"));
}

/* A browser opens many connections at once: one answer that is remembered is enough. */
static void
test_ten_remembered (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;wait go;pick 0 removal\ncancel");
  CardeaClient *clients[CALLERS];

  for (guint i = 0; i < CALLERS; i++)
    clients[i] = cardea_asks_begin (asks, asks->port, NULL);
  cardea_prompt_question_free (cardea_asks_get_question (asks, 1));
  cardea_lab_write (asks->lab, "go", "");
  for (guint i = 0; i < CALLERS; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *page = cardea_asks_finish (clients[i], &error);

    g_assert_no_error (error);
    g_assert_nonnull (strstr (page, "saw CN=Demo client"));
  }
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

static void
assert_stopping (CardeaClient *client)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "what")), ==,
                   "stopping");
}

/* The agent ends while it asks: the prompt learns why, is gone before the agent is, and the program gets no
 * connection. */
static void
test_stopping (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;update;exit 0");
  CardeaClient *client = cardea_asks_begin (asks, asks->port, NULL);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);
  GPid prompt = find_prompt (asks);
  g_autofree char *log = NULL;

  g_assert_cmpint (prompt, !=, 0);
  cardea_asks_stop (asks);
  g_assert_true (cardea_lab_is_gone (GINT_TO_POINTER (prompt)));
  log = cardea_asks_read_log (asks);
  g_assert_nonnull (strstr (log, "localhost withdraw agent_stopping"));
  assert_stopping (client);
}

/* Streams may go on for a while: questions may not, for they would lead to nothing. */
static void
test_stopping_with_stream (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not\nshown;update;exit 0");
  CardeaClient *streaming = cardea_asks_begin (asks, asks->port, NULL);
  CardeaClient *asking;
  g_autoptr (GError) error = NULL;
  int fd = cardea_asks_get_stream (streaming, &error);

  g_assert_no_error (error);
  asking = cardea_asks_begin (asks, asks->port, NULL);
  cardea_prompt_question_free (cardea_asks_get_question (asks, 2));
  g_subprocess_send_signal (asks->agent, SIGTERM);
  assert_stopping (asking);
  cardea_asks_wait_for_log (asks, "localhost withdraw agent_stopping");
  g_assert_nonnull (g_subprocess_get_identifier (asks->agent));
  close (fd);
  cardea_client_free (streaming);
  g_assert_true (g_subprocess_wait_check (asks->agent, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-asks/second-of-two", test_second_of_two);
  g_test_add_func ("/agent-asks/sole-candidate", test_sole_candidate);
  g_test_add_func ("/agent-asks/cancelled", test_cancelled);
  g_test_add_func ("/agent-asks/prompt-crashes", test_prompt_crashes);
  g_test_add_func ("/agent-asks/prompt-killed", test_prompt_killed);
  g_test_add_func ("/agent-asks/prompt-missing", test_prompt_missing);
  g_test_add_func ("/agent-asks/prompt-lies", test_prompt_lies);
  g_test_add_func ("/agent-asks/continue", test_continue);
  g_test_add_func ("/agent-asks/required", test_required);
  g_test_add_func ("/agent-asks/never", test_never);
  g_test_add_func ("/agent-asks/nothing-fits", test_nothing_fits);
  g_test_add_func ("/agent-asks/twice-on-token", test_twice_on_token);
  g_test_add_func ("/agent-asks/caller-gone", test_caller_gone);
  g_test_add_func ("/agent-asks/time-limit", test_time_limit);
  g_test_add_func ("/agent-asks/late-answer", test_late_answer);
  g_test_add_func ("/agent-asks/server-closes", test_server_closes);
  g_test_add_func ("/agent-asks/token-arrives", test_token_arrives);
  g_test_add_func ("/agent-asks/token-leaves", test_token_leaves);
  g_test_add_func ("/agent-asks/ten-at-once", test_ten_at_once);
  g_test_add_func ("/agent-asks/ten-remembered", test_ten_remembered);
  g_test_add_func ("/agent-asks/stopping", test_stopping);
  g_test_add_func ("/agent-asks/stopping-with-stream", test_stopping_with_stream);
  return g_test_run ();
}
