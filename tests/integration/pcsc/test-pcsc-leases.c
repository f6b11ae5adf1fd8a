/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login ends at the card: after it a program that speaks to the card service itself gets no signature,
 * which it did as long as the login lasted. Streams stand. */

#include <signal.h>
#include <unistd.h>
#include <winscard.h>

#include "socket-api/limits.h"
#include "tests/fixtures/card-lab/card-lab.h"

#define SIGNED 0x9000
#define NOT_ALLOWED 0x6982

typedef struct
{
  CardLab *lab;
  VirtualCard *card;
  int fd; /* a stream that stands */
} World;

/* Logged in, and anybody may sign. */
static void
set_up (World *world, gconstpointer config)
{
  world->lab = card_lab_new (2);
  world->card = card_lab_make_card (world->lab, "card");
  pcsc_rig_insert (world->lab->rig, 0, world->card);
  card_lab_start (world->lab, config);
  world->fd = card_lab_open (world->lab, "card");
  g_assert_cmphex (card_lab_sign_directly (world->lab, 0), ==, SIGNED);
  g_assert_true (virtual_card_is_verified (world->card));
}

static void
tear_down (World *world, gconstpointer config)
{
  if (world->fd >= 0)
    close (world->fd);
  card_lab_free (world->lab);
}

static double
get_ms_since (gint64 begin)
{
  return (double)(g_get_monotonic_time () - begin) / 1000;
}

static void
assert_over (World *world)
{
  g_assert_cmphex (card_lab_sign_directly (world->lab, 0), ==, NOT_ALLOWED);
  g_assert_false (virtual_card_is_verified (world->card));
}

/* The answer of EndLeases says that it is so. */
static void
test_ended (World *world, gconstpointer config)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (json_t) reply = card_lab_call (world->lab, "EndLeases", NULL);
  double took = get_ms_since (begin);

  assert_over (world);
  g_test_message ("from EndLeases to its answer, when the card refuses: %.1f ms", took);
  g_assert_cmpint (json_integer_value (json_object_get (reply, "ended")), ==, 1);
  g_assert_cmpuint (json_array_size (json_object_get (reply, "problems")), ==, 0);
  g_assert_cmpfloat (took, <, 1000);
  g_assert_true (test_echo_lives (world->fd));

  /* The agent itself logs in again, and was neither confused nor renewed twice. */
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 1);
  close (card_lab_open (world->lab, "card"));
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 2);
  g_assert_true (test_echo_lives (world->fd));
}

static gboolean
is_over (gpointer data)
{
  return !virtual_card_is_verified (((World *)data)->card);
}

/* By its age; nobody asks for it. */
static void
test_due (World *world, gconstpointer config)
{
  g_assert_true (cardea_lab_wait_until (is_over, world));
  assert_over (world);
  g_assert_true (test_echo_lives (world->fd));
}

/* The agent ends, and waits for the card. */
static void
test_agent_stops (World *world, gconstpointer config)
{
  close (world->fd);
  world->fd = -1;
  g_subprocess_send_signal (world->lab->agent, SIGTERM);
  g_assert_true (g_subprocess_wait (world->lab->agent, NULL, NULL));
  assert_over (world);
}

/* The process of the module dies, by whatever it is: the login is lost to us, and must be to all. */
static void
test_host_killed (World *world, gconstpointer config)
{
  GPid host = card_lab_wait_for_host (world->lab, 0);
  gint64 begin = g_get_monotonic_time ();

  g_assert_cmpint (kill (host, SIGKILL), ==, 0);
  g_assert_true (cardea_lab_wait_until (is_over, world));
  g_test_message ("from the end of the host to the card's refusal: %.1f ms", get_ms_since (begin));
  assert_over (world);
  g_assert_true (test_echo_lives (world->fd));
  cardea_lab_wait_for_log (world->lab->lab, "agent", "The login to a token is over");
  cardea_lab_wait_for_log (world->lab->lab, "agent", "is over (reset)");
  close (card_lab_open (world->lab, "card"));
}

