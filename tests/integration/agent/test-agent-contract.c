/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the whole agent really answers, held against the contract: each reply, and the errors that the tests
 * of hostile servers and of tokens do not meet. */

#include "agent/decisions/decisions.h"
#include "socket-api/client/client.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/lab.h"
#include "tests/unit/decisions-maker.h"

#include <string.h>
#include <unistd.h>

#define MANY CARDEA_LIMIT_CERTIFICATES_PER_TOKEN

static CardeaClient *
client_of (CardeaLab *lab)
{
  g_autoptr (GError) error = NULL;
  CardeaClient *client = cardea_client_new (cardea_lab_get_socket (lab), &error);

  g_assert_no_error (error);
  return client;
}

/* A new reference to the reply, which is as promised. @parameters are taken. */
static json_t *
call (CardeaLab *lab, const char *method, json_t *parameters)
{
  g_autoptr (json_t) taken = parameters;
  g_autoptr (CardeaClient) client = client_of (lab);
  g_autofree char *full = g_strconcat ("org.cardea.agent.", method, NULL);
  g_autoptr (GError) error = NULL;
  json_t *reply = cardea_client_call (client, full, taken, CARDEA_CLIENT_CALL_MS, &error);

  g_assert_no_error (error);
  agent_contract_check_reply (cardea_lab_get_socket (lab), method, reply);
  return reply;
}

/* @parameters are taken. */
static void
expect_error (CardeaLab *lab, const char *method, json_t *parameters, CardeaErrorCode code)
{
  g_autoptr (json_t) taken = parameters;
  g_autoptr (CardeaClient) client = client_of (lab);
  g_autoptr (json_t) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = cardea_client_call (client, method, taken, CARDEA_CLIENT_CALL_MS, &error);
  g_assert_null (reply);
  g_assert_error (error, CARDEA_ERROR, (int)code);
  agent_contract_check_error (cardea_lab_get_socket (lab), error);
}

static json_t *
target (CardeaLab *lab, guint16 port, const char *file)
{
  g_autofree char *fingerprint = file != NULL ? cardea_lab_fingerprint (lab, file) : NULL;

  return json_pack ("{s:s, s:i, s:{s:s*}}", "host", "localhost", "port", (int)port, "options", "certificate",
                    fingerprint);
}

static GError *
connect_error (CardeaLab *lab, json_t *parameters)
{
  g_autoptr (json_t) taken = parameters;
  g_autoptr (CardeaClient) client = client_of (lab);
  GError *error = NULL;

  g_assert_cmpint (
      cardea_client_upgrade (client, "org.cardea.agent.Connect", taken, CARDEA_CLIENT_CALL_MS, NULL, &error),
      ==, -1);
  agent_contract_check_error (cardea_lab_get_socket (lab), error);
  return error;
}

static void
assert_question (const GError *error, const char *question, guint n_offers)
{
  json_t *parameters = cardea_error_get_parameters (error);

  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "question")), ==, question);
  g_assert_cmpuint (json_array_size (json_object_get (parameters, "offers")), ==, n_offers);
}

static void
test_listings (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (json_t) tokens = NULL;
  g_autoptr (json_t) certificates = NULL;
  g_autoptr (json_t) sessions = NULL;
  g_autoptr (json_t) problems = NULL;

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  tokens = call (lab, "ListTokens", NULL);
  g_assert_cmpuint (json_array_size (json_object_get (tokens, "tokens")), ==, 1);
  certificates = call (lab, "ListCertificates", NULL);
  g_assert_cmpuint (json_array_size (json_object_get (certificates, "certificates")), ==, 2);
  sessions = call (lab, "ListSessions", NULL);
  g_assert_cmpuint (json_array_size (json_object_get (sessions, "sessions")), ==, 0);
  problems = call (lab, "Reload", NULL);
  g_assert_cmpuint (json_array_size (json_object_get (problems, "problems")), ==, 0);
}

/* Each problem is told once, whoever found it. */
static void
test_problems_once (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (json_t) reply = NULL;
  json_t *problems;

  cardea_lab_agent (lab, (guint16[]){ 0 }, "[authorities]\nfiles=/nonexistent/authorities.pem\n", NULL);
  reply = call (lab, "ListTokens", NULL);
  problems = json_object_get (reply, "problems");
  g_assert_cmpuint (json_array_size (problems), ==, 1);
  g_assert_cmpstr (json_string_value (json_object_get (json_array_get (problems, 0), "code")), ==,
                   "authorities_unreadable");
}

static void
write_decisions (CardeaLab *lab)
{
  g_autofree char *state = cardea_lab_path (lab, "state");
  g_autoptr (CardeaDecisions) decisions = cardea_decisions_new (state);
  g_autoptr (GError) error = NULL;

  cardea_decisions_add (decisions, make_remembered (1, 1000));
  cardea_decisions_add (decisions, make_remembered (2, 1000));
  g_assert_true (cardea_decisions_flush (decisions, &error));
  g_assert_no_error (error);
}

