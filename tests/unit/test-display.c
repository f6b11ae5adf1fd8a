/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a prompt is shown: what it inherits, and what the user's session says over its bus, if it says
 * anything. */

#include "agent/prompt/display.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket-api/limits.h"

static const char *const OWN[] = { "HOME=/home/u",
                                   "LANG=de_DE.UTF-8",
                                   "LC_TIME=C",
                                   "DISPLAY=:0",
                                   "XAUTHORITY=/own",
                                   "WAYLAND_DISPLAY=wayland-0",
                                   "LD_PRELOAD=/evil.so",
                                   "GTK_THEME=x",
                                   "GTK_MODULES=evil",
                                   "GSK_RENDERER=gl",
                                   "PATH=/bin",
                                   "XDG_ACTIVATION_TOKEN=old",
                                   "TZ=a\nb",
                                   NULL };

static void
assert_value (char **environment, const char *name, const char *value)
{
  g_assert_cmpstr (g_environ_getenv (environment, name), ==, value);
}

static void
test_own (void)
{
  g_auto (GStrv) made = cardea_display_make_environment (OWN, NULL, NULL);

  assert_value (made, "HOME", "/home/u");
  assert_value (made, "LANG", "de_DE.UTF-8");
  assert_value (made, "LC_TIME", "C");
  assert_value (made, "PATH", "/bin");
  assert_value (made, "DISPLAY", ":0");
  assert_value (made, "WAYLAND_DISPLAY", "wayland-0");
  assert_value (made, "XAUTHORITY", "/own");
  assert_value (made, "GSK_RENDERER", "cairo");
  assert_value (made, "ADW_DISABLE_PORTAL", "1");
  assert_value (made, "LD_PRELOAD", NULL);
  assert_value (made, "GTK_THEME", NULL);
  assert_value (made, "GTK_MODULES", NULL);
  assert_value (made, "XDG_ACTIVATION_TOKEN", NULL);
  assert_value (made, "DESKTOP_STARTUP_ID", NULL);
  assert_value (made, "TZ", NULL);
}

/* The display comes from one place as a whole, and nothing else does. */
static void
test_manager (void)
{
  const char *const manager[] = { "WAYLAND_DISPLAY=wayland-1", "HOME=/elsewhere", "LD_PRELOAD=/evil.so",
                                  "LC_TIME=x", NULL };
  g_auto (GStrv) made = cardea_display_make_environment (OWN, manager, NULL);

  assert_value (made, "WAYLAND_DISPLAY", "wayland-1");
  assert_value (made, "DISPLAY", NULL);
  assert_value (made, "XAUTHORITY", NULL);
  assert_value (made, "HOME", "/home/u");
  assert_value (made, "LC_TIME", "C");
  assert_value (made, "LD_PRELOAD", NULL);
}

static void
test_manager_without_display (void)
{
  const char *const manager[] = { "XAUTHORITY=/managed", "HOME=/elsewhere", NULL };
  g_auto (GStrv) made = cardea_display_make_environment (OWN, manager, NULL);

  assert_value (made, "DISPLAY", ":0");
  assert_value (made, "XAUTHORITY", "/own");
}

static void
test_manager_hostile (void)
{
  const char *const manager[] = { "DISPLAY=:1\nLD_PRELOAD=/evil.so", "WAYLAND_DISPLAY=", "nonsense", "=",
                                  NULL };
  g_auto (GStrv) made = cardea_display_make_environment (OWN, manager, NULL);

  assert_value (made, "DISPLAY", ":0");
  assert_value (made, "WAYLAND_DISPLAY", "wayland-0");
}

static void
test_value_limit (void)
{
  g_autofree char *value = g_strnfill (CARDEA_LIMIT_PROMPT_TEXT_BYTES, 'd');
  g_autofree char *at = g_strconcat ("DISPLAY=", value, NULL);
  g_autofree char *past = g_strconcat ("DISPLAY=d", value, NULL);
  const char *const manager_at[] = { at, NULL };
  const char *const manager_past[] = { past, NULL };
  g_auto (GStrv) kept = cardea_display_make_environment (OWN, manager_at, NULL);
  g_auto (GStrv) left_out = cardea_display_make_environment (OWN, manager_past, NULL);

  assert_value (kept, "DISPLAY", value);
  assert_value (left_out, "DISPLAY", ":0");
}

