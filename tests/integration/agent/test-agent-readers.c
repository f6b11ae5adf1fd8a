/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole agent on a card service that is made up: what a person sees of cards that come and go, and of a
 * service that refuses, is absent, hangs or never rests. The module is the mock, under the name of OpenSC. */

#include <signal.h>
#include <string.h>

#include "tests/fixtures/fake-desktop.h"
#include "tests/fixtures/lab.h"
#include "tests/fixtures/session-bus.h"

#define READER "Reader 00 00"
#define CARD "[reader " READER "]\ncounter=%u\ncard=3b80\n"
#define EMPTY "[reader " READER "]\ncounter=%u\n"

typedef struct
{
  CardeaLab *lab;
  GSubprocess *agent;
} World;

static void
set_service (World *world, const char *text)
{
  cardea_lab_write (world->lab, "pcsc", text);
}

static void
copy_module (World *world)
{
  g_autofree char *from = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "tests", "fixtures",
                                            "mock-module", "cardea-mock-module.so", NULL);
  g_autofree char *to = cardea_lab_path (world->lab, "opensc-pkcs11.so");
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &text, &length, NULL));
  g_assert_true (g_file_set_contents (to, text, (gssize)length, NULL));
}

static void
set_up (World *world, gconstpointer data)
{
  g_autofree char *service = NULL, *socket = NULL, *control = NULL, *text = NULL;

  world->lab = cardea_lab_new ();
  service = cardea_lab_path (world->lab, "pcsc");
  socket = cardea_lab_path (world->lab, "pcsc-socket");
  control = cardea_lab_path (world->lab, "control");
  text =
      g_strdup_printf ("[module]\nlog=%s/calls\nstate=%s\n[token card]\nlabel=My card\nreader=" READER "\n",
                       cardea_lab_get_folder (world->lab), cardea_lab_get_folder (world->lab));
  cardea_lab_write (world->lab, "control", text);
  copy_module (world);
  g_setenv ("CARDEA_FAKE_PCSC", service, TRUE);
  g_setenv ("PCSCLITE_CSOCK_NAME", socket, TRUE);
  g_setenv ("CARDEA_MOCK_CONTROL", control, TRUE);
  g_setenv ("LD_LIBRARY_PATH", g_getenv ("CARDEA_FAKE_PCSC_FOLDER"), TRUE);
}

static void
start (World *world)
{
  g_autofree char *module = cardea_lab_path (world->lab, "opensc-pkcs11.so");

  world->agent = cardea_lab_agent (world->lab, (const guint16[]){ 0 }, NULL,
                                   (const char *const[]){ "--module", module, NULL });
}

static void
tear_down (World *world, gconstpointer data)
{
  cardea_lab_free (world->lab);
}

static char *
list (World *world)
{
  char *out = NULL;

  g_assert_cmpint (cardea_lab_cardea (world->lab, (const char *const[]){ "tokens", NULL }, NULL, &out, NULL),
                   ==, 0);
  return out;
}

typedef struct
{
  World *world;
  const char *text;
  gboolean there;
} Expectation;

static gboolean
is_as_expected (gpointer data)
{
  const Expectation *self = data;
  g_autofree char *out = list (self->world);

  return (strstr (out, self->text) != NULL) == self->there;
}

static void
await (World *world, const char *text, gboolean there)
{
  Expectation expectation = { world, text, there };

  if (!cardea_lab_wait_until (is_as_expected, &expectation)) {
    g_autofree char *out = list (world);

    g_error ("“%s” %s:\n%s", text, there ? "does not come" : "does not go", out);
  }
}

static void
set_reader (World *world, const char *format, guint counter)
{
  g_autoptr (GString) text = g_string_new (format);
  g_autofree char *number = g_strdup_printf ("%u", counter);

  g_string_replace (text, "%u", number, 1);
  set_service (world, text->str);
}

static void
test_card (World *world, gconstpointer data)
{
  set_reader (world, EMPTY, 0);
  start (world);
  await (world, "My card", FALSE);
  set_reader (world, CARD, 1);
  await (world, "My card", TRUE);
  set_reader (world, EMPTY, 2);
  await (world, "My card", FALSE);
}

static void
test_absent (World *world, gconstpointer data)
{
  set_service (world, "[service]\nestablish=0x8010001D\n");
  start (world);
  await (world, "not installed or not running", TRUE);
  await (world, "Cardea test", TRUE); /* other tokens are none the worse */
  set_reader (world, CARD, 1);
  cardea_lab_write (world->lab, "pcsc-socket", "");
  await (world, "My card", TRUE);
  await (world, "not installed or not running", FALSE);
}

