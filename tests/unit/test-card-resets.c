/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cards that are reset, on a card service that is made up: it counts what it is asked for. */

#include "agent/tokens/card-resets.h"

#include "socket-api/limits.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/fixtures/loop.h"

#define PATIENCE_S 20
#define A "Reader A 00 00"
#define CARD "[reader " A "]\ncounter=1\ncard=3b80\n"
#define EXCLUSIVE "[service]\nconnect=0x8010000B\n"
#define HANGS "[service]\nhang=SCardConnect\n"

typedef struct
{
  char *folder, *control, *log;
  CardeaInsertion *insertion; /* of the card that is in A */
  CardeaCardResets *resets;
  guint n_settled;
  guint watchdog;
} Fixture;

static void
set_control (Fixture *self, const char *text)
{
  g_assert_true (g_file_set_contents (self->control, text, -1, NULL));
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->watchdog = test_loop_guard (PATIENCE_S);
  self->folder = g_dir_make_tmp ("cardea-resets-XXXXXX", NULL);
  self->control = g_build_filename (self->folder, "control", NULL);
  self->log = g_strconcat (self->control, ".log", NULL);
  g_setenv ("CARDEA_FAKE_PCSC", self->control, TRUE);
  self->insertion = cardea_insertion_new (A, 1, 1, NULL, 0);
  self->resets = cardea_card_resets_new ();
  set_control (self, CARD);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->resets);
  cardea_insertion_unref (self->insertion);
  test_remove_folder (self->folder);
  g_source_remove (self->watchdog);
  g_free (self->folder);
  g_free (self->control);
  g_free (self->log);
}

static guint
count (Fixture *self, const char *call)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  if (!g_file_get_contents (self->log, &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_equal (lines[i], call);
  return n;
}

static guint
count_resets (Fixture *self)
{
  return count (self, "SCardDisconnect reset");
}

static void
wait_for (Fixture *self, const char *call, guint n)
{
  while (count (self, call) < n)
    test_loop_pass (5);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  cardea_card_resets_settle_finish (CARDEA_CARD_RESETS (source), result);
  ((Fixture *)data)->n_settled++;
}

/* Until the card is reset, or that has taken too long; returns how long it took, in milliseconds. */
static gint64
settle (Fixture *self, const CardeaInsertion *insertion)
{
  gint64 begin = g_get_monotonic_time ();
  guint before = self->n_settled;

  cardea_card_resets_settle_async (self->resets, insertion, on_settled, self);
  while (self->n_settled == before)
    g_main_context_iteration (NULL, TRUE);
  return (g_get_monotonic_time () - begin) / 1000;
}

static guint
count_problems (Fixture *self)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();

  cardea_card_resets_explain (self->resets, problems);
  for (guint i = 0; i < problems->len; i++)
    g_assert_cmpint (((CardeaReason *)problems->pdata[i])->code, ==, CARDEA_REASON_LOGIN_NOT_ENDED);
  return problems->len;
}

static void
tell_readers (Fixture *self, guint64 generation, guint16 counter, CardeaReaderState state)
{
  GPtrArray *array = cardea_reader_array_new ();
  g_autoptr (CardeaReaders) readers = NULL;

  g_ptr_array_add (array, cardea_reader_new (cardea_insertion_new (A, generation, counter, NULL, 0), state));
  readers = cardea_readers_new (CARDEA_READER_SERVICE_READY, array);
  cardea_card_resets_set_readers (self->resets, readers);
}

static void
test_done (Fixture *self, gconstpointer data)
{
  cardea_card_resets_begin (self->resets, NULL);
  settle (self, NULL);
  g_assert_cmpuint (count (self, "SCardEstablishContext"), ==, 0);
  cardea_card_resets_begin (self->resets, self->insertion);
  settle (self, self->insertion);
  g_assert_cmpuint (count_resets (self), ==, 1);
  g_assert_cmpuint (count (self, "SCardReleaseContext"), ==, 1);
  g_assert_cmpuint (count_problems (self), ==, 0);
  settle (self, NULL);
  g_assert_cmpuint (count_resets (self), ==, 1);
}

