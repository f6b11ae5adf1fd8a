/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The watch over a card service that is made up: absent, refusing, restarted, hanging, and readers and cards
 * that come and go, at once and in bursts. */

#include "agent/tokens/pcsc-watch.h"

#include <glib/gstdio.h>
#include <unistd.h>
#include <winscard.h>
#include "tests/fixtures/loop.h"

#define PATIENCE_S 20
#define A "Reader A 00 00"
#define B "Reader B 00 00"

typedef struct
{
  char *folder, *control, *socket;
  CardeaPcscWatch *watch;
  guint n_changes;
  guint watchdog;
} Fixture;

static void
on_changed (gpointer data)
{
  Fixture *self = data;

  self->n_changes++;
}

static void
set_control (Fixture *self, const char *text)
{
  g_assert_true (g_file_set_contents (self->control, text, -1, NULL));
}

static void
make_socket (Fixture *self)
{
  g_assert_true (g_file_set_contents (self->socket, "", 0, NULL));
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->watchdog = test_loop_guard (PATIENCE_S);
  self->folder = g_dir_make_tmp ("cardea-pcsc-XXXXXX", NULL);
  self->control = g_build_filename (self->folder, "control", NULL);
  self->socket = g_build_filename (self->folder, "run", "pcscd", "socket", NULL);
  g_setenv ("CARDEA_FAKE_PCSC", self->control, TRUE);
  g_setenv ("PCSCLITE_CSOCK_NAME", self->socket, TRUE);
}

static void
make_socket_folder (Fixture *self)
{
  g_autofree char *folder = g_path_get_dirname (self->socket);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
}

static void
start (Fixture *self)
{
  self->watch = cardea_pcsc_watch_new (on_changed, self);
}

static void
stop (Fixture *self)
{
  g_clear_pointer (&self->watch, cardea_pcsc_watch_free);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", self->folder);

  stop (self);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_source_remove (self->watchdog);
  g_free (self->folder);
  g_free (self->control);
  g_free (self->socket);
}

static CardeaReaders *
get (Fixture *self)
{
  return cardea_pcsc_watch_get_readers (self->watch);
}

static void
await_service (Fixture *self, CardeaReaderService service)
{
  while (get (self)->service != service)
    g_main_context_iteration (NULL, TRUE);
}

static const CardeaReader *
await_reader (Fixture *self, const char *name, CardeaReaderState state)
{
  const CardeaReader *reader;

  while ((reader = cardea_readers_find (get (self), name)) == NULL || reader->state != state)
    g_main_context_iteration (NULL, TRUE);
  return reader;
}

static CardeaInsertion *
await_insertion (Fixture *self, const char *name)
{
  return cardea_insertion_ref (await_reader (self, name, CARDEA_READER_CARD)->insertion);
}

static guint
count_log (Fixture *self, const char *call)
{
  g_autofree char *path = g_strconcat (self->control, ".log", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_equal (lines[i], call);
  return n;
}

static void
assert_explained (Fixture *self, CardeaReasonCode code)
{
  g_autoptr (CardeaReason) reason = cardea_readers_explain_service (get (self));

  g_assert_nonnull (reason);
  g_assert_cmpstr (cardea_reason_code_to_string (reason->code), ==, cardea_reason_code_to_string (code));
  g_assert_nonnull (reason->remedy);
}

static void
test_cards (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaInsertion) first = NULL, second = NULL;
  g_autoptr (CardeaReason) none = NULL;

  set_control (self, "[reader " A "]\n");
  start (self);
  await_reader (self, A, CARDEA_READER_EMPTY);
  set_control (self, "[reader " A "]\ncounter=1\ncard=3b8001\n");
  first = await_insertion (self, A);
  g_assert_cmpuint (first->counter, ==, 1);
  g_assert_cmpuint (g_bytes_get_size (first->atr), ==, 3);
  set_control (self, "[reader " A "]\ncounter=2\n");
  await_reader (self, A, CARDEA_READER_EMPTY);
  set_control (self, "[reader " A "]\ncounter=3\ncard=3b8001\n");
  second = await_insertion (self, A);
  g_assert_false (cardea_insertion_equal (first, second));
  none = cardea_readers_explain_service (get (self));
  g_assert_null (none);
}