static void
test_refused (World *world, gconstpointer data)
{
  set_service (world, "[service]\nestablish=0x8010006A\n");
  start (world);
  await (world, "refuses to serve you", TRUE);
  set_reader (world, CARD, 1);
  await (world, "My card", TRUE); /* who asks makes it try again */
}

static void
test_restarted (World *world, gconstpointer data)
{
  cardea_lab_write (world->lab, "pcsc-socket", "");
  set_service (world, "[service]\nrun=1\n[reader " READER "]\ncounter=1\ncard=3b80\n");
  start (world);
  await (world, "My card", TRUE);
  set_service (world, "[service]\nrun=2\n[reader " READER "]\ncounter=1\ncard=3b80\n");
  cardea_lab_wait_for_log (world->lab, "agent", "Token left");
  await (world, "My card", TRUE);
}

static guint
count_starts (World *world)
{
  g_autofree char *path = cardea_lab_path (world->lab, "calls");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_has_prefix (lines[i], "C_Initialize");
  return n;
}

/* Twenty changes a second, while somebody asks as fast as there are answers. */
static void
test_storm (World *world, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();

  set_reader (world, EMPTY, 0);
  start (world);
  for (guint i = 1; i <= 60; i++) {
    gint64 next = begin + (gint64)i * 50 * G_TIME_SPAN_MILLISECOND;

    set_reader (world, i % 2 == 0 ? EMPTY : CARD, i);
    if (i % 10 == 0) {
      g_autofree char *out = list (world);

      g_assert_nonnull (strstr (out, "Cardea test"));
    }
    g_usleep ((gulong)MAX (next - g_get_monotonic_time (), 0)); /* the storm's own measure */
  }
  set_reader (world, CARD, 61);
  await (world, "My card", TRUE);
  g_assert_cmpuint (count_starts (world), <=, (g_get_monotonic_time () - begin) / (500 * 1000) + 2);
}

static gboolean
on_pause_over (gpointer over)
{
  *(gboolean *)over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Meanwhile the desktop of the test answers. */
static void
pause_for (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_pause_over, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static const FakeNotification *
get_notification (FakeDesktop *desktop, guint i)
{
  fake_desktop_wait (desktop, i + 1);
  return fake_desktop_get_notifications (desktop)->pdata[i];
}

/* The person is told what a hand does at the reader, and of a storm no more than can be read. */
static void
test_told (World *world, gconstpointer data)
{
  g_autoptr (SessionBus) bus = session_bus_new ();
  g_autoptr (FakeDesktop) desktop = fake_desktop_new (session_bus_get_address (bus));
  GPtrArray *told = fake_desktop_get_notifications (desktop);
  gint64 begin;
  guint limit;

  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  cardea_lab_set_asks (world->lab, TRUE);
  set_reader (world, CARD, 1);
  start (world);
  await (world, "My card", TRUE);
  pause_for (200);
  g_assert_cmpuint (told->len, ==, 0); /* it was there before */
  set_reader (world, EMPTY, 2);
  g_assert_cmpstr (get_notification (desktop, 0)->title, ==, "Token removed");
  g_assert_cmpstr (get_notification (desktop, 0)->body, ==, "“My card”, " READER);
  set_reader (world, CARD, 3);
  g_assert_cmpstr (get_notification (desktop, 1)->title, ==, "Token inserted");
  g_assert_cmpuint (get_notification (desktop, 1)->replaces, ==, 1);
  begin = g_get_monotonic_time ();
  for (guint i = 4; i < 64; i++) {
    set_reader (world, i % 2 == 0 ? EMPTY : CARD, i);
    pause_for (50);
  }
  set_reader (world, EMPTY, 64);
  do
    pause_for (50);
  while (g_strcmp0 (get_notification (desktop, told->len - 1)->title, "Token removed") != 0);
  limit = 2 + 1 + (guint)((g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
  g_assert_cmpuint (told->len, <=, limit);
  for (guint i = 2; i < told->len; i++)
    g_assert_cmpuint (get_notification (desktop, i)->replaces, ==, i);
}

/* Neither a question nor the end waits for it. */
static void
test_hanging (World *world, gconstpointer data)
{
  gint64 begin;

  set_service (world, "[service]\nhang=SCardListReaders\n");
  start (world);
  await (world, "does not answer", TRUE);
  begin = g_get_monotonic_time ();
  g_subprocess_send_signal (world->agent, SIGTERM);
  g_assert_true (g_subprocess_wait (world->agent, NULL, NULL));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
}

#define ADD(name, test) g_test_add ("/agent-readers/" name, World, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("card", test_card);
  ADD ("absent", test_absent);
  ADD ("refused", test_refused);
  ADD ("restarted", test_restarted);
  ADD ("storm", test_storm);
  ADD ("told", test_told);
  ADD ("hanging", test_hanging);
  return g_test_run ();
}