static json_t *
list_decisions (CardeaLab *lab, gsize n)
{
  g_autoptr (json_t) reply = call (lab, "ListDecisions", NULL);
  json_t *decisions = json_object_get (reply, "decisions");

  g_assert_cmpuint (json_array_size (decisions), ==, n);
  return json_incref (decisions);
}

/* What is forgotten stays so after the agent was killed. */
static void
test_decisions (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (json_t) before = NULL;
  g_autoptr (json_t) after = NULL;
  g_autoptr (json_t) one = NULL;
  g_autoptr (json_t) all = NULL;
  const char *id;
  GSubprocess *agent;

  write_decisions (lab);
  agent = cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  before = list_decisions (lab, 2);
  id = json_string_value (json_object_get (json_array_get (before, 0), "id"));
  one = call (lab, "Forget", json_pack ("{s:s}", "decision", id));
  g_assert_cmpint (json_integer_value (json_object_get (one, "forgotten")), ==, 1);
  g_assert_cmpuint (json_array_size (json_object_get (one, "problems")), ==, 0);
  expect_error (lab, "org.cardea.agent.Forget", json_pack ("{s:s}", "decision", id), CARDEA_ERROR_NOT_FOUND);

  g_subprocess_send_signal (agent, SIGKILL);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  after = list_decisions (lab, 1);
  g_assert_true (json_equal (json_array_get (after, 0), json_array_get (before, 1)));
  all = call (lab, "Forget", NULL);
  g_assert_cmpint (json_integer_value (json_object_get (all, "forgotten")), ==, 1);
}

static void
check_end (CardeaLab *lab, const char *id)
{
  g_autoptr (json_t) disconnected = call (lab, "Disconnect", json_pack ("{s:s}", "session", id));
  g_autoptr (json_t) ended = call (lab, "AwaitEnd", json_pack ("{s:s}", "session", id));

  g_assert_cmpstr (json_string_value (json_object_get (json_object_get (ended, "end"), "how")), ==,
                   "disconnected");
}

static void
test_connect (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = target (lab, port, "rsa.pem");
  g_autoptr (json_t) reply = NULL;
  g_autoptr (json_t) sessions = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  client = client_of (lab);
  fd = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS, &reply,
                              &error);
  g_assert_no_error (error);
  agent_contract_check_reply (cardea_lab_get_socket (lab), "Connect", reply);
  sessions = call (lab, "ListSessions", NULL);
  g_assert_cmpuint (json_array_size (json_object_get (sessions, "sessions")), ==, 1);
  check_end (lab, json_string_value (json_object_get (json_object_get (reply, "session"), "id")));
  close (fd);
}

static void
test_open (void)
{
  static const char *const steps[] = { "connecting", "verifying", "choosing", "pin",
                                       "signing",    "ready",     "ended" };
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (json_t) parameters = target (lab, port, "ec.pem");
  g_autoptr (GError) error = NULL;
  gboolean continues = TRUE;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  client = client_of (lab);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, &error));
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (json_t) reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, &error);

    g_assert_no_error (error);
    agent_contract_check_reply (cardea_lab_get_socket (lab), "Open", reply);
    g_assert_cmpstr (json_string_value (json_object_get (reply, "step")), ==, steps[i]);
    g_assert_true (continues == (i + 1 < G_N_ELEMENTS (steps)));
    if (g_str_equal (steps[i], "ready"))
      check_end (lab, json_string_value (json_object_get (json_object_get (reply, "session"), "id")));
  }
  close (cardea_client_take_fd (client));
}

static void
test_calls (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  expect_error (lab, "org.cardea.agent.AwaitEnd", json_pack ("{s:s}", "session", "00"),
                CARDEA_ERROR_NOT_FOUND);
  expect_error (lab, "org.cardea.agent.Disconnect", json_pack ("{s:s}", "session", "00"),
                CARDEA_ERROR_NOT_FOUND);
  expect_error (lab, "org.cardea.agent.Disconnect", NULL, CARDEA_ERROR_INVALID_PARAMETER);
  expect_error (lab, "org.cardea.agent.Connect", NULL, CARDEA_ERROR_INVALID_PARAMETER);
  expect_error (lab, "org.cardea.agent.Open", NULL, CARDEA_ERROR_EXPECTED_MORE);
  expect_error (lab, "org.cardea.agent.Sign", NULL, CARDEA_ERROR_METHOD_NOT_FOUND);
  expect_error (lab, "org.example.Sign", NULL, CARDEA_ERROR_INTERFACE_NOT_FOUND);
}

