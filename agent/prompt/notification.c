/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One notification, by org.freedesktop.Notifications on the session's bus. A desktop without it, or one that
 * hangs, is no reason to hold anything up: it has some seconds, and nobody waits for it. */

#include "agent/prompt/notification.h"

#include "agent/base/session-bus.h"

#define CALL_MS 5000

static void
on_notified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 number = 0;

  if (reply == NULL) {
    g_task_return_error (task, error);
    return;
  }
  g_variant_get (reply, "(u)", &number);
  g_task_return_int (task, number);
}

/* The body may hold markup, whatever the desktop makes of it: what programs, servers and cards say must not.
 */
static GVariant *
make_arguments (const char *title, const char *body, const char *icon, guint32 replaces)
{
  g_autofree char *escaped = g_markup_escape_text (body, -1);
  GVariantBuilder hints;

  g_variant_builder_init (&hints, G_VARIANT_TYPE ("a{sv}"));
  g_variant_builder_add (&hints, "{sv}", "urgency", g_variant_new_byte (0));
  g_variant_builder_add (&hints, "{sv}", "transient", g_variant_new_boolean (TRUE));
  return g_variant_new ("(susss@asa{sv}i)", "Cardea", replaces, icon, title, escaped,
                        g_variant_new_strv (NULL, 0), &hints, -1);
}

/* As it comes, the bus would take the agent along when it ends, with all streams. */
static void
on_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus == NULL) {
    g_task_return_error (task, error);
    return;
  }
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  g_dbus_connection_call (bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                          "org.freedesktop.Notifications", "Notify", g_task_get_task_data (task),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, CALL_MS,
                          g_task_get_cancellable (task), on_notified, g_object_ref (task));
}

static void
unref_arguments (gpointer arguments)
{
  g_variant_unref (arguments);
}

void
cardea_notification_send_async (const char *title, const char *body, const char *icon, guint32 replaces,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *bus = cardea_session_bus_find ();

  g_task_set_source_tag (task, cardea_notification_send_async);
  if (bus == NULL) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no session bus.");
    return;
  }
  g_task_set_task_data (task, g_variant_ref_sink (make_arguments (title, body, icon, replaces)),
                        unref_arguments);
  g_bus_get (G_BUS_TYPE_SESSION, cancellable, on_bus, g_object_ref (task));
}

guint32
cardea_notification_send_finish (GAsyncResult *result, GError **error)
{
  gssize number = g_task_propagate_int (G_TASK (result), error);

  return number > 0 ? (guint32)number : 0;
}
