/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* An agent that is killed cannot end its token hosts: they must go by themselves, whatever they are doing. */

#include "tests/fixtures/seam.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define GONE_WITHIN_US (5 * G_USEC_PER_SEC)

static gpointer
connect_in_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = cardea_seam_connect (data, CARDEA_SEAM_MOCK, &error);

  if (fd >= 0)
    close (fd);
  return NULL;
}

/* The kernel's list of children may lack one while another is taken off it. */
static gboolean
has_both_hosts (gpointer agent)
{
  g_autoptr (GArray) hosts = cardea_lab_get_children (agent);

  return hosts->len == 2;
}

static void
assert_all_end (CardeaSeam *seam)
{
  GSubprocess *agent = cardea_seam_get_agent (seam);
  g_autoptr (GArray) hosts = NULL;
  gint64 begin;

  g_assert_true (cardea_lab_wait_until (has_both_hosts, agent));
  hosts = cardea_lab_get_children (agent);
  g_assert_cmpuint (hosts->len, ==, 2);
  begin = g_get_monotonic_time ();
  g_subprocess_send_signal (agent, SIGKILL);
  for (guint i = 0; i < hosts->len; i++)
    g_assert_true (
        cardea_lab_wait_until (cardea_lab_is_gone, GINT_TO_POINTER (g_array_index (hosts, int, i))));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, GONE_WITHIN_US);
  g_test_message ("gone after %.1f ms", (g_get_monotonic_time () - begin) / 1e3);
  g_assert_true (g_subprocess_wait (agent, NULL, NULL));
}

static void
test_idle (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();

  cardea_seam_assert_mock_works (seam);
  assert_all_end (seam);
}

static void
test_stopped (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();

  cardea_seam_assert_mock_works (seam);
  g_assert_cmpint (kill (cardea_seam_wait_for_host (seam, CARDEA_SEAM_MOCK), SIGSTOP), ==, 0);
  assert_all_end (seam);
}

/* Inside the module: "hang", "spin", or a wait that its thread sits out. */
static void
assert_ends_in_sign (const char *behaviour, const char *line)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  GThread *waiting;

  cardea_seam_behave (seam, behaviour);
  waiting = g_thread_new ("waiting", connect_in_thread, seam);
  cardea_seam_wait_for_call (seam, line);
  assert_all_end (seam);
  g_thread_join (waiting);
}

static void
test_hanging (void)
{
  assert_ends_in_sign ("C_Sign=hang", "C_Sign hang");
}

static void
test_spinning (void)
{
  assert_ends_in_sign ("C_Sign=spin", "C_Sign spin");
}

static void
test_signing (void)
{
  assert_ends_in_sign ("C_Sign=delay:60000", "C_SignInit CKR_OK");
}

/* Not yet ready: the module hangs in its very first call. */
static void
test_starting (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  GPid first = cardea_seam_wait_for_host (seam, CARDEA_SEAM_MOCK);

  cardea_seam_behave (seam, "C_Initialize=hang");
  g_assert_cmpint (kill (first, SIGKILL), ==, 0);
  cardea_seam_wait_for_call (seam, "C_Initialize hang");
  assert_all_end (seam);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-orphans/idle", test_idle);
  g_test_add_func ("/agent-orphans/stopped", test_stopped);
  g_test_add_func ("/agent-orphans/hanging", test_hanging);
  g_test_add_func ("/agent-orphans/spinning", test_spinning);
  g_test_add_func ("/agent-orphans/signing", test_signing);
  g_test_add_func ("/agent-orphans/starting", test_starting);
  return g_test_run ();
}