static void
test_activation_token (void)
{
  g_auto (GStrv) made = cardea_display_make_environment (OWN, NULL, "token_TIME123");
  g_auto (GStrv) hostile = cardea_display_make_environment (OWN, NULL, "a\nLD_PRELOAD=/evil.so");
  g_auto (GStrv) invalid = cardea_display_make_environment (OWN, NULL, "a\xff");

  assert_value (made, "DESKTOP_STARTUP_ID", "token_TIME123");
  assert_value (made, "XDG_ACTIVATION_TOKEN", "token_TIME123");
  assert_value (hostile, "DESKTOP_STARTUP_ID", NULL);
  assert_value (invalid, "XDG_ACTIVATION_TOKEN", NULL);
}

/* The bus. */

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  *(CardeaDisplay **)data = cardea_display_look_up_finish (result);
}

static CardeaDisplay *
look_up (void)
{
  CardeaDisplay *display = NULL;

  cardea_display_look_up_async (on_looked_up, &display);
  g_assert_null (display); /* never from inside the call */
  while (display == NULL)
    g_main_context_iteration (NULL, TRUE);
  return display;
}

static void
assert_unknown (void)
{
  g_autoptr (CardeaDisplay) display = look_up ();

  g_assert_null (display->environment);
  g_assert_null (display->colour_scheme);
}

static void
test_no_bus (void)
{
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_unsetenv ("XDG_RUNTIME_DIR");
  assert_unknown ();
  g_setenv ("XDG_RUNTIME_DIR", "/nonexistent", TRUE);
  assert_unknown ();
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  assert_unknown ();
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "nonsense", TRUE);
  assert_unknown ();
}

/* It takes connections and says nothing. */
static void
test_silent_bus (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cardea-display-XXXXXX", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gint64 begin = g_get_monotonic_time ();

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/bus", folder);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 4), ==, 0);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  assert_unknown ();
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, CARDEA_LIMIT_DISPLAY_MS * 1000);
  close (fd);
  g_remove (address.sun_path);
  g_rmdir (folder);
}

/* A bus with a manager and a portal of the test's. */

typedef struct
{
  GSubprocess *bus;
  GDBusConnection *connection;
  const char *answer; /* of the manager, as text; NULL: none comes */
  guint32 scheme;
  gboolean portal_hangs;
} Fixture;

static const char INTERFACES[] =
    "<node><interface name='org.freedesktop.portal.Settings'><method name='Read'>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='v' direction='out'/>"
    "</method></interface></node>";

static GDBusMessage *
answer_get (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  Fixture *f = data;
  const char *member = g_dbus_message_get_member (message);
  g_autoptr (GDBusMessage) reply = NULL;
  GVariant *value = NULL;

  if (!incoming || g_strcmp0 (member, "Get") != 0)
    return message;
  if (f->answer != NULL) {
    reply = g_dbus_message_new_method_reply (message);
    value = g_variant_new_parsed (f->answer);
    g_dbus_message_set_body (reply, g_variant_new ("(v)", value));
    g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  }
  g_object_unref (message);
  return NULL;
}

static void
on_read (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *f = data;

  if (f->portal_hangs)
    g_object_unref (invocation); /* no answer ever */
  else
    g_dbus_method_invocation_return_value (
        invocation, g_variant_new ("(v)", g_variant_new_variant (g_variant_new_uint32 (f->scheme))));
}

static const GDBusInterfaceVTable PORTAL = { .method_call = on_read };

static void
own_name (Fixture *f, const char *name)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      f->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
      g_variant_new ("(su)", name, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  g_assert_nonnull (reply);
}

