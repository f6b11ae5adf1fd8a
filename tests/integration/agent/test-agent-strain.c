/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fifty streams carry data while everything happens to another token's host that can happen to a process.
 *
 * What happened is run and timed first, then a control run of the same length, in which nothing happens: the
 * longest round trip of the one may be ten milliseconds longer than that of the other. Other programs of the
 * machine can delay any single round trip in either run; what the agent does wrong it does each time. So a
 * failed comparison is made again, a few times, with the same event in it, and must fail each time to fail
 * the test. Nothing else is retried: a stream that is lost, or carries a wrong byte, fails at once. */

#include "tests/fixtures/load.h"
#include "tests/fixtures/seam.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define STREAMS 50
#define ATTEMPTS 6
#define MARGIN_US 10000
#define AT_LEAST_US (400 * 1000)
#define STRAIN_MS 400 /* how long the streams live beside a host that neither works nor ends */

typedef void (*Trouble) (CardeaSeam *seam, const char *function);

typedef struct
{
  CardeaSeam *seam;
  Trouble trouble;
  const char *function;
  gint busy;
} Event;

static gpointer
run_trouble (gpointer data)
{
  Event *event = data;

  event->trouble (event->seam, event->function);
  g_atomic_int_set (&event->busy, 0);
  return NULL;
}

static gboolean
compare (CardeaLoad *load, Event *event, const char *what)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 strained, control, length;
  GThread *thread;

  event->busy = 1;
  thread = g_thread_new ("trouble", run_trouble, event);
  strained = cardea_load_run (load, AT_LEAST_US, &event->busy);
  length = g_get_monotonic_time () - begin;
  g_thread_join (thread);
  control = cardea_load_run (load, length, NULL);
  g_test_message ("%s: %.1f ms at most, %.1f ms without, in %.2f s each", what, strained / 1e3, control / 1e3,
                  length / 1e6);
  return strained <= control + MARGIN_US;
}

static void
assert_no_delay (CardeaLoad *load, CardeaSeam *seam, Trouble trouble, const char *function, const char *what)
{
  Event event = { seam, trouble, function, 0 };

  for (guint i = 0; i < ATTEMPTS; i++)
    if (compare (load, &event, what))
      return;
  g_error ("%s delayed streams in each of %d runs", what, ATTEMPTS);
}

static CardeaLoad *
open_streams (CardeaSeam *seam)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  CardeaLoad *load;

  cardea_seam_assert_mock_works (seam);
  for (guint i = 0; i < STREAMS; i++) {
    int fd = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

    g_array_append_val (fds, fd);
  }
  load = cardea_load_new (fds);
  cardea_load_run (load, AT_LEAST_US, NULL);
  return load;
}

/* A connection that the host keeps waiting. */
static gpointer
connect_in_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = cardea_seam_connect (data, CARDEA_SEAM_MOCK, &error);

  if (fd >= 0)
    close (fd);
  return NULL;
}

static void
kill_host (CardeaSeam *seam, const char *unused)
{
  GPid host = cardea_seam_wait_for_host (seam, CARDEA_SEAM_MOCK);

  g_assert_cmpint (kill (host, SIGKILL), ==, 0);
  /* Until the agent has noticed, a connection may still meet the dead one, and is told so. */
  while (cardea_seam_wait_for_host (seam, CARDEA_SEAM_MOCK) == host)
    poll (NULL, 0, 1);
  cardea_seam_assert_mock_works (seam);
}

static void
stop_host (CardeaSeam *seam, const char *unused)
{
  GPid host = cardea_seam_wait_for_host (seam, CARDEA_SEAM_MOCK);
  GThread *waiting;

  g_assert_cmpint (kill (host, SIGSTOP), ==, 0);
  waiting = g_thread_new ("waiting", connect_in_thread, seam);
  poll (NULL, 0, STRAIN_MS);
  cardea_seam_reload (seam);
  g_assert_true (cardea_lab_wait_until (cardea_lab_is_gone, GINT_TO_POINTER (host)));
  g_thread_join (waiting);
  cardea_seam_assert_mock_works (seam);
}

