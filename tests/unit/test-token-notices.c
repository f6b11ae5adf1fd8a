/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a desktop is told of tokens: the last word about each reader, in words of ours and a bounded part of
 * the card's. */

#include "agent/prompt/token-notices.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/limits.h"
#include "tests/fixtures/fake-desktop.h"

typedef struct
{
  GTestDBus *bus;
  FakeDesktop *desktop;
  CardeaTokenNotices *notices;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  f->desktop = fake_desktop_new (g_test_dbus_get_bus_address (f->bus));
  f->notices = cardea_token_notices_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->notices, cardea_token_notices_free);
  fake_desktop_forget_bus ();
  fake_desktop_free (f->desktop);
  g_test_dbus_stop (f->bus);
  g_object_unref (f->bus);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static const FakeNotification *
get (Fixture *f, guint i)
{
  fake_desktop_wait (f->desktop, i + 1);
  return fake_desktop_get_notifications (f->desktop)->pdata[i];
}

static guint
count (Fixture *f)
{
  return fake_desktop_get_notifications (f->desktop)->len;
}

static void
test_replaced (Fixture *f, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();

  cardea_token_notices_tell (f->notices, TRUE, "Ada’s card", "Reader 0");
  g_assert_cmpstr (get (f, 0)->title, ==, "Token inserted");
  g_assert_cmpstr (get (f, 0)->body, ==, "“Ada’s card”, Reader 0");
  g_assert_cmpstr (get (f, 0)->application, ==, "Cardea");
  g_assert_cmpuint (get (f, 0)->replaces, ==, 0);
  cardea_token_notices_tell (f->notices, FALSE, "Ada’s card", "Reader 0");
  g_assert_cmpstr (get (f, 1)->title, ==, "Token removed");
  g_assert_cmpuint (get (f, 1)->replaces, ==, 1);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=,
                   CARDEA_LIMIT_TOKEN_NOTICE_MS * G_GINT64_CONSTANT (900));
}

/* Another reader has a notice of its own, at once. */
static void
test_two_readers (Fixture *f, gconstpointer data)
{
  cardea_token_notices_tell (f->notices, TRUE, "A", "Reader 0");
  cardea_token_notices_tell (f->notices, TRUE, "B", "Reader 1");
  g_assert_cmpuint (get (f, 1)->replaces, ==, 0);
}

/* As often as a loose contact makes a card come and go: the first word at once, then the last one. */
static void
test_storm (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    cardea_token_notices_tell (f->notices, i % 2 == 0, "A", "Reader 0");
  g_assert_cmpstr (get (f, 0)->title, ==, "Token inserted");
  g_assert_cmpstr (get (f, 1)->title, ==, "Token removed");
  cardea_token_notices_tell (f->notices, TRUE, "B", "Reader 1");
  get (f, 2);
  g_assert_cmpuint (count (f), ==, 3);
}

/* A desktop that hangs is not sent more, however much happens. */
static void
test_hanging (Fixture *f, gconstpointer data)
{
  fake_desktop_hang (f->desktop, TRUE);
  cardea_token_notices_tell (f->notices, TRUE, "A", "Reader 0");
  get (f, 0);
  for (guint i = 0; i < 200; i++)
    cardea_token_notices_tell (f->notices, i % 2 == 0, "A", "Reader 0");
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count (f), ==, 1);
  fake_desktop_hang (f->desktop, FALSE);
  g_assert_cmpuint (get (f, 1)->replaces, ==, 1);
}

/* A card says what it likes. */
static void
test_hostile (Fixture *f, gconstpointer data)
{
  g_autofree char *endless = g_strnfill (5000, 'x');
  const char *body;

  cardea_token_notices_tell (f->notices, TRUE, "<b>A</b>\n\xe2\x80\xae\xff", "<i>&");
  body = get (f, 0)->body;
  g_assert_null (strpbrk (body, "<>\n"));
  g_assert_null (strstr (body, "\xe2\x80\xae"));
  g_assert_nonnull (strstr (body, "&lt;b&gt;A&lt;/b&gt;"));
  g_assert_nonnull (strstr (body, "&lt;i&gt;&amp;"));
  cardea_token_notices_tell (f->notices, TRUE, endless, endless);
  body = get (f, 1)->body;
  g_assert_cmpint (g_utf8_strlen (body, -1), <, 140);
  g_assert_true (g_utf8_validate (body, -1, NULL));
  cardea_token_notices_tell (f->notices, TRUE, "", "Reader 3");
  g_assert_cmpstr (get (f, 2)->body, ==, "Reader 3");
}

/* Readers are as many as devices say. */
static void
test_limit (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i <= CARDEA_LIMIT_NOTICES; i++) {
    g_autofree char *name = g_strdup_printf ("Reader %u", i);

    cardea_token_notices_tell (f->notices, TRUE, "A", name);
  }
  get (f, CARDEA_LIMIT_NOTICES - 1);
  cardea_token_notices_tell (f->notices, FALSE, "A", "Reader 0");
  get (f, CARDEA_LIMIT_NOTICES); /* a second later, when the rest is over */
  g_assert_cmpuint (count (f), ==, CARDEA_LIMIT_NOTICES + 1);
  cardea_token_notices_tell (f->notices, TRUE, "A", "Reader 99"); /* others are forgotten for it */
  g_assert_cmpuint (get (f, CARDEA_LIMIT_NOTICES + 1)->replaces, ==, 0);
}

/* Freed while the desktop has one, while another waits: nothing is touched afterwards. */
static void
test_freed (Fixture *f, gconstpointer data)
{
  fake_desktop_hang (f->desktop, TRUE);
  cardea_token_notices_tell (f->notices, TRUE, "A", "Reader 0");
  get (f, 0);
  cardea_token_notices_tell (f->notices, FALSE, "A", "Reader 0");
  g_clear_pointer (&f->notices, cardea_token_notices_free);
  fake_desktop_hang (f->desktop, FALSE);
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count (f), ==, 1);
}

#define ADD(path, test) g_test_add ("/token-notices/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("replaced", test_replaced);
  ADD ("two-readers", test_two_readers);
  ADD ("storm", test_storm);
  ADD ("hanging", test_hanging);
  ADD ("hostile", test_hostile);
  ADD ("limit", test_limit);
  ADD ("freed", test_freed);
  return g_test_run ();
}
