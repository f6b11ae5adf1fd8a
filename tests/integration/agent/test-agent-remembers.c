/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a person decided holds for what it was decided for: this program, this server, this trust, this
 * certificate, for as long as was said. The test itself is the program, and is root's where root runs it;
 * only such a program gets an "always". */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

#include <string.h>
#include <sys/stat.h>

/* FALSE: "always" was not offered, as it should be for a program that the user can change. */
static gboolean
may_always (CardeaAsks *asks)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, 1);
  struct stat status;
  gboolean expected;

  g_assert_cmpint (stat (own, &status), ==, 0);
  expected = status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  g_assert_cmpint (question->may_remember, ==,
                   expected ? CARDEA_PROMPT_REMEMBER_ALWAYS : CARDEA_PROMPT_REMEMBER_REMOVAL);
  return expected;
}

/* Asks once, to be remembered for good. FALSE: it cannot be. */
static gboolean
remember_always (CardeaAsks *asks, const char *certificate, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;

  cardea_asks_script_pick (asks, certificate, "always");
  page = cardea_asks_fetch (asks, NULL, &error);
  if (!may_always (asks)) {
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
    return FALSE;
  }
  g_assert_no_error (error);
  g_assert_nonnull (strstr (page, text));
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  return TRUE;
}

static void
assert_asks (CardeaAsks *asks, guint n)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (cardea_asks_count (asks), ==, n);
}

static json_t *
read_decisions (CardeaAsks *asks)
{
  g_autofree char *path = cardea_lab_path (asks->lab, "state/decisions.json");

  return json_load_file (path, 0, NULL);
}

static void
test_always (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (json_t) file = NULL;
  json_t *decision;

  if (!remember_always (asks, "ec.pem", "saw CN=Demo client (P-256)"))
    return;
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  cardea_asks_fetch_as (asks, "{\"interaction\": \"never\"}", "saw CN=Demo client (P-256)");
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);

  cardea_asks_stop (asks);
  file = read_decisions (asks);
  g_assert_cmpuint (json_array_size (json_object_get (file, "decisions")), ==, 1);
  decision = json_array_get (json_object_get (file, "decisions"), 0);
  g_assert_cmpint (json_integer_value (json_object_get (decision, "used")), ==, 3);
  g_assert_cmpstr (json_string_value (json_object_get (decision, "server")), ==, "localhost");
  g_assert_cmpstr (json_string_value (json_object_get (decision, "trust")), ==, "system");
}

static void
test_until_removal (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_script_pick (asks, "mock.pem", "removal");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_mock (asks, FALSE);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  assert_asks (asks, 2);
}

static void
test_until_the_end (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");

  cardea_asks_script_pick (asks, "rsa.pem", "removal");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (RSA-2048)");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (RSA-2048)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
  g_assert_null (read_decisions (asks));
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  cardea_asks_restart (asks);
  assert_asks (asks, 2);
}

/* The call of another program: a copy of this one. */
static char *
fetch_by_another (CardeaAsks *asks)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *copy = cardea_lab_path (asks->lab, "another");
  g_autofree char *port = g_strdup_printf ("%u", asks->port);
  char *out = NULL;

  g_assert_cmpint (cardea_lab_run (asks->lab, (const char *[]){ "cp", own, copy, NULL }, NULL, NULL, NULL),
                   ==, 0);
  cardea_lab_run (asks->lab,
                  (const char *[]){ copy, "connect", cardea_lab_get_socket (asks->lab), port, NULL }, NULL,
                  &out, NULL);
  return out;
}

/* Another port, another program, another trust: each is another decision. */
static void
test_not_for_another (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  guint16 first = asks->port;
  g_autofree char *options = cardea_asks_options_with_authority (asks, "ca.pem");
  g_autofree char *another = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptQuestion) question = NULL;

  cardea_asks_script_pick (asks, "ec.pem", "removal");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  asks->port = cardea_lab_nginx (asks->lab);
  assert_asks (asks, 2);
  asks->port = first;

  another = fetch_by_another (asks);
  g_assert_nonnull (strstr (another, "ancelled"));
  g_assert_cmpuint (cardea_asks_count (asks), ==, 3);

  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  question = cardea_asks_get_question (asks, 4);
  g_assert_true (question->server.by_program_only);

  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
}

