/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The watch on buses of the test's own, with a logind that says what it is told to. */

#include "agent/pin/lock-watch.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <unistd.h>

#include "tests/fixtures/loop.h"

#define SESSION "/org/freedesktop/login1/session/_31"

static const char interfaces[] =
    "<node><interface name='org.freedesktop.login1.Manager'><method name='Inhibit'>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='h' direction='out'/></method></interface>"
    "<interface name='org.freedesktop.login1.Session'><property name='User' type='(uo)' access='read'/>"
    "</interface></node>";

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *logind;
  GDBusNodeInfo *node;
  gboolean owned;
  guint32 uid;   /* whose the session is */
  int inhibitor; /* our end; the watch has the other */
  guint n_inhibited;
  guint n_asked; /* whose the session is */
  guint n_absent;
  gboolean open_then; /* the inhibitor, when absence was told */
  CardeaLockWatch *watch;
} Fixture;

static gboolean
is_held (Fixture *f)
{
  char byte;

  return read (f->inhibitor, &byte, 1) < 0;
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *f = data;
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  const char *what, *mode;
  int ends[2];

  g_variant_get (parameters, "(&s&s&s&s)", &what, NULL, NULL, &mode);
  g_assert_cmpstr (what, ==, "sleep");
  g_assert_cmpstr (mode, ==, "delay");
  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (ends[0], TRUE, NULL));
  if (f->inhibitor >= 0)
    close (f->inhibitor);
  f->inhibitor = ends[0];
  g_assert_cmpint (g_unix_fd_list_append (list, ends[1], NULL), ==, 0);
  close (ends[1]);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), list);
  f->n_inhibited++;
}

static GVariant *
on_property (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
             const char *property, GError **error, gpointer data)
{
  Fixture *f = data;

  f->n_asked++;
  return g_variant_new ("(uo)", f->uid, "/org/freedesktop/login1/user/self");
}

static void
on_owned (GDBusConnection *connection, const char *name, gpointer data)
{
  ((Fixture *)data)->owned = TRUE;
}

static void
on_absent (gpointer data)
{
  Fixture *f = data;

  f->n_absent++;
  f->open_then = f->inhibitor >= 0 && is_held (f);
}

static void
register_object (Fixture *f, const char *path, guint i)
{
  static const GDBusInterfaceVTable table = { .method_call = on_call, .get_property = on_property };

  g_assert_cmpuint (
      g_dbus_connection_register_object (f->logind, path, f->node->interfaces[i], &table, f, NULL, NULL), !=,
      0);
}

/* One bus is both. */
static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->uid = getuid ();
  f->inhibitor = -1;
  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (f->bus), TRUE);
  f->logind = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->bus),
                                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                      NULL, NULL, &error);
  g_assert_no_error (error);
  f->node = g_dbus_node_info_new_for_xml (interfaces, &error);
  g_assert_no_error (error);
  register_object (f, "/org/freedesktop/login1", 0);
  register_object (f, SESSION, 1);
  g_bus_own_name_on_connection (f->logind, "org.freedesktop.login1", G_BUS_NAME_OWNER_FLAGS_NONE, on_owned,
                                NULL, f, NULL);
  while (!f->owned)
    g_main_context_iteration (NULL, TRUE);
  f->watch = cardea_lock_watch_new (on_absent, f);
  while (f->n_inhibited == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->watch, cardea_lock_watch_free);
  test_loop_pass (100);
  close (f->inhibitor);
  g_dbus_connection_close_sync (f->logind, NULL, NULL);
  g_object_unref (f->logind);
  g_dbus_node_info_unref (f->node);
  g_test_dbus_stop (f->bus);
  g_object_unref (f->bus);
}

static void
emit (Fixture *f, const char *path, const char *interface, const char *signal, GVariant *parameters)
{
  g_assert_true (g_dbus_connection_emit_signal (f->logind, NULL, path, interface, signal, parameters, NULL));
}

static void
emit_hint (Fixture *f, gboolean locked)
{
  GVariantBuilder changed;

  g_variant_builder_init (&changed, G_VARIANT_TYPE ("a{sv}"));
  g_variant_builder_add (&changed, "{sv}", "LockedHint", g_variant_new_boolean (locked));
  emit (f, SESSION, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        g_variant_new ("(s@a{sv}@as)", "org.freedesktop.login1.Session", g_variant_builder_end (&changed),
                       g_variant_new_strv (NULL, 0)));
}

