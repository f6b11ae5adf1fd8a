/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent's side of a token host that was taken over: each lie ends the process and fails the call, at
 * once. */

#include <string.h>

#include "socket-api/wire/error.h"
#include "tests/integration/hosts/host-rig.h"

typedef struct
{
  const char *way;
  CardeaErrorCode error;
  CardeaReasonCode problem;
} Case;

#define NONSENSE CARDEA_ERROR_TOKEN_UNAVAILABLE, CARDEA_REASON_MODULE_FAILED
#define CRASH CARDEA_ERROR_TOKEN_UNAVAILABLE, CARDEA_REASON_MODULE_CRASHED

static const Case cases[] = {
  { "garbage", NONSENSE },
  { "truncated", NONSENSE },
  { "trailing", NONSENSE },
  { "oversized", NONSENSE },
  { "descriptor", NONSENSE },
  { "silent", CARDEA_ERROR_TOKEN_UNAVAILABLE, CARDEA_REASON_MODULE_HUNG },
  { "leaves", CRASH },
  { "hangs-up", CRASH },
  { "list-first", NONSENSE },
  { "bad-words", NONSENSE },
  { "unknown-id", NONSENSE },
  { "wrong-answer", NONSENSE },
  { "foreign-slot", NONSENSE },
  { "token-twice", NONSENSE },
  { "many-tokens", NONSENSE },
  { "many-keys", NONSENSE },
  { "many-bytes", NONSENSE },
  { "unasked-authority", NONSENSE },
  { "progress-flood", NONSENSE },
  { "always-busy", CARDEA_ERROR_TIMED_OUT, CARDEA_REASON_MODULE_HUNG },
};

static void
test_rogue (gconstpointer data)
{
  static const CardeaHostDeadlines deadlines = { .start = 3000, .call = 1500, .list = 2500, .sign = 1000 };
  const Case *expected = data;
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  host_rig_open_rogue (rig, expected->way, &deadlines);
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, (gint)expected->error);
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, 0);
  g_assert_cmpint (cardea_host_get_problem (rig->host)->code, ==, expected->problem);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 10 * G_USEC_PER_SEC);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strpbrk (error->message, "\x1b\n\r"));
  g_assert_null (strstr (error->message, "\xe2\x80\xae"));
}

/* The first answer is right, the second nobody asked for. */
static void
test_twice (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_rogue (rig, "twice", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  g_assert_cmpuint (listing->tokens->len, ==, 0);
  HOST_RIG_WAIT (cardea_host_get_pid (rig->host) == 0);
  g_assert_cmpint (cardea_host_get_problem (rig->host)->code, ==, CARDEA_REASON_MODULE_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/host/rogue-", cases[i].way, NULL);

    g_test_add_data_func (path, &cases[i], test_rogue);
  }
  g_test_add_func ("/host/rogue-twice", test_twice);
  return g_test_run ();
}
