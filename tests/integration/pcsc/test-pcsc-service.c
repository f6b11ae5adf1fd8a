/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The card service is killed and started again, as an upgrade does it, at any point of what the agent does.
 * It comes back by itself: nobody reloads anything. */

#include <unistd.h>

#include "tests/fixtures/card-lab/card-lab.h"

#define SOON_S 5

typedef struct
{
  CardLab *lab;
  VirtualCard *card;
} World;

static void
set_up (World *world, gconstpointer data)
{
  world->lab = card_lab_new (2);
  world->card = card_lab_make_card (world->lab, "card");
  pcsc_rig_insert (world->lab->rig, 0, world->card);
}

static void
tear_down (World *world, gconstpointer data)
{
  g_assert_cmpuint (virtual_card_get_counts (world->card).refusals, ==, 0);
  card_lab_free (world->lab);
}

static void
restart_and_recover (World *world)
{
  gint64 begin;

  pcsc_rig_start_daemon (world->lab->rig);
  begin = g_get_monotonic_time ();
  card_lab_await_connection (world->lab, "card");
  g_test_message ("from the service's start to a connection: %.1f ms",
                  (double)(g_get_monotonic_time () - begin) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
}

static gboolean
is_told (gpointer data)
{
  return card_lab_has_problem (((World *)data)->lab, "reader_service_down");
}

/* What there is says so, and who connects is told at once; a stream that stands goes on. */
static void
test_with_stream (World *world, gconstpointer data)
{
  int fd;

  card_lab_start (world->lab, NULL);
  fd = card_lab_open (world->lab, "card");
  pcsc_rig_kill_daemon (world->lab->rig);
  g_assert_true (cardea_lab_wait_until (is_told, world));
  card_lab_finish_failed (card_lab_begin (world->lab, "card"), CARDEA_ERROR_NO_CERTIFICATE, SOON_S);
  g_assert_true (test_echo_lives (fd));
  restart_and_recover (world);
  g_assert_false (card_lab_has_problem (world->lab, "reader_service_down"));
  g_assert_true (test_echo_lives (fd));
  close (fd);
}

/* Nothing had been used yet. */
static void
test_idle (World *world, gconstpointer data)
{
  card_lab_start (world->lab, NULL);
  cardea_lab_wait_for_log (world->lab->lab, "agent", "card-9A");
  for (guint i = 0; i < 3; i++) {
    pcsc_rig_kill_daemon (world->lab->rig);
    g_assert_true (cardea_lab_wait_until (is_told, world));
    restart_and_recover (world);
  }
}

static gboolean
is_being_read (gpointer data)
{
  return virtual_card_get_counts (((World *)data)->card).apdus > 3;
}

static void
test_listing (World *world, gconstpointer data)
{
  card_lab_behave (world->lab, "card", "any=delay:100");
  card_lab_start (world->lab, NULL);
  g_assert_true (cardea_lab_wait_until (is_being_read, world));
  pcsc_rig_kill_daemon (world->lab->rig);
  card_lab_behave (world->lab, "card", NULL);
  restart_and_recover (world);
}

static void
test_signing (World *world, gconstpointer data)
{
  CardLabCall *call;

  card_lab_start (world->lab, NULL);
  card_lab_behave (world->lab, "card", "87=delay:20000");
  call = card_lab_begin (world->lab, "card");
  card_lab_wait_for_signing (world->card, 1);
  pcsc_rig_kill_daemon (world->lab->rig);
  card_lab_finish_failed (call, CARDEA_ERROR_TOKEN_UNAVAILABLE, 20);
  card_lab_behave (world->lab, "card", NULL);
  restart_and_recover (world);
}

/* The question is withdrawn, since its token is gone; no PIN is sent. */
static void
test_asking (World *world, gconstpointer data)
{
  CardLabCall *call;

  card_lab_start_asking (world->lab, "card", NULL);
  call = card_lab_begin (world->lab, "card");
  card_lab_wait_for_pin_question (world->lab);
  pcsc_rig_kill_daemon (world->lab->rig);
  card_lab_finish_failed (call, CARDEA_ERROR_TOKEN_UNAVAILABLE, 20);
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 0);
  g_assert_true (cardea_lab_wait_until (is_told, world));
}

#define ADD(name, test) g_test_add ("/pcsc-service/" name, World, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("killed-with-stream", test_with_stream);
  ADD ("killed-idle", test_idle);
  ADD ("killed-listing", test_listing);
  ADD ("killed-signing", test_signing);
  ADD ("killed-asking", test_asking);
  return g_test_run ();
}
