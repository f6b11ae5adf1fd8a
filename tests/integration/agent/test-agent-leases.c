/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* For how long a PIN counts, in the whole agent: the mock's token counts the logins. */

#include <string.h>

#include "tests/fixtures/asks.h"

#define PIN "31415926"

/* The same certificate is picked and the same PIN typed as often as either is asked for. */
static CardeaAsks *
new_with_card (const char *config)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;pick %s always\nshown;type right;typed", fingerprint);

  cardea_lab_write (asks->lab, "right", PIN);
  cardea_asks_set_mock (asks, "");
  if (config != NULL) {
    asks->config = config;
    cardea_asks_restart (asks);
  }
  cardea_lab_write (asks->lab, "script", script);
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

static void
assert_logins (CardeaAsks *asks, const char *attempts)
{
  g_autofree char *path = cardea_lab_path (asks->lab, "mock-state/card.attempts");
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (g_strstrip (text), ==, attempts);
}

static gboolean
is_listed_locked (gpointer data)
{
  CardeaAsks *asks = data;
  g_autofree char *out = NULL;
  const char *card;

  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", NULL }, NULL, &out, NULL);
  card = strstr (out, "Mock card");
  card = card != NULL ? strstr (card, "  Unlocked        ") : NULL;
  return card != NULL && g_str_has_prefix (card, "  Unlocked        no\n");
}

static void
assert_listed_locked (CardeaAsks *asks)
{
  g_assert_true (cardea_lab_wait_until (is_listed_locked, asks));
}

static gboolean
has_session (gpointer data)
{
  CardeaAsks *asks = data;
  g_autofree char *out = NULL;

  cardea_lab_cardea (asks->lab, (const char *[]){ "sessions", NULL }, NULL, &out, NULL);
  return strstr (out, "CN=Mock client") != NULL;
}

/* Two connections by one login; a third stands while the login is ended, and goes on; the next needs the PIN.
 */
static void
test_lock (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card (NULL);
  g_autofree char *tokens = NULL;
  g_autofree char *out = NULL;
  g_autofree char *again = NULL;
  g_autofree char *page = NULL;
  CardeaClient *standing;

  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  assert_logins (asks, "1");
  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", NULL }, NULL, &tokens, NULL);
  g_assert_nonnull (strstr (tokens, "yes, until the screen is locked"));

  standing = cardea_asks_begin (asks, asks->port, NULL);
  g_assert_true (cardea_lab_wait_until (has_session, asks));
  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "lock", NULL }, NULL, &out, NULL), ==, 0);
  g_assert_cmpstr (out, ==, "1 token is locked.\n");
  assert_listed_locked (asks);
  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "lock", NULL }, NULL, &again, NULL), ==,
                   0);
  g_assert_cmpstr (again, ==, "No token was unlocked.\n");
  page = cardea_asks_finish (standing, NULL);
  g_assert_nonnull (strstr (page, "saw CN=Mock client"));
  assert_logins (asks, "1");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  assert_logins (asks, "2");
}

/* By URI: another token's is left alone, and what is no URI of a token is refused. */
static void
test_lock_one (void)
{
  g_autoptr (CardeaAsks) asks = new_with_card (NULL);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "lock", "pkcs11:token=Another", NULL },
                                      NULL, &out, NULL),
                   ==, 0);
  g_assert_cmpstr (out, ==, "No token was unlocked.\n");
  g_assert_cmpint (
      cardea_lab_cardea (asks->lab, (const char *[]){ "lock", "Mock card", NULL }, NULL, NULL, &err), ==, 2);
  g_assert_nonnull (strstr (err, "A token is named by its URI"));
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  assert_logins (asks, "1");
}

static void
test_idle (void)
{
  g_autoptr (CardeaAsks) asks =
      new_with_card ("[lease card]\ntoken=pkcs11:token=Mock%20card\nidle-seconds=2\n");

  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  assert_listed_locked (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  assert_logins (asks, "2");
}

/* The desktop says that the screen is locked. The bus comes first: GTestDBus forks a process that ends with
 * exit(), in which a sanitizer takes the memory of threads that there were for leaked. */
static void
test_screen_lock (void)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (CardeaAsks) asks = NULL;
  g_autoptr (GDBusConnection) desktop = NULL;
  g_autoptr (GError) error = NULL;

  g_test_dbus_up (bus);
  asks = new_with_card (NULL);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  cardea_asks_restart (asks);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  desktop = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (bus),
                                                    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                        G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                    NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_dbus_connection_emit_signal (desktop, NULL, "/org/gnome/ScreenSaver",
                                                "org.gnome.ScreenSaver", "ActiveChanged",
                                                g_variant_new ("(b)", TRUE), &error));
  g_assert_true (g_dbus_connection_flush_sync (desktop, NULL, NULL));
  assert_listed_locked (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Mock client");
  assert_logins (asks, "2");
  cardea_asks_stop (asks);
  g_assert_true (g_dbus_connection_close_sync (desktop, NULL, NULL));
  g_test_dbus_down (bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-leases/lock", test_lock);
  g_test_add_func ("/agent-leases/lock-one", test_lock_one);
  g_test_add_func ("/agent-leases/idle", test_idle);
  g_test_add_func ("/agent-leases/screen-lock", test_screen_lock);
  return g_test_run ();
}
