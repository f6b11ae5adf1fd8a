/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cards are pulled and swapped at random moments while programs connect as fast as they can. How often is in
 * CARDEA_PULLS. */

#include <glib/gstdio.h>
#include <unistd.h>

#include "tests/fixtures/card-lab/card-lab.h"
#include "tests/fixtures/card-maker/card-maker.h"

#define N_PROGRAMS 3
#define PATIENCE (20 * G_USEC_PER_SEC)
#define QUICK (300 * 1000) /* microseconds: as fast as a hand may be */

typedef struct
{
  CardLab *lab;
  VirtualCard *a, *b;
  GThread *programs[N_PROGRAMS];
  gint stopping, n_connected, n_failed, n_slow;
} World;

static guint
get_rounds (void)
{
  guint64 n = 0;

  g_assert_true (g_ascii_string_to_unsigned (g_getenv ("CARDEA_PULLS"), 10, 1, 1000, &n, NULL));
  return (guint)n;
}

static void
set_up (World *world, gconstpointer data)
{
  if (data != NULL)
    g_setenv (PCSC_RIG_PRELOAD, g_getenv (data), TRUE);
  world->lab = card_lab_new (2);
  world->a = card_lab_make_card (world->lab, "a");
  pcsc_rig_insert (world->lab->rig, 0, world->a);
  card_lab_start (world->lab, NULL);
  close (card_lab_open (world->lab, "a"));
}

static void
tear_down (World *world, gconstpointer data)
{
  card_lab_free (world->lab);
}

/* What a program may be told of a card that comes and goes: that it is not there, or failed; never a silence.
 * OpenSC calls a login that was cut short a wrong PIN. The card's own count, in the end, shows that none was.
 */
static void
check_failure (const GError *error)
{
  if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE) &&
      !g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED))
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
}

static gpointer
connect_in_thread (gpointer data)
{
  World *world = data;

  while (!g_atomic_int_get (&world->stopping)) {
    g_autoptr (GError) error = NULL;
    gint64 begin = g_get_monotonic_time ();
    int fd = card_lab_connect (world->lab, "a", &error);

    if (fd < 0)
      check_failure (error);
    else
      close (fd);
    g_atomic_int_inc (fd < 0 ? &world->n_failed : &world->n_connected);
    if (g_get_monotonic_time () - begin > PATIENCE)
      g_atomic_int_inc (&world->n_slow);
  }
  return NULL;
}

static void
begin_load (World *world)
{
  for (guint i = 0; i < N_PROGRAMS; i++)
    world->programs[i] = g_thread_new ("program", connect_in_thread, world);
}

static void
end_load (World *world)
{
  g_atomic_int_set (&world->stopping, TRUE);
  for (guint i = 0; i < N_PROGRAMS; i++)
    g_thread_join (world->programs[i]);
  g_test_message ("%d connections, %d failures", world->n_connected, world->n_failed);
  g_assert_cmpint (world->n_connected, >, 0);
  g_assert_cmpint (world->n_slow, ==, 0);
}

/* A login that was cut short counts as one that was refused, and two of them in a row are enough: somebody
 * looks, each time, takes the marks away and writes the same PIN. */
static void
renew_source (World *world)
{
  g_autofree char *folder = cardea_lab_path (world->lab->lab, "state");
  g_autoptr (GDir) marks = g_dir_open (folder, 0, NULL);
  const char *name;

  while (marks != NULL && (name = g_dir_read_name (marks)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_str_has_prefix (name, "pin-") || g_str_has_prefix (name, "old-"))
      g_unlink (path); /* the agent may be quicker */
  }
  cardea_lab_write (world->lab->lab, "card-pin", TEST_CARD_PIN);
}

/* It comes back each time, and its PIN was never in danger. */
static void
test_pulls (World *world, gconstpointer data)
{
  guint n = get_rounds ();

  begin_load (world);
  for (guint i = 0; i < n; i++) {
    g_usleep ((gulong)g_test_rand_int_range (0, 700000)); /* anywhere in what goes on */
    pcsc_rig_pull (world->lab->rig, 0);
    pcsc_rig_insert (world->lab->rig, 0, world->a);
    renew_source (world);
  }
  renew_source (world);
  card_lab_await_connection (world->lab, "a");
  end_load (world);
  g_assert_cmpint (world->n_failed, >, 0);
  g_assert_cmpuint (virtual_card_get_counts (world->a).refusals, ==, 0);
}

/* Another card is where the first one was, before anybody can have noticed that one went: it is shown no PIN
 * and asked for no signature, ever. */
static void
test_swaps (World *world, gconstpointer data)
{
  guint n = get_rounds (), n_quick = 0;

  world->b = card_lab_make_card (world->lab, "b"); /* of which the agent has no PIN, and nobody wants it */
  begin_load (world);
  for (guint i = 0; i < n; i++) {
    VirtualCard *other = i % 2 == 0 ? world->b : world->a;
    gint64 begin;

    g_usleep ((gulong)g_test_rand_int_range (0, 700000));
    begin = g_get_monotonic_time ();
    pcsc_rig_swap (world->lab->rig, 0, other);
    if (g_get_monotonic_time () - begin <= QUICK)
      n_quick++;
    renew_source (world);
  }
  g_test_message ("%u of %u swaps took at most %d ms, with the new card's power", n_quick, n, QUICK / 1000);
  if (data != NULL)
    g_assert_cmpuint (n_quick, >, 0);
  if (n % 2 == 1)
    pcsc_rig_swap (world->lab->rig, 0, world->a);
  renew_source (world);
  card_lab_await_connection (world->lab, "a");
  end_load (world);
  g_assert_cmpuint (virtual_card_get_counts (world->a).refusals, ==, 0);
  g_assert_cmpuint (virtual_card_get_counts (world->b).verifications, ==, 0);
  g_assert_cmpuint (virtual_card_get_counts (world->b).signatures, ==, 0);
  card_lab_assert_untouched (world->lab, "b");
}

#define ADD(name, test, data) g_test_add ("/pcsc-pulls/" name, World, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("under-load", test_pulls, NULL);
  ADD ("swaps-under-load", test_swaps, NULL);
  ADD ("quick-swaps-under-load", test_swaps, "QUICK_POLL");
  return g_test_run ();
}