/* The removal is never seen: the count tells it all the same. */
static void
test_swap (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaInsertion) first = NULL;
  const CardeaReader *reader;

  set_control (self, "[reader " A "]\ncounter=1\ncard=3b80\n");
  start (self);
  first = await_insertion (self, A);
  set_control (self, "[reader " A "]\ncounter=3\ncard=3b80\n");
  do {
    g_main_context_iteration (NULL, TRUE);
    reader = cardea_readers_find (get (self), A);
  } while (cardea_insertion_equal (reader->insertion, first));
  g_assert_cmpuint (reader->insertion->counter, ==, 3);
}

static void
test_plug_and_play (Fixture *self, gconstpointer data)
{
  set_control (self, "");
  start (self);
  await_service (self, CARDEA_READER_SERVICE_READY);
  g_assert_cmpuint (get (self)->readers->len, ==, 0);
  set_control (self, "[reader " A "]\ncounter=1\ncard=3b\n");
  await_reader (self, A, CARDEA_READER_CARD);
  set_control (self, "[reader " A "]\ncounter=1\ncard=3b\n[reader " B "]\n");
  await_reader (self, B, CARDEA_READER_EMPTY);
  set_control (self, "[reader " B "]\n");
  while (cardea_readers_find (get (self), A) != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (get (self)->readers->len, ==, 1);
}

static void
test_states (Fixture *self, gconstpointer data)
{
  static const struct
  {
    const char *name;
    CardeaReaderState state;
    CardeaReasonCode code;
  } cases[] = {
    { "mute", CARDEA_READER_MUTE, CARDEA_REASON_CARD_MUTE },
    { "exclusive", CARDEA_READER_EXCLUSIVE, CARDEA_REASON_READER_IN_USE },
    { "unavailable", CARDEA_READER_UNAVAILABLE, CARDEA_REASON_READER_FAILING },
  };

  start (self);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text =
        g_strdup_printf ("[reader " A "]\ncounter=%u\ncard=3b\nstate=%s\n", i + 1, cases[i].name);
    g_autoptr (CardeaReason) reason = NULL;

    set_control (self, text);
    reason = cardea_reader_explain (await_reader (self, A, cases[i].state));
    g_assert_cmpint (reason->code, ==, cases[i].code);
    g_assert_nonnull (strstr (reason->message, A));
    g_assert_nonnull (reason->remedy);
  }
}

/* Nobody asks again and again: the kernel tells when the socket is there, on whatever level its path begins.
 */
static void
test_absent (Fixture *self, gconstpointer data)
{
  guint n;

  set_control (self, "[service]\nestablish=0x8010001D\n");
  start (self);
  await_service (self, CARDEA_READER_SERVICE_ABSENT);
  assert_explained (self, CARDEA_REASON_READER_SERVICE_DOWN);
  n = count_log (self, "SCardEstablishContext");
  test_loop_pass (1500);
  g_assert_cmpuint (count_log (self, "SCardEstablishContext"), ==, n);

  set_control (self, "[reader " A "]\ncounter=1\ncard=3b\n");
  make_socket_folder (self);
  make_socket (self);
  await_reader (self, A, CARDEA_READER_CARD);
}

/* The socket is there before anybody listens at it. */
static void
test_starting (Fixture *self, gconstpointer data)
{
  set_control (self, "[service]\nestablish=0x8010001D\n");
  make_socket_folder (self);
  start (self);
  await_service (self, CARDEA_READER_SERVICE_ABSENT);
  make_socket (self);
  await_service (self, CARDEA_READER_SERVICE_FAILING);
  assert_explained (self, CARDEA_REASON_READER_SERVICE_DOWN);
  set_control (self, "[reader " A "]\n");
  await_reader (self, A, CARDEA_READER_EMPTY);
}

/* The service is away for so short that its socket is there again before anybody was told that it was not. */
static void
test_blinked (Fixture *self, gconstpointer data)
{
  make_socket_folder (self);
  make_socket (self);
  set_control (self, "[service]\nrun=1\n[reader " A "]\n");
  start (self);
  await_reader (self, A, CARDEA_READER_EMPTY);
  g_assert_cmpint (g_unlink (self->socket), ==, 0);
  set_control (self, "[service]\nrun=2\nwords=held\n");
  while (count_log (self, "pcsc_stringify_error") == 0)
    test_loop_pass (5);
  make_socket (self);
  test_loop_pass (300); /* that it appeared is heard now */
  set_control (self, "[service]\nrun=2\n[reader " B "]\n");
  await_reader (self, B, CARDEA_READER_EMPTY);
}