/* Another card is there by now: it has done nothing. */
static void
test_swapped (Fixture *self, gconstpointer data)
{
  set_control (self, "[reader " A "]\ncounter=3\ncard=3b80\n");
  cardea_card_resets_begin (self->resets, self->insertion);
  settle (self, NULL);
  set_control (self, "[reader " A "]\ncounter=1\n");
  cardea_card_resets_begin (self->resets, self->insertion);
  settle (self, NULL);
  set_control (self, "");
  cardea_card_resets_begin (self->resets, self->insertion);
  settle (self, NULL);
  g_assert_cmpuint (count (self, "SCardConnect"), ==, 0);
  g_assert_cmpuint (count_problems (self), ==, 0);
}

/* Kept by another program, or without a service: tried until it works; who waits is told in time. */
static void
test_fails (Fixture *self, gconstpointer control)
{
  gint64 begin, took;

  set_control (self, control);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*was not reset, so that its login goes on*");
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*is not over after*");
  begin = g_get_monotonic_time ();
  cardea_card_resets_begin (self->resets, self->insertion);
  settle (self, NULL);
  took = (g_get_monotonic_time () - begin) / 1000;
  g_test_assert_expected_messages ();
  g_assert_cmpint (took, >=, CARDEA_LIMIT_CARD_RESET_MS - 1);
  g_assert_cmpint (took, <, CARDEA_LIMIT_CARD_RESET_MS + 2000);
  g_assert_cmpuint (count (self, "SCardEstablishContext"), >=, 4);
  g_assert_cmpuint (count_problems (self), ==, 1);
  g_assert_cmpuint (count_resets (self), ==, 0);
  g_assert_cmpint (settle (self, NULL), <, 1000); /* nobody waits for it again */
  set_control (self, CARD);
  wait_for (self, "SCardDisconnect reset", 1);
  while (count_problems (self) > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* A call that does not come back holds up nobody, is not made twice, and is over with the card. */
static void
test_hangs (Fixture *self, gconstpointer data)
{
  set_control (self, HANGS CARD);
  cardea_card_resets_begin (self->resets, self->insertion);
  wait_for (self, "SCardConnect", 1);
  cardea_card_resets_begin (self->resets, self->insertion);
  tell_readers (self, 1, 1, CARDEA_READER_CARD);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*is not over after*");
  settle (self, self->insertion);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (count_problems (self), ==, 1);
  g_assert_cmpuint (count (self, "SCardConnect"), ==, 1);
  tell_readers (self, 1, 2, CARDEA_READER_EMPTY);
  g_assert_cmpuint (count_problems (self), ==, 0);
}

/* Nobody knows what a card remembers after its service began anew: it is reset once more. */
static void
test_service_restarted (Fixture *self, gconstpointer data)
{
  set_control (self, EXCLUSIVE CARD);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*was not reset, so that its login goes on*");
  cardea_card_resets_begin (self->resets, self->insertion);
  wait_for (self, "SCardReleaseContext", 1);
  test_loop_pass (1);
  set_control (self, "[reader " A "]\ncounter=7\ncard=3b80\n");
  tell_readers (self, 2, 7, CARDEA_READER_CARD);
  settle (self, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (count_resets (self), ==, 1);
}

/* A login that ends while the card is being reset for another needs a reset of its own. */
static void
test_twice (Fixture *self, gconstpointer data)
{
  cardea_card_resets_begin (self->resets, self->insertion);
  cardea_card_resets_begin (self->resets, self->insertion);
  settle (self, NULL);
  g_assert_cmpuint (count_resets (self), ==, 2);
}

#define ADD(name, test, data) g_test_add ("/card-resets/" name, Fixture, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("done", test_done, NULL);
  ADD ("swapped", test_swapped, NULL);
  ADD ("kept", test_fails, EXCLUSIVE CARD);
  ADD ("no-service", test_fails, "[service]\nestablish=0x8010001D\n" CARD);
  ADD ("hangs", test_hangs, NULL);
  ADD ("service-restarted", test_service_restarted, NULL);
  ADD ("twice", test_twice, NULL);
  return g_test_run ();
}
