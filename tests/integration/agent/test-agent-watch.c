/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens in the whole agent, as `cardea watch` tells it. */

#include <signal.h>
#include <string.h>

#include "socket-api/client/client.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/lab.h"

static GSubprocess *
start_watch (CardeaLab *lab, const char *option)
{
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  const char *const argv[] = { cardea, "--socket", cardea_lab_get_socket (lab), "watch", option, NULL };

  return cardea_lab_spawn (lab, "watch", argv);
}

static int
end_of (GSubprocess *process)
{
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                              : 128 + g_subprocess_get_term_sig (process);
}

/* The token is read while it is told of; a connection comes and goes; interrupted, it ends. */
static void
test_story (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, NULL);
  g_autofree char *number = g_strdup_printf ("%u", port);
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "ec.pem");
  g_autofree char *opened = g_strdup_printf ("connection   localhost port %u for ", port);
  g_autofree char *log = NULL;
  GSubprocess *watch;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  watch = start_watch (lab, NULL);
  cardea_lab_wait_for_log (lab, "watch", "  certificate  ");
  g_assert_cmpint (
      cardea_lab_cardea (lab, (const char *[]){ "connect", "-c", fingerprint, "localhost", number, NULL },
                         "GET / HTTP/1.0\r\n\r\n", NULL, NULL),
      ==, 0);
  cardea_lab_wait_for_log (lab, "watch", ": ended (clean), ");
  g_subprocess_send_signal (watch, SIGINT);
  g_assert_cmpint (end_of (watch), ==, 128 + SIGINT);
  log = cardea_lab_read_log (lab, "watch");
  g_assert_nonnull (strstr (log, opened));
  g_assert_nonnull (strstr (log, ": open, with "));
  g_assert_nonnull (strstr (log, ", unlocked"));
}

/* That the agent is gone is told, and is no success. */
static void
test_agent_ends (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  GSubprocess *agent = cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  GSubprocess *watch = start_watch (lab, "--json");
  g_autofree char *log = NULL;

  cardea_lab_wait_for_log (lab, "watch", "\"certificate\"");
  g_subprocess_send_signal (agent, SIGTERM);
  g_assert_cmpint (end_of (watch), ==, 1);
  log = cardea_lab_read_log (lab, "watch");
  g_assert_nonnull (strstr (log, "cardea: "));
}

static gboolean
on_reply (json_t *parameters, gpointer data)
{
  CardeaLab *lab = data;
  gsize i;
  json_t *event;

  agent_contract_check_reply (cardea_lab_get_socket (lab), "Watch", parameters);
  json_array_foreach (json_object_get (parameters, "events"), i, event)
    if (g_str_equal (json_string_value (json_object_get (event, "what")), "certificate"))
      return FALSE;
  return TRUE;
}

/* What is told is what the description says; a caller that has heard enough leaves, and is not missed. */
static void
test_contract (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (GError) error = NULL;

  cardea_lab_agent (lab, (guint16[]){ 0 }, NULL, NULL);
  client = cardea_client_new (cardea_lab_get_socket (lab), &error);
  g_assert_no_error (error);
  g_assert_true (cardea_client_call_more (client, "org.cardea.agent.Watch", NULL, CARDEA_CLIENT_CALL_MS,
                                          on_reply, lab, &error));
  g_assert_no_error (error);
  g_assert_cmpint (cardea_lab_cardea (lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-watch/story", test_story);
  g_test_add_func ("/agent-watch/agent-ends", test_agent_ends);
  g_test_add_func ("/agent-watch/contract", test_contract);
  return g_test_run ();
}