static gboolean
has_no_problem (gpointer data)
{
  return !card_lab_has_problem (((World *)data)->lab, "login_not_ended");
}

/* A PIN that serves once: when it has signed the card signs for nobody, and the next is asked for. */
static void
test_single_use (World *world, gconstpointer config)
{
  for (guint i = 1; i <= 2; i++) {
    if (world->fd >= 0)
      close (world->fd);
    world->fd = card_lab_open (world->lab, "card");
    g_assert_true (cardea_lab_wait_until (is_over, world));
    assert_over (world);
    g_assert_true (test_echo_lives (world->fd));
    g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, i);
  }
}

static void
set_up_single_use (World *world, gconstpointer config)
{
  world->lab = card_lab_new (2);
  world->fd = -1;
  world->card = card_lab_make_card (world->lab, "card");
  pcsc_rig_insert (world->lab->rig, 0, world->card);
  card_lab_start_asking (world->lab, "card", config);
  cardea_lab_write (world->lab->lab, "go", "");
}

/* Another program keeps the card for itself: the answer does not wait for it without end, says that the login
 * is not over, and it is ended as soon as that can be. */
static void
test_kept (World *world, gconstpointer config)
{
  SCARDCONTEXT context;
  SCARDHANDLE handle;
  DWORD protocol;
  gint64 begin;
  double took;
  g_autoptr (json_t) reply = NULL;
  json_t *problem;

  g_assert_cmpint (SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &context), ==, SCARD_S_SUCCESS);
  g_assert_cmpint (SCardConnect (context, pcsc_rig_get_reader (world->lab->rig, 0), SCARD_SHARE_SHARED,
                                 SCARD_PROTOCOL_T1, &handle, &protocol),
                   ==, SCARD_S_SUCCESS);
  g_assert_cmpint (SCardBeginTransaction (handle), ==, SCARD_S_SUCCESS);
  begin = g_get_monotonic_time ();
  reply = card_lab_call (world->lab, "EndLeases", NULL);
  took = get_ms_since (begin);
  g_assert_cmpint (json_integer_value (json_object_get (reply, "ended")), ==, 1);
  problem = json_array_get (json_object_get (reply, "problems"), 0);
  g_assert_cmpstr (json_string_value (json_object_get (problem, "code")), ==, "login_not_ended");
  g_assert_cmpfloat (took, >=, CARDEA_LIMIT_CARD_RESET_MS - 10);
  g_assert_cmpfloat (took, <, CARDEA_LIMIT_CARD_RESET_MS + 2000);
  g_assert_true (card_lab_has_problem (world->lab, "login_not_ended"));
  g_assert_true (virtual_card_is_verified (world->card));
  g_assert_true (test_echo_lives (world->fd));

  g_assert_cmpint (SCardEndTransaction (handle, SCARD_LEAVE_CARD), ==, SCARD_S_SUCCESS);
  begin = g_get_monotonic_time ();
  g_assert_true (cardea_lab_wait_until (is_over, world));
  g_test_message ("from the end of the transaction to the card's refusal: %.1f ms", get_ms_since (begin));
  g_assert_true (cardea_lab_wait_until (has_no_problem, world));
  assert_over (world);
  SCardReleaseContext (context);
  card_lab_await_connection (world->lab, "card");
}

#define ADD(name, config, test) g_test_add ("/pcsc-leases/" name, World, config, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("ended", NULL, test_ended);
  ADD ("due", "[lease card]\ntoken=pkcs11:token=card-9A\nseconds=2\n", test_due);
  ADD ("agent-stops", NULL, test_agent_stops);
  ADD ("host-killed", NULL, test_host_killed);
  ADD ("kept", NULL, test_kept);
  g_test_add ("/pcsc-leases/single-use", World, "[lease card]\ntoken=pkcs11:token=card-9A\nsingle-use=true\n",
              set_up_single_use, test_single_use, tear_down);
  return g_test_run ();
}
