/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent belongs to a user and not to a session, and a user may have several: any of them that is locked
 * counts. logind tells of all sessions of the machine, so whose it was is asked first; another user's lock
 * must not end our logins, which would be a nuisance that everybody could make.
 *
 * Screen lockers that tell logind nothing tell the session's bus, by the name of org.freedesktop.ScreenSaver
 * or GNOME's. Any program of the user can do that, too; all it gains is that a PIN is asked for. */

#include "agent/pin/lock-watch.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "agent/base/session-bus.h"

#define LOGIND "org.freedesktop.login1"
#define MANAGER "org.freedesktop.login1.Manager"
#define SESSION "org.freedesktop.login1.Session"
#define CALL_MS 5000

struct _CardeaLockWatch
{
  void (*absent) (gpointer data);
  gpointer data;
  GCancellable *cancellable;
  GDBusConnection *system, *session; /* NULL: not there, or not yet */
  guint system_ids[3], session_ids[2];
  int inhibitor;     /* -1: none */
  gboolean sleeping; /* it is about to, and waits for us */
};

/* Whether the watch is gone when a call comes back. */
static gboolean
is_over (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
on_inhibited (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaLockWatch *self = data;
  g_autoptr (GUnixFDList) descriptors = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source),
                                                                                &descriptors, result, &error);

  if (is_over (error))
    return;
  if (reply == NULL || descriptors == NULL || g_unix_fd_list_get_length (descriptors) == 0) {
    g_debug ("Sleep does not wait for logins to end: %s", error != NULL ? error->message : "no descriptor");
    return;
  }
  if (self->inhibitor >= 0)
    close (self->inhibitor);
  self->inhibitor = g_unix_fd_list_get (descriptors, 0, NULL);
}

static void
inhibit (CardeaLockWatch *self)
{
  g_dbus_connection_call_with_unix_fd_list (
      self->system, LOGIND, "/org/freedesktop/login1", MANAGER, "Inhibit",
      g_variant_new ("(ssss)", "sleep", "Cardea", "Ends the logins to tokens", "delay"),
      G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, NULL, self->cancellable, on_inhibited,
      self);
}

static void
on_sleep (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
          const char *signal, GVariant *parameters, gpointer data)
{
  CardeaLockWatch *self = data;
  gboolean begins;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &begins);
  self->sleeping = begins;
  if (begins)
    self->absent (self->data);
  else
    inhibit (self);
}

void
cardea_lock_watch_let_sleep (CardeaLockWatch *self)
{
  if (self->sleeping && self->inhibitor >= 0)
    close (g_steal_fd (&self->inhibitor));
  self->sleeping = FALSE;
}

static void
on_session_user (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaLockWatch *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) user = NULL;
  guint32 uid;

  if (is_over (error))
    return;
  if (reply == NULL) {
    g_debug ("It is not known whose session was locked: %s", error->message);
    return;
  }
  g_variant_get (reply, "(v)", &user);
  if (!g_variant_is_of_type (user, G_VARIANT_TYPE ("(uo)")))
    return;
  g_variant_get (user, "(uo)", &uid, NULL);
  if (uid == getuid ())
    self->absent (self->data);
}

static void
ask_whose (CardeaLockWatch *self, const char *session)
{
  g_dbus_connection_call (self->system, LOGIND, session, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", SESSION, "User"), G_VARIANT_TYPE ("(v)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, self->cancellable, on_session_user, self);
}

static void
on_lock (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *signal, GVariant *parameters, gpointer data)
{
  ask_whose (data, path);
}

static void
on_session_changed (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *signal, GVariant *parameters, gpointer data)
{
  g_autoptr (GVariant) changed = NULL;
  gboolean locked = FALSE;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  if (g_variant_lookup (changed, "LockedHint", "b", &locked) && locked)
    ask_whose (data, path);
}

static void
on_screen_saver (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                 const char *signal, GVariant *parameters, gpointer data)
{
  CardeaLockWatch *self = data;
  gboolean active;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &active);
  if (active)
    self->absent (self->data);
}

/* NULL: there is none, or the watch is gone. */
static GDBusConnection *
take_bus (GAsyncResult *result, const char *which)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus = g_dbus_connection_new_for_address_finish (result, &error);

  if (bus == NULL && !is_over (error))
    g_debug ("There is no %s bus to tell of locked screens: %s", which, error->message);
  return bus;
}

static void
on_system_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaLockWatch *self = data;
  GDBusConnection *bus = take_bus (result, "system");

  if (bus == NULL)
    return;
  self->system = bus;
  self->system_ids[0] =
      g_dbus_connection_signal_subscribe (bus, LOGIND, MANAGER, "PrepareForSleep", "/org/freedesktop/login1",
                                          NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_sleep, self, NULL);
  self->system_ids[1] = g_dbus_connection_signal_subscribe (bus, LOGIND, SESSION, "Lock", NULL, NULL,
                                                            G_DBUS_SIGNAL_FLAGS_NONE, on_lock, self, NULL);
  self->system_ids[2] = g_dbus_connection_signal_subscribe (
      bus, LOGIND, "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL, SESSION,
      G_DBUS_SIGNAL_FLAGS_NONE, on_session_changed, self, NULL);
  inhibit (self);
}

static void
on_session_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaLockWatch *self = data;
  GDBusConnection *bus = take_bus (result, "session");

  if (bus == NULL)
    return;
  self->session = bus;
  self->session_ids[0] =
      g_dbus_connection_signal_subscribe (bus, NULL, "org.freedesktop.ScreenSaver", "ActiveChanged", NULL,
                                          NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_screen_saver, self, NULL);
  self->session_ids[1] =
      g_dbus_connection_signal_subscribe (bus, NULL, "org.gnome.ScreenSaver", "ActiveChanged", NULL, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_screen_saver, self, NULL);
}

static void
connect_to (CardeaLockWatch *self, const char *address, GAsyncReadyCallback callback)
{
  g_dbus_connection_new_for_address (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, self->cancellable, callback, self);
}

CardeaLockWatch *
cardea_lock_watch_new (void (*absent) (gpointer data), gpointer data)
{
  CardeaLockWatch *self = g_new0 (CardeaLockWatch, 1);
  const char *system = g_getenv ("DBUS_SYSTEM_BUS_ADDRESS");
  g_autofree char *session = cardea_session_bus_find ();

  self->absent = absent;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->inhibitor = -1;
  connect_to (self, system != NULL ? system : "unix:path=/run/dbus/system_bus_socket", on_system_bus);
  if (session != NULL)
    connect_to (self, session, on_session_bus);
  return self;
}

/* The connection is ours alone. */
static void
drop_bus (GDBusConnection *bus, const guint *ids, guint n_ids)
{
  if (bus == NULL)
    return;
  for (guint i = 0; i < n_ids; i++)
    g_dbus_connection_signal_unsubscribe (bus, ids[i]);
  g_dbus_connection_close (bus, NULL, NULL, NULL);
  g_object_unref (bus);
}

void
cardea_lock_watch_free (CardeaLockWatch *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  drop_bus (self->system, self->system_ids, G_N_ELEMENTS (self->system_ids));
  drop_bus (self->session, self->session_ids, G_N_ELEMENTS (self->session_ids));
  if (self->inhibitor >= 0)
    close (self->inhibitor);
  g_free (self);
}
