/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices on a session bus of the test's own, with a desktop that writes down what it is told. */

#include "agent/prompt/notices.h"

#include <gio/gio.h>

#include "socket-api/limits.h"
#include "tests/fixtures/fake-desktop.h"

typedef struct
{
  GTestDBus *bus;
  FakeDesktop *desktop;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  f->desktop = fake_desktop_new (g_test_dbus_get_bus_address (f->bus));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  fake_desktop_forget_bus ();
  fake_desktop_free (f->desktop);
  g_test_dbus_stop (f->bus);
  g_object_unref (f->bus);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
test_told (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaNotices) notices = cardea_notices_new ();

  cardea_notices_tell_used (notices, "/usr/bin/fetch", "bank.example", 443, "Ada Example");
  fake_desktop_wait (f->desktop, 1);
  g_assert_cmpstr (fake_desktop_get_body (f->desktop, 0), ==,
                   "“Ada Example” was shown by /usr/bin/fetch to bank.example:443, as you decided before.");
}

static void
test_markup (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaNotices) notices = cardea_notices_new ();

  cardea_notices_tell_used (notices, "/tmp/<b>x</b>", "bank.example", 443, "A\n<a href='x'>\xe2\x80\xae");
  fake_desktop_wait (f->desktop, 1);
  g_assert_null (strchr (fake_desktop_get_body (f->desktop, 0), '<'));
  g_assert_null (strchr (fake_desktop_get_body (f->desktop, 0), '\n'));
  g_assert_null (strstr (fake_desktop_get_body (f->desktop, 0), "\xe2\x80\xae"));
}

static gboolean
has_body (Fixture *f, const char *text)
{
  for (guint i = 0; i < fake_desktop_get_notifications (f->desktop)->len; i++)
    if (strstr (fake_desktop_get_body (f->desktop, i), text) != NULL)
      return TRUE;
  return FALSE;
}

static void
test_once (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaNotices) notices = cardea_notices_new ();

  for (guint i = 0; i < 100; i++)
    cardea_notices_tell_used (notices, "/usr/bin/fetch", "bank.example", 443, "Ada");
  cardea_notices_tell_used (notices, "/usr/bin/fetch", "bank.example", 444, "Ada");
  fake_desktop_wait (f->desktop, 2);
  g_assert_true (has_body (f, ":443") && has_body (f, ":444"));
}

static void
test_limit (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaNotices) notices = cardea_notices_new ();
  g_autoptr (CardeaNotices) others = cardea_notices_new ();

  for (guint i = 1; i <= CARDEA_LIMIT_NOTICES + 1; i++)
    cardea_notices_tell_used (notices, "/usr/bin/fetch", "bank.example", (guint16)i, "Ada");
  cardea_notices_tell_used (others, "/usr/bin/fetch", "last.example", 1, "Ada");
  fake_desktop_wait (f->desktop, CARDEA_LIMIT_NOTICES + 1);
  g_assert_true (has_body (f, "last.example"));
}

/* Given up while the bus is still asked for: nothing is touched afterwards. */
static void
test_freed_at_once (Fixture *f, gconstpointer data)
{
  CardeaNotices *notices = cardea_notices_new ();

  cardea_notices_tell_used (notices, "/usr/bin/fetch", "bank.example", 443, "Ada");
  cardea_notices_free (notices);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fake_desktop_get_notifications (f->desktop)->len, ==, 0);
}

#define ADD(path, test) g_test_add ("/notices/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("told", test_told);
  ADD ("markup", test_markup);
  ADD ("once", test_once);
  ADD ("limit", test_limit);
  ADD ("freed-at-once", test_freed_at_once);
  return g_test_run ();
}