/* The one that was chosen is not there: the person is asked, though others fit. */
static void
test_absent (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (CardeaPromptQuestion) question = NULL;

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  if (!remember_always (asks, "mock.pem", "saw CN=Mock client"))
    return;
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_mock (asks, FALSE);
  assert_asks (asks, 2);
  question = cardea_asks_get_question (asks, 2);
  g_assert_null (question->preselected);
  for (guint i = 0; i < question->offers->len; i++)
    g_assert_false (((const CardeaPromptOffer *)question->offers->pdata[i])->renewed);

  /* It is back, and so is what was decided for good. */
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
}

/* The token is pulled and comes back while the question is open: what was said of its certificate still
 * holds.
 */
static void
assert_mark_stays (CardeaAsks *asks, const char *fingerprint)
{
  g_autofree char *script =
      g_strdup_printf ("shown;loses %s;gains %s;pick renewed not", fingerprint, fingerprint);
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;
  CardeaClient *client;

  cardea_lab_write (asks->lab, "script", script);
  client = cardea_asks_begin (asks, asks->port, NULL);
  question = cardea_asks_get_question (asks, 3);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_log (asks, "localhost lost");
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  page = cardea_asks_finish (client, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (page, "saw CN=Mock client"));
}

static void
test_renewed (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autofree char *fingerprint = NULL;
  guint n = 0;

  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  if (!remember_always (asks, "mock.pem", "saw CN=Mock client"))
    return;
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_mock (asks, FALSE);
  cardea_asks_renew_mock (asks);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  assert_asks (asks, 2);

  fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  question = cardea_asks_get_question (asks, 2);
  for (guint i = 0; i < question->offers->len; i++) {
    const CardeaPromptOffer *offer = question->offers->pdata[i];

    n += offer->renewed;
    if (!offer->renewed)
      continue;
    g_assert_cmpstr (offer->sha256, ==, fingerprint);
    g_assert_cmpstr (question->preselected, ==, offer->id);
  }
  g_assert_cmpuint (n, ==, 1);

  assert_mark_stays (asks, fingerprint);
  /* Chosen and remembered, it takes the place of the one before. */
  cardea_lab_write (asks->lab, "script", "shown;pick preselected always");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
}

/* To go on without a certificate is a decision too, but none for a call that insists on one. */
static void
test_continue (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;continue removal\nshown;cancel");
  g_autoptr (GError) error = NULL;

  cardea_asks_fetch_as (asks, NULL, CARDEA_ASKS_ANONYMOUS);
  cardea_asks_fetch_as (asks, NULL, CARDEA_ASKS_ANONYMOUS);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
  g_assert_null (cardea_asks_fetch (asks, "{\"authenticate\": \"required\"}", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
}

/* A file that something wrote into consents to nothing, and that is said. */
static void
test_damaged (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *path = cardea_lab_path (asks->lab, "state/decisions.json");
  g_autofree char *text = NULL;
  g_autofree char *out = NULL;
  char *at;

  if (!remember_always (asks, "ec.pem", "saw CN=Demo client (P-256)"))
    return;
  cardea_asks_stop (asks);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  at = strstr (text, "localhost");
  g_assert_nonnull (at);
  *at = 'L';
  cardea_lab_write (asks->lab, "state/decisions.json", text);
  cardea_asks_restart (asks);
  assert_asks (asks, 2);
  cardea_lab_cardea (asks->lab, (const char *[]){ "status", NULL }, NULL, &out, NULL);
  g_assert_nonnull (strstr (out, "decisions"));
}

/* As another program: prints what came of a connection. */
static int
be_another (const char *socket, const char *port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (socket, &error);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i}", "host", "localhost", "port", atoi (port));
  g_autofree char *page = NULL;

  g_assert_no_error (error);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, NULL));
  page = cardea_asks_finish (g_steal_pointer (&client), &error);
  g_print ("%s", page != NULL ? page : error->message);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 4 && strcmp (argv[1], "connect") == 0)
    return be_another (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-remembers/always", test_always);
  g_test_add_func ("/agent-remembers/until-removal", test_until_removal);
  g_test_add_func ("/agent-remembers/until-the-end", test_until_the_end);
  g_test_add_func ("/agent-remembers/not-for-another", test_not_for_another);
  g_test_add_func ("/agent-remembers/absent", test_absent);
  g_test_add_func ("/agent-remembers/renewed", test_renewed);
  g_test_add_func ("/agent-remembers/continue", test_continue);
  g_test_add_func ("/agent-remembers/damaged", test_damaged);
  return g_test_run ();
}
