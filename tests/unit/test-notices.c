/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices on a session bus of the test's own, with a desktop that writes down what it is told. */

#include "agent/prompt/notices.h"

#include <gio/gio.h>

#include "socket-api/limits.h"

static const char interface[] =
    "<node><interface name='org.freedesktop.Notifications'><method name='Notify'>"
    "<arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>"
    "<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/>"
    "</method></interface></node>";

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *desktop;
  GDBusNodeInfo *node;
  GPtrArray *bodies;
  gboolean owned;
} Fixture;

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *name,
         const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *f = data;
  char *body;

  g_variant_get_child (parameters, 4, "s", &body);
  g_ptr_array_add (f->bodies, body);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", 1));
}

static void
on_owned (GDBusConnection *connection, const char *name, gpointer data)
{
  ((Fixture *)data)->owned = TRUE;
}

/* On a connection of its own, as a desktop is another process. */
static void
set_up (Fixture *f, gconstpointer data)
{
  static const GDBusInterfaceVTable table = { .method_call = on_call };
  g_autoptr (GError) error = NULL;

  f->bodies = g_ptr_array_new_with_free_func (g_free);
  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  f->desktop = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->bus),
                                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                           G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                       NULL, NULL, &error);
  g_assert_no_error (error);
  f->node = g_dbus_node_info_new_for_xml (interface, NULL);
  g_assert_cmpuint (g_dbus_connection_register_object (f->desktop, "/org/freedesktop/Notifications",
                                                       f->node->interfaces[0], &table, f, NULL, &error),
                    !=, 0);
  g_bus_own_name_on_connection (f->desktop, "org.freedesktop.Notifications", G_BUS_NAME_OWNER_FLAGS_NONE,
                                on_owned, NULL, f, NULL);
  while (!f->owned)
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_dbus_connection_close_sync (f->desktop, NULL, NULL);
  g_object_unref (f->desktop);
  g_dbus_node_info_unref (f->node);
  g_test_dbus_stop (f->bus);
  g_object_unref (f->bus);
  g_ptr_array_unref (f->bodies);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
wait_for (Fixture *f, guint count)
{
  while (f->bodies->len < count)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_told (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaNotices) notices = cardea_notices_new ();

  cardea_notices_tell_used (notices, "/usr/bin/fetch", "bank.example", 443, "Ada Example");
  wait_for (f, 1);
  g_assert_cmpstr (f->bodies->pdata[0], ==,
                   "“Ada Example” was shown by /usr/bin/fetch to bank.example:443, as you decided before.");
}

static void
test_markup (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaNotices) notices = cardea_notices_new ();

  cardea_notices_tell_used (notices, "/tmp/<b>x</b>", "bank.example", 443, "A\n<a href='x'>\xe2\x80\xae");
  wait_for (f, 1);
  g_assert_null (strchr (f->bodies->pdata[0], '<'));
  g_assert_null (strchr (f->bodies->pdata[0], '\n'));
  g_assert_null (strstr (f->bodies->pdata[0], "\xe2\x80\xae"));
}

static gboolean
has_body (Fixture *f, const char *text)
{
  for (guint i = 0; i < f->bodies->len; i++)
    if (strstr (f->bodies->pdata[i], text) != NULL)
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
  wait_for (f, 2);
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
  wait_for (f, CARDEA_LIMIT_NOTICES + 1);
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
  g_assert_cmpuint (f->bodies->len, ==, 0);
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
