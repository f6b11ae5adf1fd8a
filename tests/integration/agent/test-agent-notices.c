/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole agent on a session bus: that a remembered decision is used is told to the person, once in a
 * while, in words that no program, certificate or desktop can make anything else of; and no connection waits
 * for it.
 *
 * While the test fetches a page the desktop is as good as one that hangs. */

#include "tests/fixtures/asks.h"
#include "tests/fixtures/fake-desktop.h"
#include "tests/fixtures/session-bus.h"

#include <signal.h>
#include <string.h>

#define SILENT 5 /* uses of one decision */

typedef struct
{
  CardeaAsks *asks;
  SessionBus *bus;
  FakeDesktop *desktop; /* or NULL */
} Fixture;

#define NO_TOKENS "[agent]\ntoken-notifications=false\n"

/* The token's holder is @holder; what is decided for mock.pem is remembered. That tokens come is not told. */
static void
set_up (Fixture *f, const char *holder, gboolean desktop)
{
  f->asks = cardea_asks_new ("cancel");
  f->asks->mock_holder = holder;
  cardea_asks_renew_mock (f->asks);
  f->bus = session_bus_new ();
  g_setenv ("HOME", cardea_lab_get_folder (f->asks->lab), TRUE);
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  f->desktop = desktop ? fake_desktop_new (session_bus_get_address (f->bus)) : NULL;
  f->asks->config = NO_TOKENS;
  cardea_asks_restart (f->asks);
  cardea_asks_set_mock (f->asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (f->asks, TRUE);
  cardea_asks_script_pick (f->asks, "mock.pem", "removal");
}

static void
tear_down (Fixture *f)
{
  cardea_asks_free (f->asks);
  g_clear_pointer (&f->desktop, fake_desktop_free);
  session_bus_free (f->bus);
}

/* Runs a program of this name, which is not the test, and asks once. */
static void
fetch_as_other (Fixture *f, const char *name)
{
  g_autofree char *path = cardea_asks_make_program (f->asks, name);
  g_autofree char *port = g_strdup_printf ("%u", f->asks->port);
  g_autofree char *out = NULL;

  g_assert_cmpint (
      cardea_lab_run (f->asks->lab,
                      (const char *[]){ path, cardea_lab_get_socket (f->asks->lab), port, "1", "1", NULL },
                      NULL, &out, NULL),
      ==, 0);
  g_assert_nonnull (strstr (out, "ready"));
}

static char *
expect_body (Fixture *f, const char *holder, const char *program)
{
  g_autofree char *text = g_strdup_printf ("“%s” was shown by %s to localhost:%u, as you decided before.",
                                           holder, program, (guint)f->asks->port);

  return g_markup_escape_text (text, -1);
}

/* The first connection was asked for, which needs no notice. */
static void
test_once_a_while (void)
{
  Fixture f = { 0 };
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *program = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  const FakeNotification *notification;

  set_up (&f, "Ada Example", TRUE);
  for (guint i = 0; i <= SILENT; i++)
    cardea_asks_fetch_as (f.asks, NULL, "saw CN=Ada Example");
  g_assert_cmpuint (cardea_asks_count (f.asks), ==, 1);
  /* Whatever was told before the other program's is there when that is. */
  for (guint i = 0; i <= SILENT; i++)
    fetch_as_other (&f, "other");
  g_assert_cmpuint (cardea_asks_count (f.asks), ==, 2);
  fake_desktop_wait (f.desktop, 2);
  cardea_asks_stop (f.asks);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fake_desktop_get_notifications (f.desktop)->len, ==, 2);

  notification = fake_desktop_get_notifications (f.desktop)->pdata[0];
  program = cardea_lab_path (f.asks->lab, "other");
  first = expect_body (&f, "Ada Example", own);
  second = expect_body (&f, "Ada Example", program);
  g_assert_cmpstr (notification->application, ==, "Cardea");
  g_assert_cmpstr (notification->title, ==, "Certificate used");
  g_assert_cmpstr (fake_desktop_get_body (f.desktop, 0), ==, first);
  g_assert_cmpstr (fake_desktop_get_body (f.desktop, 1), ==, second);
  tear_down (&f);
}

static void
test_markup (void)
{
  static const char holder[] = "<b>Ada &amp; <a href=x>Co";
  Fixture f = { 0 };
  g_autofree char *program = NULL;
  g_autofree char *expected = NULL;

  set_up (&f, holder, TRUE);
  fetch_as_other (&f, "<i>x&lt;y");
  fetch_as_other (&f, "<i>x&lt;y");
  g_assert_cmpuint (cardea_asks_count (f.asks), ==, 1);
  fake_desktop_wait (f.desktop, 1);
  program = cardea_lab_path (f.asks->lab, "<i>x&lt;y");
  expected = expect_body (&f, holder, program);
  g_assert_cmpstr (fake_desktop_get_body (f.desktop, 0), ==, expected);
  g_assert_null (strpbrk (fake_desktop_get_body (f.desktop, 0), "<>"));
  g_assert_nonnull (
      strstr (fake_desktop_get_body (f.desktop, 0), "&lt;b&gt;Ada &amp;amp; &lt;a href=x&gt;Co"));
  g_assert_nonnull (strstr (fake_desktop_get_body (f.desktop, 0), "/&lt;i&gt;x&amp;lt;y to localhost:"));
  tear_down (&f);
}

