/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a card and the process at it can do to a connection, and what the program is told of it. */

#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "tests/fixtures/card-lab/card-lab.h"
#include "tests/fixtures/card-maker/card-maker.h"

#define A 0
#define B 2 /* readers come in pairs, which share a driver */
#define SLOW "87=delay:20000"
#define SOON_S 5

/* Two readers with a card each. */
typedef struct
{
  CardLab *lab;
  VirtualCard *a, *b;
} World;

static void
set_up (World *world, gconstpointer config)
{
  world->lab = card_lab_new (4);
  world->a = card_lab_make_card (world->lab, "a");
  world->b = card_lab_make_card (world->lab, "b");
  pcsc_rig_insert (world->lab->rig, A, world->a);
  pcsc_rig_insert (world->lab->rig, B, world->b);
}

static void
tear_down (World *world, gconstpointer config)
{
  g_assert_cmpuint (virtual_card_get_counts (world->b).refusals, ==, 0);
  card_lab_free (world->lab);
}

/* Another token, and what runs by it, notices nothing. */
static void
assert_other_works (World *world)
{
  gint64 begin = g_get_monotonic_time ();

  close (card_lab_open (world->lab, "b"));
  g_test_message ("the other card, meanwhile: %.1f ms", (double)(g_get_monotonic_time () - begin) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
}

static void
assert_comes_back (World *world)
{
  card_lab_behave (world->lab, "a", NULL);
  pcsc_rig_swap (world->lab->rig, A, world->a);
  card_lab_await_connection (world->lab, "a");
  g_assert_cmpuint (virtual_card_get_counts (world->a).refusals, ==, 0);
}

/* The card is out, and the card service has not noticed yet. */
static void
test_pull_before_sign (World *world, gconstpointer config)
{
  gint64 begin;
  int fd;

  card_lab_start (world->lab, config);
  fd = card_lab_open (world->lab, "a");
  pcsc_rig_pull (world->lab->rig, A);
  begin = g_get_monotonic_time ();
  card_lab_finish_failed (card_lab_begin (world->lab, "a"), CARDEA_ERROR_TOKEN_UNAVAILABLE, SOON_S);
  test_echo_assert_ends (fd);
  g_test_message ("from the pull to the stream's end: %.1f ms",
                  (double)(g_get_monotonic_time () - begin) / 1000);
  close (fd);
  assert_other_works (world);
  assert_comes_back (world);
}

static void
test_pull_while_signing (World *world, gconstpointer config)
{
  CardLabCall *call;
  gint64 begin;
  int other;

  card_lab_start (world->lab, config);
  other = card_lab_open (world->lab, "b");
  card_lab_behave (world->lab, "a", SLOW);
  call = card_lab_begin (world->lab, "a");
  card_lab_wait_for_signing (world->a, 1);
  g_assert_true (test_echo_lives (other));
  begin = g_get_monotonic_time ();
  pcsc_rig_pull (world->lab->rig, A);
  card_lab_finish_failed (call, CARDEA_ERROR_TOKEN_UNAVAILABLE, 20);
  g_test_message ("from the pull to the error: %.1f ms", (double)(g_get_monotonic_time () - begin) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON_S * G_USEC_PER_SEC);
  g_assert_true (test_echo_lives (other));
  assert_other_works (world);
  assert_comes_back (world);
  close (other);
}

/* What was authenticated ends with the card, and only that. */
static void
test_pull_after_sign (World *world, gconstpointer config)
{
  gint64 begin;
  int fd, other;

  card_lab_start (world->lab, config);
  fd = card_lab_open (world->lab, "a");
  other = card_lab_open (world->lab, "b");
  pcsc_rig_pull (world->lab->rig, A);
  begin = g_get_monotonic_time ();
  test_echo_assert_ends (fd);
  g_test_message ("from the pull to the stream's end: %.1f ms",
                  (double)(g_get_monotonic_time () - begin) / 1000);
  cardea_lab_wait_for_log (world->lab->lab, "agent", "ended (token_removed)");
  g_assert_true (test_echo_lives (other));
  assert_comes_back (world);
  close (fd);
  close (other);
}

/* Unless the configuration lets it go on. */
static void
test_pull_kept (World *world, gconstpointer config)
{
  int fd;

  card_lab_start (world->lab, config);
  fd = card_lab_open (world->lab, "a");
  pcsc_rig_pull (world->lab->rig, A);
  cardea_lab_wait_for_log (world->lab->lab, "agent", "Token left");
  g_assert_true (test_echo_lives (fd));
  assert_comes_back (world);
  g_assert_true (test_echo_lives (fd));
  close (fd);
}

/* A card that says nothing: who waits for it waits, nobody else does, and a pull ends it. */
static void
test_silent (World *world, gconstpointer config)
{
  CardLabCall *call;
  int other;

  card_lab_start (world->lab, config);
  other = card_lab_open (world->lab, "b");
  card_lab_behave (world->lab, "a", "87=silent");
  call = card_lab_begin (world->lab, "a");
  card_lab_wait_for_signing (world->a, 1);
  for (guint i = 0; i < 3; i++)
    assert_other_works (world);
  g_assert_true (test_echo_lives (other));
  pcsc_rig_pull (world->lab->rig, A);
  card_lab_finish_failed (call, CARDEA_ERROR_TOKEN_UNAVAILABLE, 30);
  assert_comes_back (world);
  close (other);
}

/* People touch keys slowly: what else the process was asked for meanwhile waits, and does not kill it. */
static void
test_slow_touch (World *world, gconstpointer config)
{
  g_autoptr (GError) error = NULL;
  gint64 took;
  int fd;

  card_lab_start (world->lab, config);
  card_lab_behave (world->lab, "a", "87=delay:12000");
  fd = card_lab_finish (card_lab_begin (world->lab, "a"), &took, &error);
  g_assert_no_error (error);
  g_assert_cmpint (took, >=, 12 * G_USEC_PER_SEC);
  g_assert_cmpuint (virtual_card_get_counts (world->a).signatures, ==, 1);
  g_assert_true (test_echo_lives (fd));
  close (fd);
}

/* By a signal while it waits for the card's signature. Streams that were authenticated before go on; what the
 * card was shown it forgets. */
static void
test_host_signalled (World *world, gconstpointer data)
{
  int number = GPOINTER_TO_INT (data);
  CardLabCall *call;
  int fd;

  card_lab_start (world->lab, NULL);
  fd = card_lab_open (world->lab, "a");
  card_lab_behave (world->lab, "a", "87=delay:3000");
  call = card_lab_begin (world->lab, "a");
  card_lab_wait_for_signing (world->a, 2);
  g_assert_cmpint (kill (card_lab_wait_for_host (world->lab, A), number), ==, 0);
  card_lab_finish_failed (call, CARDEA_ERROR_TOKEN_UNAVAILABLE, SOON_S);
  g_assert_true (test_echo_lives (fd));
  assert_other_works (world);
  card_lab_behave (world->lab, "a", NULL);
  card_lab_await_connection (world->lab, "a");
  g_assert_true (test_echo_lives (fd));
  close (fd);
}

/* It is there and answers nothing: given up when its time is over, and started anew. */
static void
test_host_stopped (World *world, gconstpointer data)
{
  g_autoptr (json_t) ended = NULL;
  CardLabCall *call;
  GPid host;
  int fd;

  card_lab_start (world->lab, NULL);
  fd = card_lab_open (world->lab, "a");
  close (card_lab_open (world->lab, "b"));
  host = card_lab_wait_for_host (world->lab, A);
  g_assert_cmpint (kill (host, SIGSTOP), ==, 0);
  call = card_lab_begin (world->lab, "a");
  assert_other_works (world);
  /* A login ends, whatever the process does. */
  ended = card_lab_call (world->lab, "EndLeases", json_pack ("{s:s}", "token", "pkcs11:token=a-9A"));
  g_assert_cmpint (json_integer_value (json_object_get (ended, "ended")), ==, 1);
  g_assert_cmpuint (json_array_size (json_object_get (ended, "problems")), ==, 0);
  g_assert_false (virtual_card_is_verified (world->a));
  g_assert_true (virtual_card_is_verified (world->b));
  g_assert_true (cardea_lab_is_gone (GINT_TO_POINTER (host)));
  card_lab_finish_failed (call, CARDEA_ERROR_TOKEN_UNAVAILABLE, 20);
  card_lab_await_connection (world->lab, "a");
  g_assert_true (test_echo_lives (fd));
  close (fd);
}

/* While somebody is asked for the PIN another program locks it: the right one is refused, once, and the
 * program is told which it is. */
static void
test_locked_while_asked (World *world, gconstpointer config)
{
  g_autoptr (GError) error = NULL;
  CardLabCall *call;

  card_lab_start_asking (world->lab, "a", NULL);
  call = card_lab_begin (world->lab, "a");
  card_lab_wait_for_pin_question (world->lab);
  test_card_behave (cardea_lab_get_folder (world->lab->lab), "a", "tries-left=0", NULL);
  cardea_lab_write (world->lab->lab, "go", "");
  g_assert_cmpint (card_lab_finish (call, NULL, &error), ==, -1);
  g_test_message ("%s", error->message);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "pin")), ==,
                   "locked");
  g_assert_cmpuint (virtual_card_get_counts (world->a).verifications, ==, 1);
  g_assert_cmpuint (virtual_card_get_counts (world->a).signatures, ==, 0);
}

#define ADD(name, test, data) g_test_add ("/pcsc-faults/" name, World, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("pull-before-sign", test_pull_before_sign, NULL);
  ADD ("pull-while-signing", test_pull_while_signing, NULL);
  ADD ("pull-after-sign", test_pull_after_sign, NULL);
  ADD ("pull-kept", test_pull_kept, "[streams]\nkeep-after-removal=true\n");
  ADD ("silent", test_silent, NULL);
  ADD ("slow-touch", test_slow_touch, NULL);
  ADD ("host-killed", test_host_signalled, GINT_TO_POINTER (SIGKILL));
  ADD ("host-crashed", test_host_signalled, GINT_TO_POINTER (SIGSEGV));
  ADD ("host-stopped", test_host_stopped, NULL);
  ADD ("locked-while-asked", test_locked_while_asked, NULL);
  return g_test_run ();
}