/* The host does not come back from signing: "spin" or "hang". */
static void
lose_host (CardeaSeam *seam, const char *how)
{
  g_autofree char *behaviour = g_strdup_printf ("C_Sign=%s", how);
  g_autofree char *line = g_strdup_printf ("C_Sign %s", how);
  guint before = cardea_seam_count_calls (seam, line);
  GThread *waiting;

  cardea_seam_behave (seam, behaviour);
  waiting = g_thread_new ("waiting", connect_in_thread, seam);
  while (cardea_seam_count_calls (seam, line) == before)
    poll (NULL, 0, 1);
  poll (NULL, 0, STRAIN_MS);
  cardea_seam_behave (seam, "");
  cardea_seam_reload (seam);
  g_thread_join (waiting);
  cardea_seam_assert_mock_works (seam);
}

/* A PIN whose fate a crash left open is not used again until its source changes. */
static void
renew_pin (CardeaSeam *seam)
{
  g_autofree char *path = cardea_lab_path (cardea_seam_get_lab (seam), "pin");
  g_autofree char *pin = NULL;

  g_assert_true (g_file_get_contents (path, &pin, NULL, NULL));
  cardea_lab_write (cardea_seam_get_lab (seam), "pin", pin);
}

static void
crash_host (CardeaSeam *seam, const char *function)
{
  /* A session is only closed after a failure. */
  g_autofree char *behaviour =
      g_strdup_printf ("%s=crash\n%s", function,
                       g_str_equal (function, "C_CloseSession") ? "C_Sign=CKR_FUNCTION_FAILED\n" : "");
  g_autofree char *line = g_strdup_printf ("%s crash", function);
  guint before = cardea_seam_count_calls (seam, line);
  g_autoptr (GError) error = NULL;
  int fd;

  cardea_seam_behave (seam, behaviour);
  cardea_seam_reload (seam);
  fd = cardea_seam_connect (seam, CARDEA_SEAM_MOCK, &error);
  if (cardea_seam_count_calls (seam, line) == before)
    g_error ("the host does not call %s, so it did not crash there", function);
  if (fd >= 0)
    g_error ("a connection was made by a host that crashed in %s", function);
  cardea_seam_behave (seam, "");
  renew_pin (seam);
  cardea_seam_reload (seam);
  cardea_seam_assert_mock_works (seam);
}

static void
test_killed (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaLoad) load = open_streams (seam);

  assert_no_delay (load, seam, kill_host, NULL, "a host that was killed");
}

static void
test_stopped (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaLoad) load = open_streams (seam);

  assert_no_delay (load, seam, stop_host, NULL, "a host that was stopped");
}

static void
test_spinning (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaLoad) load = open_streams (seam);

  assert_no_delay (load, seam, lose_host, "spin", "a host that spins");
}

static void
test_hanging (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaLoad) load = open_streams (seam);

  assert_no_delay (load, seam, lose_host, "hang", "a host that hangs");
}

static void
assert_crashes_harmless (const char *const *functions)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (CardeaLoad) load = open_streams (seam);

  for (guint i = 0; functions[i] != NULL; i++) {
    g_autofree char *what = g_strdup_printf ("a crash in %s", functions[i]);

    assert_no_delay (load, seam, crash_host, functions[i], what);
  }
}

/* Together with those of the next test every function that a host calls, but C_GetFunctionList, in which a
 * module does nothing. */
static void
test_crash_while_listing (void)
{
  static const char *const functions[] = { "C_Initialize",       "C_GetSlotList",       "C_GetSlotInfo",
                                           "C_GetTokenInfo",     "C_GetMechanismList",  "C_GetMechanismInfo",
                                           "C_OpenSession",      "C_FindObjectsInit",   "C_FindObjects",
                                           "C_FindObjectsFinal", "C_GetAttributeValue", NULL };

  assert_crashes_harmless (functions);
}

static void
test_crash_while_signing (void)
{
  static const char *const functions[] = { "C_Login", "C_GetSessionInfo", "C_SignInit",
                                           "C_Sign",  "C_CloseSession",   NULL };

  assert_crashes_harmless (functions);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-strain/killed", test_killed);
  g_test_add_func ("/agent-strain/stopped", test_stopped);
  g_test_add_func ("/agent-strain/spinning", test_spinning);
  g_test_add_func ("/agent-strain/hanging", test_hanging);
  g_test_add_func ("/agent-strain/crash-while-listing", test_crash_while_listing);
  g_test_add_func ("/agent-strain/crash-while-signing", test_crash_while_signing);
  return g_test_run ();
}