static void
test_refused (Fixture *self, gconstpointer data)
{
  guint n;

  set_control (self, "[service]\nestablish=0x8010006A\n");
  start (self);
  await_service (self, CARDEA_READER_SERVICE_REFUSED);
  assert_explained (self, CARDEA_REASON_READER_SERVICE_REFUSED);
  n = count_log (self, "SCardEstablishContext");
  test_loop_pass (1000);
  g_assert_cmpuint (count_log (self, "SCardEstablishContext"), ==, n);
  set_control (self, "[reader " A "]\n");
  cardea_pcsc_watch_look (self->watch); /* somebody asks */
  await_reader (self, A, CARDEA_READER_EMPTY);
}

/* Counters begin anew with the service: the same card with the same count is another insertion. */
static void
check_restart (Fixture *self, const char *lost)
{
  g_autoptr (CardeaInsertion) first = NULL;
  g_autofree char *text =
      g_strdup_printf ("[service]\nrun=2\nlost=%s\n[reader " A "]\ncounter=1\ncard=3b80\n", lost);
  gint64 begin;

  make_socket_folder (self);
  make_socket (self);
  set_control (self, "[service]\nrun=1\n[reader " A "]\ncounter=1\ncard=3b80\n");
  start (self);
  first = await_insertion (self, A);
  begin = g_get_monotonic_time ();
  set_control (self, text);
  await_service (self, CARDEA_READER_SERVICE_FAILING);
  g_assert_cmpuint (get (self)->readers->len, ==, 0);
  await_reader (self, A, CARDEA_READER_CARD);
  g_test_message ("back after %" G_GINT64_FORMAT " us", g_get_monotonic_time () - begin);
  g_assert_false (cardea_insertion_equal (first, cardea_readers_find (get (self), A)->insertion));
  stop (self);
  g_assert_cmpuint (count_log (self, "SCardReleaseContext"), ==, count_log (self, "SCardEstablishContext"));
}

static void
test_restart_stopped (Fixture *self, gconstpointer data)
{
  check_restart (self, "0x8010001E");
}

static void
test_restart_no_service (Fixture *self, gconstpointer data)
{
  check_restart (self, "0x8010001D");
}

static void
test_restart_handle (Fixture *self, gconstpointer data)
{
  check_restart (self, "0x80100003");
}

/* A service that ends whatever is begun is tried a few times, then left alone. */
static void
test_failing (Fixture *self, gconstpointer data)
{
  guint n;

  make_socket_folder (self);
  make_socket (self);
  set_control (self, "[service]\nestablish=0x8010001D\n");
  start (self);
  await_service (self, CARDEA_READER_SERVICE_FAILING);
  test_loop_pass (2000);
  n = count_log (self, "SCardEstablishContext");
  g_assert_cmpuint (n, >=, 3);
  g_assert_cmpuint (n, <=, 5);
}

/* Twenty changes a second: the last state wins, and each is looked at once or twice. */
static void
test_storm (Fixture *self, gconstpointer data)
{
  set_control (self, "[reader " A "]\n");
  start (self);
  await_reader (self, A, CARDEA_READER_EMPTY);
  for (guint i = 1; i <= 41; i++) {
    g_autofree char *text =
        g_strdup_printf ("[reader " A "]\ncounter=%u\n%s", i, i % 2 == 1 ? "card=3b80\n" : "");

    set_control (self, text);
    test_loop_pass (50);
  }
  while (cardea_readers_find (get (self), A)->insertion->counter != 41)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (cardea_readers_find (get (self), A)->state, ==, CARDEA_READER_CARD);
  g_assert_cmpuint (count_log (self, "SCardListReaders"), <=, 2 * 2 * 44);
  g_assert_cmpuint (self->n_changes, <=, 43);
}