static char *
start_bus (Fixture *f)
{
  g_autoptr (GDataInputStream) output = NULL;

  f->bus = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL,
                             "dbus-daemon", "--session", "--nofork", "--print-address", NULL);
  g_assert_nonnull (f->bus);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (f->bus));
  return g_data_input_stream_read_line (output, NULL, NULL, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (INTERFACES, NULL);
  g_autofree char *address = start_bus (f);

  g_assert_nonnull (address);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  f->connection = g_dbus_connection_new_for_address_sync (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, NULL);
  g_assert_nonnull (f->connection);
  g_dbus_connection_add_filter (f->connection, answer_get, f, NULL);
  g_dbus_connection_register_object (f->connection, "/org/freedesktop/portal/desktop", node->interfaces[0],
                                     &PORTAL, f, NULL, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_dbus_connection_close_sync (f->connection, NULL, NULL);
  g_clear_object (&f->connection);
  g_subprocess_force_exit (f->bus);
  g_subprocess_wait (f->bus, NULL, NULL);
  g_clear_object (&f->bus);
}

static void
test_bus (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaDisplay) display = NULL;

  f->answer = "['DISPLAY=:5', 'A=b']";
  f->scheme = 1;
  own_name (f, "org.freedesktop.systemd1");
  own_name (f, "org.freedesktop.portal.Desktop");
  display = look_up ();
  g_assert_cmpuint (g_strv_length (display->environment), ==, 2);
  g_assert_cmpstr (display->environment[0], ==, "DISPLAY=:5");
  g_assert_cmpstr (display->colour_scheme, ==, "dark");
}

static void
test_bus_without_manager (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaDisplay) display = NULL;

  f->scheme = 2;
  own_name (f, "org.freedesktop.portal.Desktop");
  display = look_up ();
  g_assert_null (display->environment);
  g_assert_cmpstr (display->colour_scheme, ==, "light");
}

static void
test_bus_without_anybody (Fixture *f, gconstpointer data)
{
  assert_unknown ();
}

static void
test_bus_wrong_types (Fixture *f, gconstpointer data)
{
  f->answer = "{'DISPLAY': ':5'}";
  f->scheme = 3;
  own_name (f, "org.freedesktop.systemd1");
  own_name (f, "org.freedesktop.portal.Desktop");
  assert_unknown ();
}

/* The one that hangs does not take the other's answer away. */
static void
test_bus_portal_hangs (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaDisplay) display = NULL;

  f->answer = "['DISPLAY=:5']";
  f->portal_hangs = TRUE;
  own_name (f, "org.freedesktop.systemd1");
  own_name (f, "org.freedesktop.portal.Desktop");
  display = look_up ();
  g_assert_nonnull (display->environment);
  g_assert_null (display->colour_scheme);
}

static void
test_bus_manager_hangs (Fixture *f, gconstpointer data)
{
  own_name (f, "org.freedesktop.systemd1");
  assert_unknown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/display/own", test_own);
  g_test_add_func ("/display/manager", test_manager);
  g_test_add_func ("/display/manager-without-display", test_manager_without_display);
  g_test_add_func ("/display/manager-hostile", test_manager_hostile);
  g_test_add_func ("/display/value-limit", test_value_limit);
  g_test_add_func ("/display/activation-token", test_activation_token);
  g_test_add_func ("/display/no-bus", test_no_bus);
  g_test_add_func ("/display/silent-bus", test_silent_bus);
  g_test_add ("/display/bus", Fixture, NULL, set_up, test_bus, tear_down);
  g_test_add ("/display/bus-without-manager", Fixture, NULL, set_up, test_bus_without_manager, tear_down);
  g_test_add ("/display/bus-without-anybody", Fixture, NULL, set_up, test_bus_without_anybody, tear_down);
  g_test_add ("/display/bus-wrong-types", Fixture, NULL, set_up, test_bus_wrong_types, tear_down);
  g_test_add ("/display/bus-portal-hangs", Fixture, NULL, set_up, test_bus_portal_hangs, tear_down);
  g_test_add ("/display/bus-manager-hangs", Fixture, NULL, set_up, test_bus_manager_hangs, tear_down);
  return g_test_run ();
}
