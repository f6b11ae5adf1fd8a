/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a live stream outlives. NSS looks about once a second whether the token of a connection is still
 * there and logged in, so each case goes on for longer than that after the event. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/seam.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_MS 100
#define PAUSES 25

static void
assert_lives (int fd)
{
  for (guint i = 0; i < PAUSES; i++) {
    cardea_seam_echo (fd);
    poll (NULL, 0, PAUSE_MS);
  }
}

static void
assert_tokens_show (CardeaSeam *seam, const char *label, gboolean shown)
{
  g_autofree char *out = NULL;

  cardea_lab_cardea (cardea_seam_get_lab (seam), (const char *[]){ "tokens", NULL }, NULL, &out, NULL);
  g_test_message ("%s", out);
  g_assert_cmpint (strstr (out, label) != NULL, ==, shown);
}

static void
assert_mock_fails (CardeaSeam *seam)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (cardea_seam_connect (seam, CARDEA_SEAM_MOCK, &error), ==, -1);
  g_test_message ("%s", error->message);
}

/* The slot is empty, and every session on it says CKR_DEVICE_REMOVED. */
static void
test_token_removed (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new_with ("[streams]\nkeep-after-removal=true\n");
  int fd = cardea_seam_open (seam, CARDEA_SEAM_MOCK);

  cardea_seam_set_token_lines (seam, "present=false");
  cardea_seam_behave (seam, "");
  assert_mock_fails (seam);
  assert_lives (fd);
  assert_tokens_show (seam, "Mock card", FALSE);
  assert_mock_fails (seam);
  cardea_seam_echo (fd);

  cardea_seam_set_token_lines (seam, "");
  cardea_seam_behave (seam, "");
  cardea_seam_reload (seam);
  cardea_seam_assert_mock_works (seam);
  cardea_seam_echo (fd);
  close (fd);
}

/* Every call says that the device is gone, from the first to the last. */
static void
test_device_errors (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  int fd = cardea_seam_open (seam, CARDEA_SEAM_MOCK);

  cardea_seam_behave (seam, "any=CKR_DEVICE_REMOVED");
  assert_mock_fails (seam);
  cardea_seam_reload (seam);
  assert_lives (fd);
  close (fd);
}

/* Dying at each start: the host is left alone for longer and longer, the stream is not. */
static void
test_backoff (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  int fd = cardea_seam_open (seam, CARDEA_SEAM_MOCK);

  cardea_seam_behave (seam, "C_Initialize=crash");
  g_assert_cmpint (kill (cardea_seam_wait_for_host (seam, CARDEA_SEAM_MOCK), SIGKILL), ==, 0);
  while (cardea_seam_count_calls (seam, "C_Initialize crash") < 2)
    cardea_seam_echo (fd);
  assert_lives (fd);
  assert_mock_fails (seam);

  cardea_seam_behave (seam, "");
  cardea_seam_reload (seam);
  cardea_seam_assert_mock_works (seam);
  cardea_seam_echo (fd);
  close (fd);
}

/* Each Reload ends all hosts and renews the catalogue; a stream on each token goes on. */
static void
test_reload (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  int mock = cardea_seam_open (seam, CARDEA_SEAM_MOCK);
  int softhsm = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

  for (guint i = 0; i < 10; i++) {
    cardea_seam_reload (seam);
    cardea_seam_echo (mock);
    cardea_seam_echo (softhsm);
  }
  assert_lives (mock);
  cardea_seam_echo (softhsm);
  close (mock);
  close (softhsm);
}

/* The module is gone from the configuration, and with it the host whose key the stream was made with. */
static void
test_module_dropped (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  CardeaLab *lab = cardea_seam_get_lab (seam);
  g_autofree char *path = cardea_lab_path (lab, "agent.conf");
  g_autofree char *before = NULL;
  g_auto (GStrv) parts = NULL;
  g_autofree char *after = NULL;
  GPid host = cardea_seam_wait_for_host (seam, CARDEA_SEAM_SOFTHSM);
  int fd = cardea_seam_open (seam, CARDEA_SEAM_SOFTHSM);

  g_assert_true (g_file_get_contents (path, &before, NULL, NULL));
  parts = g_strsplit (before, "load=/usr/lib/softhsm/libsofthsm2.so\n", 2);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  after = g_strconcat (parts[0], parts[1], NULL);
  cardea_lab_write (lab, "agent.conf", after);
  cardea_seam_reload (seam);
  g_assert_true (cardea_lab_wait_until (cardea_lab_is_gone, GINT_TO_POINTER (host)));
  assert_lives (fd);
  assert_tokens_show (seam, "Cardea test", FALSE);
  cardea_seam_assert_mock_works (seam);
  cardea_seam_echo (fd);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-survival/token-removed", test_token_removed);
  g_test_add_func ("/agent-survival/device-errors", test_device_errors);
  g_test_add_func ("/agent-survival/backoff", test_backoff);
  g_test_add_func ("/agent-survival/reload", test_reload);
  g_test_add_func ("/agent-survival/module-dropped", test_module_dropped);
  return g_test_run ();
}