/* Nobody shows notifications: the decision counts all the same. */
static void
test_no_desktop (void)
{
  Fixture f = { 0 };

  set_up (&f, "Ada Example", FALSE);
  for (guint i = 0; i <= SILENT; i++)
    cardea_asks_fetch_as (f.asks, NULL, "saw CN=Ada Example");
  g_assert_cmpuint (cardea_asks_count (f.asks), ==, 1);
  tear_down (&f);
}

/* The bus ends after it was used, as it does when the person logs out: the agent goes on. */
static void
test_bus_goes (void)
{
  Fixture f = { 0 };

  set_up (&f, "Ada Example", TRUE);
  for (guint i = 0; i <= 1; i++)
    cardea_asks_fetch_as (f.asks, NULL, "saw CN=Ada Example");
  fake_desktop_wait (f.desktop, 1);
  session_bus_kill (f.bus, NULL);
  for (guint i = 0; i <= SILENT; i++)
    cardea_asks_fetch_as (f.asks, NULL, "saw CN=Ada Example");
  fetch_as_other (&f, "other");
  fetch_as_other (&f, "other");
  cardea_asks_stop (f.asks);
  tear_down (&f);
}

/* The mock's token is in its slot or not, and so for a person; what is a file's is there from the start. */
static void
set_present (Fixture *f, gboolean present)
{
  cardea_asks_set_mock (f->asks, present ? CARDEA_ASKS_MOCK_OPEN : CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_mock (f->asks, present);
}

static void
set_up_tokens (Fixture *f, const char *config)
{
  set_up (f, "Ada Example", TRUE);
  f->asks->config = config;
  cardea_asks_restart (f->asks);
  cardea_asks_wait_for_mock (f->asks, TRUE);
}

static void
assert_told (Fixture *f, guint i, const char *title, const char *body)
{
  const FakeNotification *notification;

  fake_desktop_wait (f->desktop, i + 1);
  notification = fake_desktop_get_notifications (f->desktop)->pdata[i];
  g_assert_cmpstr (notification->title, ==, title);
  g_assert_cmpstr (notification->body, ==, body);
}

static void
kill_hosts (CardeaAsks *asks)
{
  g_autoptr (GArray) children = cardea_lab_get_children (asks->agent);

  g_assert_cmpuint (children->len, >, 0);
  for (guint i = 0; i < children->len; i++) {
    int pid = g_array_index (children, int, i);

    g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
    g_assert_true (cardea_lab_wait_until (cardea_lab_is_gone, GINT_TO_POINTER (pid)));
  }
}

/* What was there at the start is not told of, nor is a module that fails and comes back. */
static void
test_tokens (void)
{
  Fixture f = { 0 };
  guint before;

  set_up_tokens (&f, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  before = fake_desktop_get_notifications (f.desktop)->len;
  kill_hosts (f.asks);
  cardea_asks_wait_for_mock (f.asks, TRUE);
  set_present (&f, FALSE);
  assert_told (&f, before, "Token removed", "“Mock card”, Mock reader card");
  set_present (&f, TRUE);
  assert_told (&f, before + 1, "Token inserted", "“Mock card”, Mock reader card");
  g_assert_cmpuint (
      ((const FakeNotification *)fake_desktop_get_notifications (f.desktop)->pdata[before + 1])->replaces, ==,
      before + 1);
  cardea_asks_stop (f.asks);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fake_desktop_get_notifications (f.desktop)->len, ==, before + 2);
  tear_down (&f);
}

/* Off: what is told of decisions comes all the same, and shows that nothing else does. */
static void
test_tokens_off (void)
{
  Fixture f = { 0 };
  guint before;

  set_up_tokens (&f, NO_TOKENS);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  before = fake_desktop_get_notifications (f.desktop)->len;
  set_present (&f, FALSE);
  set_present (&f, TRUE);
  for (guint i = 0; i <= 1; i++)
    cardea_asks_fetch_as (f.asks, NULL, "saw CN=Ada Example");
  fake_desktop_wait (f.desktop, before + 1);
  cardea_asks_stop (f.asks);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fake_desktop_get_notifications (f.desktop)->len, ==, before + 1);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-notices/once-a-while", test_once_a_while);
  g_test_add_func ("/agent-notices/markup", test_markup);
  g_test_add_func ("/agent-notices/no-desktop", test_no_desktop);
  g_test_add_func ("/agent-notices/bus-goes", test_bus_goes);
  g_test_add_func ("/agent-notices/tokens", test_tokens);
  g_test_add_func ("/agent-notices/tokens-off", test_tokens_off);
  return g_test_run ();
}