/* Once nothing happens any more, nothing is called any more. */
static void
test_quiet (Fixture *self, gconstpointer data)
{
  guint n;

  set_control (self, "[reader " A "]\ncounter=1\ncard=3b\n");
  start (self);
  await_reader (self, A, CARDEA_READER_CARD);
  test_loop_pass (1000);
  n = count_log (self, "SCardGetStatusChange");
  test_loop_pass (1500);
  g_assert_cmpuint (count_log (self, "SCardGetStatusChange"), ==, n);
}

static void
test_stop (Fixture *self, gconstpointer data)
{
  /* At whatever moment: also while a context is made or the wait begins. */
  for (guint i = 0; i < 60; i++) {
    gint64 begin;

    set_control (self, "[reader " A "]\n");
    start (self);
    if (i % 3 == 1)
      await_reader (self, A, CARDEA_READER_EMPTY);
    else if (i % 3 == 2)
      g_usleep (i * 100);
    begin = g_get_monotonic_time ();
    stop (self);
    g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
  }
  g_assert_cmpuint (count_log (self, "SCardReleaseContext"), ==, count_log (self, "SCardEstablishContext"));
}

static void
check_hang (Fixture *self, const char *call)
{
  g_autofree char *text = g_strdup_printf ("[service]\nhang=%s\n", call);
  gint64 begin;

  set_control (self, text);
  start (self);
  while (count_log (self, call) == 0)
    test_loop_pass (10);
  cardea_pcsc_watch_look (self->watch); /* blocks nobody either */
  test_loop_pass (50);
  begin = g_get_monotonic_time ();
  stop (self);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * G_USEC_PER_SEC);
}

static void
test_hang_establish (Fixture *self, gconstpointer data)
{
  check_hang (self, "SCardEstablishContext");
}

static void
test_hang_list (Fixture *self, gconstpointer data)
{
  check_hang (self, "SCardListReaders");
}

static void
test_hang_status (Fixture *self, gconstpointer data)
{
  check_hang (self, "SCardGetStatusChange");
}

static void
test_hang_cancel (Fixture *self, gconstpointer data)
{
  set_control (self, "[service]\nhang=SCardCancel\n");
  start (self);
  await_service (self, CARDEA_READER_SERVICE_READY);
  test_loop_pass (700);
  cardea_pcsc_watch_look (self->watch);
  cardea_pcsc_watch_look (self->watch);
  while (count_log (self, "SCardCancel") == 0)
    test_loop_pass (10);
  stop (self);
}

static void
test_silent (Fixture *self, gconstpointer data)
{
  set_control (self, "[service]\nhang=SCardEstablishContext\n");
  start (self);
  await_service (self, CARDEA_READER_SERVICE_SILENT);
  assert_explained (self, CARDEA_REASON_READER_SERVICE_SILENT);
}

/* A slot's description is a name that was cut after 64 bytes. */
static void
test_slot (Fixture *self, gconstpointer data)
{
  static const char name[] = "A reader whose maker was proud of each and every one of its virtues 00 00";
  g_autofree char *text = g_strdup_printf ("[reader %s]\n", name);
  g_autofree char *slot = g_strndup (name, 64);

  set_control (self, text);
  start (self);
  await_reader (self, name, CARDEA_READER_EMPTY);
  g_assert_nonnull (cardea_readers_find_slot (get (self), slot));
  g_assert_null (cardea_readers_find_slot (get (self), "A reader"));
  g_assert_null (cardea_readers_find_slot (get (self), ""));
}

#define ADD(path, function) g_test_add ("/pcsc-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("cards", test_cards);
  ADD ("swap", test_swap);
  ADD ("plug-and-play", test_plug_and_play);
  ADD ("states", test_states);
  ADD ("absent", test_absent);
  ADD ("starting", test_starting);
  ADD ("blinked", test_blinked);
  ADD ("refused", test_refused);
  ADD ("restart/stopped", test_restart_stopped);
  ADD ("restart/no-service", test_restart_no_service);
  ADD ("restart/handle", test_restart_handle);
  ADD ("failing", test_failing);
  ADD ("storm", test_storm);
  ADD ("quiet", test_quiet);
  ADD ("stop", test_stop);
  ADD ("slot", test_slot);
  ADD ("silent", test_silent);
  ADD ("hang/establish", test_hang_establish);
  ADD ("hang/list", test_hang_list);
  ADD ("hang/status", test_hang_status);
  ADD ("hang/cancel", test_hang_cancel);
  return g_test_run ();
}