/* Each question that nobody is there to answer, or that the program allows to ask nobody. */
static void
test_questions (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autoptr (GError) certificate = NULL;
  g_autoptr (GError) consent = NULL;
  g_autoptr (GError) choice = NULL;
  g_autoptr (GError) pin = NULL;
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "ec.pem");
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);

  certificate = connect_error (lab, target (lab, port, NULL));
  assert_question (certificate, "certificate", 2);

  g_subprocess_send_signal (agent, SIGTERM);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  agent = cardea_lab_agent (lab, (guint16[]){ port, 0 }, "[pin test]\ntoken=pkcs11:token=Another\n", NULL);
  pin = connect_error (lab, target (lab, port, "rsa.pem"));
  g_test_message ("%s", pin->message);

  g_subprocess_send_signal (agent, SIGTERM);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
  cardea_lab_set_asks (lab, TRUE);
  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  choice = connect_error (lab, json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port,
                                          "options", "interaction", "never"));
  assert_question (choice, "certificate", 2);
  consent = connect_error (lab, json_pack ("{s:s, s:i, s:{s:s, s:s}}", "host", "localhost", "port", (int)port,
                                           "options", "interaction", "never", "certificate", fingerprint));
  assert_question (consent, "consent", 2);
}

/* A proxy that is none, and one that nobody offers. */
static void
test_proxies (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autofree char *proxy = g_strdup_printf ("http://127.0.0.1:%u", cardea_lab_free_port (lab));
  g_autoptr (GError) nobody = NULL;
  g_autoptr (GError) unknown = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  nobody = connect_error (lab, json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port,
                                          "options", "proxy", proxy));
  g_assert_error (nobody, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  unknown = connect_error (lab, json_pack ("{s:s, s:i, s:{s:s}}", "host", "localhost", "port", (int)port,
                                           "options", "proxy", "gopher://127.0.0.1:1"));
  g_assert_error (unknown, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
}

/* A card with the same certificate under as many names as are listed, for the mock module. */
static void
make_full_card (CardeaLab *lab)
{
  const char *folder = cardea_lab_get_folder (lab);
  g_autofree char *control = cardea_lab_path (lab, "mock.conf");
  g_autofree char *script = g_strdup_printf (
      "cd %s && mkdir mock-state && openssl req -new -newkey rsa:2048 -nodes -keyout mock.key -subj "
      "'/O=An organisation with quite a long name/OU=And a department/CN=Mock client' -out mock.csr && "
      "printf "
      "'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > mock.ext && openssl x509 -req -in "
      "mock.csr "
      "-CA ca.pem -CAkey ca.key -days 2 -extfile mock.ext -out mock.pem",
      folder);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
  g_string_printf (text, "[module]\nlog=%s/mock.calls\nstate=%s/mock-state\n[behaviour]\n", folder, folder);
  g_string_append (text, "[token card]\nlabel=Mock card\npin=31415926\n");
  for (guint i = 0; i < MANY; i++)
    g_string_append_printf (text,
                            "[object o%u]\ntoken=card\ncertificate=%s/mock.pem\nkey=%s/mock.key\nid=%04x\n",
                            i, folder, folder, i + 1);
  cardea_lab_write (lab, "mock.conf", text->str);
  g_setenv ("CARDEA_MOCK_CONTROL", control, TRUE);
}

/* A full card is listed, and each of its certificates has its reasons. */
static void
test_many_certificates (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 asking = cardea_lab_openssl (lab, NULL);
  g_autofree char *module = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"),
                                              "tests/fixtures/mock-module/cardea-mock-module.so", NULL);
  g_autoptr (json_t) listed = NULL;
  g_autoptr (GError) several = NULL;
  g_autoptr (GError) none = NULL;

  make_full_card (lab);
  cardea_lab_agent (lab, (guint16[]){ asking, 0 }, "[modules]\nload=\n",
                    (const char *[]){ "--module", module, NULL });
  listed = call (lab, "ListCertificates", NULL);
  g_assert_cmpuint (json_array_size (json_object_get (listed, "certificates")), ==, MANY);

  several = connect_error (lab, target (lab, asking, NULL));
  assert_question (several, "certificate", MANY);
  none = connect_error (lab, target (lab, asking, "rsa.pem"));
  g_assert_error (none, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  g_test_message ("%" G_GSIZE_FORMAT " bytes",
                  json_dumpb (cardea_error_get_parameters (none), NULL, 0, JSON_COMPACT));
  g_assert_cmpuint (json_array_size (json_object_get (cardea_error_get_parameters (none), "offers")), ==,
                    MANY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-contract/listings", test_listings);
  g_test_add_func ("/agent-contract/problems-once", test_problems_once);
  g_test_add_func ("/agent-contract/decisions", test_decisions);
  g_test_add_func ("/agent-contract/connect", test_connect);
  g_test_add_func ("/agent-contract/open", test_open);
  g_test_add_func ("/agent-contract/calls", test_calls);
  g_test_add_func ("/agent-contract/questions", test_questions);
  g_test_add_func ("/agent-contract/proxies", test_proxies);
  g_test_add_func ("/agent-contract/many-certificates", test_many_certificates);
  return g_test_run ();
}
