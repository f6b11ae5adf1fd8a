/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who pulls the token is logged out where it let them in, unless the configuration says otherwise. A stream
 * by another token goes on. */

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/fixtures/echo-client.h"
#include "tests/fixtures/seam.h"

static void
set_present (CardeaSeam *seam, gboolean present)
{
  cardea_seam_set_token_lines (seam, present ? "" : "present=false");
  cardea_seam_behave (seam, "");
  cardea_seam_reload (seam);
}

static void
assert_lives_for (int fd, guint ms)
{
  gint64 until = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < until) {
    cardea_seam_echo (fd);
    poll (NULL, 0, 50);
  }
}

static void
test_closes (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  int mock = cardea_seam_open (seam, CARDEA_SEAM_MOCK);
  int other = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

  set_present (seam, FALSE);
  test_echo_assert_ends (mock);
  cardea_lab_wait_for_log (cardea_seam_get_lab (seam), "agent", "ended (token_removed)");
  assert_lives_for (other, 1500);
  set_present (seam, TRUE);
  cardea_seam_assert_mock_works (seam);
  cardea_seam_echo (other);
  close (mock);
  close (other);
}

/* A module that fails tells nothing of the token, whatever it says. */
static void
test_module_fails (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  int fd = cardea_seam_open (seam, CARDEA_SEAM_MOCK);

  cardea_seam_behave (seam, "C_GetSlotList=CKR_GENERAL_ERROR");
  cardea_seam_reload (seam);
  assert_lives_for (fd, 1500);
  cardea_seam_behave (seam, "any=CKR_DEVICE_REMOVED");
  cardea_seam_reload (seam);
  assert_lives_for (fd, 1500);
  cardea_seam_behave (seam, "C_GetSlotList=crash");
  cardea_seam_reload (seam);
  assert_lives_for (fd, 1500);
  close (fd);
}

static void
test_grace (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new_with ("[streams]\nremoval-grace-seconds=3\n");
  int fd = cardea_seam_open (seam, CARDEA_SEAM_MOCK);
  gint64 start = g_get_monotonic_time ();

  set_present (seam, FALSE);
  cardea_seam_echo (fd);
  test_echo_assert_ends (fd);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 2 * G_TIME_SPAN_SECOND);
  close (fd);
}

/* Back in time, it counts as if it had not been away; the next removal is one again. */
static void
test_grace_back (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new_with ("[streams]\nremoval-grace-seconds=8\n");
  int fd = cardea_seam_open (seam, CARDEA_SEAM_MOCK);

  set_present (seam, FALSE);
  cardea_seam_echo (fd);
  set_present (seam, TRUE);
  assert_lives_for (fd, 9000);
  set_present (seam, FALSE);
  cardea_seam_echo (fd);
  test_echo_assert_ends (fd);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-removal/closes", test_closes);
  g_test_add_func ("/agent-removal/module-fails", test_module_fails);
  g_test_add_func ("/agent-removal/grace", test_grace);
  g_test_add_func ("/agent-removal/grace-back", test_grace_back);
  return g_test_run ();
}