static void
wait_for (guint *count, guint value)
{
  while (*count < value)
    g_main_context_iteration (NULL, TRUE);
}

/* By the request to lock, and by a locker's word that it did. */
static void
test_lock (Fixture *f, gconstpointer data)
{
  emit (f, SESSION, "org.freedesktop.login1.Session", "Lock", NULL);
  wait_for (&f->n_absent, 1);
  emit_hint (f, FALSE);
  emit_hint (f, TRUE);
  wait_for (&f->n_absent, 2);
  cardea_lock_watch_let_sleep (f->watch);
  test_loop_pass (100);
  g_assert_cmpuint (f->n_absent, ==, 2);
  g_assert_true (is_held (f)); /* for a sleep that is to come */
}

static void
test_of_another_user (Fixture *f, gconstpointer data)
{
  f->uid = getuid () + 1;
  emit (f, SESSION, "org.freedesktop.login1.Session", "Lock", NULL);
  emit_hint (f, TRUE);
  wait_for (&f->n_asked, 2);
  test_loop_pass (100);
  g_assert_cmpuint (f->n_absent, ==, 0);
}

/* Sleep waits until what absence is told for is done, no longer; afterwards it would wait again. */
static void
test_sleep (Fixture *f, gconstpointer data)
{
  test_loop_pass (100);
  g_assert_true (is_held (f));
  emit (f, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep",
        g_variant_new ("(b)", TRUE));
  wait_for (&f->n_absent, 1);
  g_assert_true (f->open_then);
  test_loop_pass (100);
  g_assert_true (is_held (f));
  cardea_lock_watch_let_sleep (f->watch);
  while (is_held (f))
    g_main_context_iteration (NULL, FALSE);
  emit (f, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep",
        g_variant_new ("(b)", FALSE));
  wait_for (&f->n_inhibited, 2);
  test_loop_pass (100);
  g_assert_true (is_held (f));
  g_assert_cmpuint (f->n_absent, ==, 1);
}

/* Nothing tells when the watch has begun to listen to this bus: it is told until it hears. */
static void
test_screen_saver (Fixture *f, gconstpointer data)
{
  guint n_heard;

  while (f->n_absent == 0) {
    emit (f, "/org/freedesktop/ScreenSaver", data, "ActiveChanged", g_variant_new ("(b)", TRUE));
    test_loop_pass (100);
  }
  test_loop_pass (100);
  n_heard = f->n_absent;
  emit (f, "/org/freedesktop/ScreenSaver", data, "ActiveChanged", g_variant_new ("(b)", FALSE));
  test_loop_pass (100);
  g_assert_cmpuint (f->n_absent, ==, n_heard);
}

/* Of another shape than it is documented to be. */
static void
test_nonsense (Fixture *f, gconstpointer data)
{
  emit (f, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep",
        g_variant_new ("(s)", "now"));
  emit (f, SESSION, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        g_variant_new ("(ss)", "org.freedesktop.login1.Session", "LockedHint"));
  emit (f, "/org/freedesktop/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", NULL);
  test_loop_pass (100);
  g_assert_cmpuint (f->n_absent, ==, 0);
}

/* Gone while a question is under way. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  emit (f, SESSION, "org.freedesktop.login1.Session", "Lock", NULL);
  wait_for (&f->n_asked, 1);
  g_clear_pointer (&f->watch, cardea_lock_watch_free);
  test_loop_pass (100);
  g_assert_cmpuint (f->n_absent, ==, 0);
  g_assert_false (is_held (f));
}

/* Neither bus is there: nothing is told, nothing fails. */
static void
test_no_bus (void)
{
  g_autoptr (CardeaLockWatch) watch = NULL;

  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  watch = cardea_lock_watch_new (NULL, NULL);
  test_loop_pass (100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function, data) g_test_add ("/lock-watch/" name, Fixture, data, set_up, function, tear_down)
  ADD ("lock", test_lock, NULL);
  ADD ("of-another-user", test_of_another_user, NULL);
  ADD ("sleep", test_sleep, NULL);
  ADD ("screen-saver", test_screen_saver, "org.freedesktop.ScreenSaver");
  ADD ("screen-saver-gnome", test_screen_saver, "org.gnome.ScreenSaver");
  ADD ("nonsense", test_nonsense, NULL);
  ADD ("gone", test_gone, NULL);
#undef ADD
  g_test_add_func ("/lock-watch/no-bus", test_no_bus);
  return g_test_run ();
}
