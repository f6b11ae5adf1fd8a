/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A new PIN for a PIV card, from `cardea pin` on a terminal by the agent and OpenSC to the card, which counts
 * what reached it (SP 800-73-4 part 2, 3.2). */

#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/console.h"
#include "tests/fixtures/lab.h"
#include "tests/fixtures/pcsc-rig/pcsc-rig.h"

#include <string.h>

#define NEW_PIN "161803"
#define INS_CHANGE 0x24
#define INS_RESET 0x2c

typedef struct
{
  CardeaLab *lab;
  PcscRig *rig;
  VirtualCard *card;
  GSubprocess *agent;
} World;

static void
world_set_up (World *world, gconstpointer data)
{
  g_autofree char *prompt = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "ui/cardea-prompt", NULL);

  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
  world->lab = cardea_lab_new ();
  test_card_make (cardea_lab_get_folder (world->lab), "card", NULL, "9A:p256");
  world->card = test_card_new (cardea_lab_get_folder (world->lab), "card");
  world->rig = pcsc_rig_new (2);
  pcsc_rig_insert (world->rig, 0, world->card);
  cardea_lab_set_asks (world->lab, TRUE);
  world->agent = cardea_lab_agent (
      world->lab, (const guint16[]){ 0 }, NULL,
      (const char *[]){ "--module", g_getenv ("CARDEA_OPENSC"), "--prompt-program", prompt, NULL });
}

static void
world_tear_down (World *world, gconstpointer data)
{
  cardea_lab_free (world->lab);
  pcsc_rig_free (world->rig);
  virtual_card_unref (world->card);
}

static Console *
run (World *world, const char *action)
{
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *script = g_strdup_printf ("exec %s --socket %s pin %s --terminal card-9A", cardea,
                                             cardea_lab_get_socket (world->lab), action);

  return console_new (script);
}

static void
type_new (Console *console)
{
  console_wait_for (console, "New PIN: ");
  console_type (console, NEW_PIN "\n");
  console_wait_for (console, "New PIN again: ");
  console_type (console, NEW_PIN "\n");
}

static gboolean
has_token (World *world, const char *text)
{
  g_autofree char *out = NULL;

  g_assert_cmpint (
      cardea_lab_cardea (world->lab, (const char *[]){ "tokens", "--json", NULL }, NULL, &out, NULL), ==, 0);
  return strstr (out, text) != NULL;
}

static gboolean
is_locked (gpointer world)
{
  return has_token (world, "\"pin\": \"locked\"");
}

static void
test_change (World *world, gconstpointer data)
{
  g_autoptr (Console) console = run (world, "change");

  console_wait_for (console, "PIN: ");
  console_type (console, TEST_CARD_PIN "\n");
  type_new (console);
  console_wait_for (console, "The PIN of card-9A");
  g_assert_cmpint (console_finish (console), ==, 0);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_CHANGE), ==, 1);
  g_assert_cmpuint (virtual_card_get_counts (world->card).refusals, ==, 0);

  g_autoptr (Console) back = run (world, "change");

  console_wait_for (back, "PIN: ");
  console_type (back, NEW_PIN "\n");
  console_wait_for (back, "New PIN: ");
  console_type (back, TEST_CARD_PIN "\n");
  console_wait_for (back, "New PIN again: ");
  console_type (back, TEST_CARD_PIN "\n");
  console_wait_for (back, "The PIN of card-9A");
  g_assert_cmpuint (virtual_card_get_counts (world->card).refusals, ==, 0);
}

/* A wrong PIN is one try of the card's, and does not reach the command that would change it. */
static void
test_wrong (World *world, gconstpointer data)
{
  g_autoptr (Console) console = NULL;

  g_assert_true (has_token (world, "\"pin_tries\": 3"));
  console = run (world, "change");
  console_wait_for (console, "PIN: ");
  console_type (console, "999999\n");
  type_new (console);
  console_wait_for (console, "The PIN was wrong. 2 tries are left.");
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 2);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_CHANGE), ==, 0);
  console_wait_for (console, "PIN: ");
  console_type (console, "\n");
  g_assert_cmpint (console_finish (console), !=, 0);
  g_assert_cmpuint (virtual_card_get_counts (world->card).refusals, ==, 1);
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 1);
  g_assert_true (has_token (world, "\"pin_tries\": 2"));
}

/* A blocked card, its PUK wrong once and then right: each costs what it costs, and no more. */
static void
test_unblock (World *world, gconstpointer data)
{
  g_autoptr (Console) console = NULL;

  test_card_behave (cardea_lab_get_folder (world->lab), "card", "tries-left=0\n", NULL);
  pcsc_rig_pull (world->rig, 0);
  pcsc_rig_insert (world->rig, 0, world->card);
  g_assert_true (cardea_lab_wait_until (is_locked, world)); /* the agent hears of a card after its power */
  /* From now on the count is the card's own again. */
  test_card_behave (cardea_lab_get_folder (world->lab), "card", NULL, NULL);
  console = run (world, "unblock");
  console_wait_for (console, "PUK: ");
  console_type (console, "99999999\n");
  type_new (console);
  console_wait_for (console, "The PUK was wrong. 2 tries are left.");
  g_assert_cmpuint (virtual_card_get_puk_tries (world->card), ==, 2);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_RESET), ==, 1);
  console_wait_for (console, "PUK: ");
  console_type (console, TEST_CARD_PUK "\n");
  type_new (console);
  console_wait_for (console, "The PIN of card-9A");
  g_assert_cmpint (console_finish (console), ==, 0);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_RESET), ==, 2);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_CHANGE), ==, 0);
  g_assert_cmpuint (virtual_card_get_puk_tries (world->card), ==, 3);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 3);
  g_assert_true (has_token (world, "\"pin\": \"fine\""));
}

/* Once nothing unlocks it any more that is said, and nothing is sent. */
static void
test_puk_blocked (World *world, gconstpointer data)
{
  g_autoptr (Console) console = NULL, again = NULL;

  test_card_behave (cardea_lab_get_folder (world->lab), "card", "puk-tries-left=2\n", NULL);
  g_assert_true (has_token (world, "card-9A"));
  test_card_behave (cardea_lab_get_folder (world->lab), "card", NULL, NULL);
  console = run (world, "unblock");
  console_wait_for (console, "PUK: ");
  console_type (console, "99999999\n");
  type_new (console);
  console_wait_for (console, "The PUK was wrong. This is the last try.");
  console_wait_for (console, "Type “yes” to go on: ");
  console_type (console, "yes\n");
  console_wait_for (console, "PUK: ");
  console_type (console, "99999998\n");
  type_new (console);
  console_wait_for (console, "The PUK is locked, too");
  g_assert_cmpint (console_finish (console), !=, 0);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_RESET), ==, 2);

  again = run (world, "unblock");
  console_wait_for (again, "A wrong PUK was entered too often");
  g_assert_cmpint (console_finish (again), !=, 0);
  g_assert_cmpuint (virtual_card_count_instruction (world->card, INS_RESET), ==, 2);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 3);
}

#define ADD(name, test) g_test_add ("/pcsc-pin/" name, World, NULL, world_set_up, test, world_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("change", test_change);
  ADD ("wrong", test_wrong);
  ADD ("unblock", test_unblock);
  ADD ("puk-blocked", test_puk_blocked);
  return g_test_run ();
}
