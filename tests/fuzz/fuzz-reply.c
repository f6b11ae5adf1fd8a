/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what the command line believes: whatever stands at the other end of its socket answers, and what a
 * person is shown of it steers no terminal. The first byte is the manner of the call. */
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/cli/explain.h"
#include "socket-api/cli/forecast-text.h"
#include "socket-api/cli/listing.h"
#include "socket-api/client/client.h"
#include "socket-api/client/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

#define METHOD "org.cardea.agent.Test"
#define CALL_MS 10000 /* the other end has closed: nothing waits */

static void
check_shown (char *text)
{
  if (text)
    fuzz_check_text (text, TRUE);
  g_free (text);
}

static void
show (json_t *reply)
{
  GString *problems = g_string_new (NULL);

  check_shown (cardea_listing_tokens (reply));
  check_shown (cardea_listing_certificates (reply));
  check_shown (cardea_listing_sessions (reply));
  check_shown (cardea_listing_decisions (reply));
  check_shown (cardea_forecast_text (reply));
  check_shown (cardea_explain_end (json_object_get (reply, "end")));
  cardea_listing_append_problems (problems, json_object_get (reply, "problems"), "");
  check_shown (g_string_free (problems, FALSE));
}

static gboolean
on_reply (json_t *parameters, gpointer user_data)
{
  show (parameters);
  return TRUE;
}

static void
call (CardeaClient *client, guint8 manner, GError **error)
{
  json_t *reply = NULL;
  int fd;

  switch (manner % 3) {
  case 0:
    reply = cardea_client_call (client, METHOD, NULL, CALL_MS, error);
    break;
  case 1:
    cardea_client_call_more (client, METHOD, NULL, CALL_MS, on_reply, NULL, error);
    break;
  default:
    fd = cardea_client_upgrade (client, METHOD, NULL, CALL_MS, &reply, error);
    if (fd >= 0)
      close (fd);
  }
  if (reply) {
    show (reply);
    json_decref (reply);
  }
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  guint8 manner = fuzz_take_byte (&input);
  g_autoptr (CardeaClient) client = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  if (input.size > 0)
    g_assert_cmpint (send (ends[1], input.data, input.size, MSG_DONTWAIT), >, 0);
  g_assert_cmpint (shutdown (ends[1], SHUT_WR), ==, 0);
  client = cardea_client_new_for_fd (ends[0]);
  call (client, manner, &error);
  if (error) {
    char *text = cardea_explain_error (error);

    g_assert_true (g_str_has_prefix (text, "cardea: "));
    check_shown (text);
  }
  close (ends[1]);
  return 0;
}
