/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which display the user sits at.
 *
 * An agent that was started before the login has an environment without one, and after a second login a stale
 * one; the user's systemd manager has the current one. It is asked at each dialog, over a connection of its
 * own: the one that GLib shares ends the process when the bus goes away. Neither a hung manager nor a hung
 * portal may hold up a question, so each is taken as it comes until the time is over. */

#include "agent/prompt/display.h"

#include "agent/base/session-bus.h"
#include "socket-api/limits.h"

typedef struct
{
  CardeaDisplay *display;
  GDBusConnection *connection;
  GCancellable *cancellable;
  guint timer;
  guint n_open; /* answers to come */
} LookUp;

void
cardea_display_free (CardeaDisplay *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->environment);
  g_free (self);
}

static void
look_up_free (gpointer data)
{
  LookUp *self = data;

  if (self->connection != NULL)
    g_dbus_connection_close (self->connection, NULL, NULL, NULL);
  g_clear_object (&self->connection);
  g_clear_object (&self->cancellable);
  cardea_display_free (self->display);
  g_free (self);
}

static void
free_display (gpointer data)
{
  cardea_display_free (data);
}

static void
finish (GTask *task)
{
  LookUp *self = g_task_get_task_data (task);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_task_return_pointer (task, g_steal_pointer (&self->display), free_display);
}

/* It holds a reference of the task. */
static gboolean
on_time_over (gpointer data)
{
  LookUp *self = g_task_get_task_data (data);

  self->timer = 0;
  finish (data);
  return G_SOURCE_REMOVE;
}

/* The value of what both answer: one variant. */
static GVariant *
get_value (GObject *source, GAsyncResult *result)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  GVariant *value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value;
}

static void
count_answer (GTask *task)
{
  LookUp *self = g_task_get_task_data (task);

  if (--self->n_open == 0 && self->display != NULL)
    finish (task);
}

static void
on_environment (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  LookUp *self = g_task_get_task_data (task);
  g_autoptr (GVariant) value = get_value (source, result);

  if (self->display != NULL && value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    self->display->environment = g_variant_dup_strv (value, NULL);
  count_answer (task);
}

static const char *
name_scheme (guint32 scheme)
{
  return scheme == 1 ? "dark" : scheme == 2 ? "light" : NULL;
}

/* The portal's Read puts the value into a variant of its own. */
static void
on_colour_scheme (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  LookUp *self = g_task_get_task_data (task);
  g_autoptr (GVariant) outer = get_value (source, result);
  g_autoptr (GVariant) value = outer != NULL && g_variant_is_of_type (outer, G_VARIANT_TYPE_VARIANT)
                                   ? g_variant_get_variant (outer)
                                   : NULL;

  if (self->display != NULL && value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    self->display->colour_scheme = name_scheme (g_variant_get_uint32 (value));
  count_answer (task);
}

static void
call (LookUp *self, const char *name, const char *path, const char *interface, const char *method,
      const char *first, const char *second, GAsyncReadyCallback callback, GTask *task)
{
  self->n_open++;
  g_dbus_connection_call (self->connection, name, path, interface, method,
                          g_variant_new ("(ss)", first, second), G_VARIANT_TYPE ("(v)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CARDEA_LIMIT_DISPLAY_MS, self->cancellable,
                          callback, g_object_ref (task));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  LookUp *self = g_task_get_task_data (task);

  self->connection = g_dbus_connection_new_for_address_finish (result, NULL);
  if (self->display == NULL)
    return; /* too late */
  if (self->connection == NULL) {
    finish (task);
    return;
  }
  call (self, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties",
        "Get", "org.freedesktop.systemd1.Manager", "Environment", on_environment, task);
  call (self, "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop",
        "org.freedesktop.portal.Settings", "Read", "org.freedesktop.appearance", "color-scheme",
        on_colour_scheme, task);
}

void
cardea_display_look_up_async (GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  LookUp *self = g_new0 (LookUp, 1);
  g_autofree char *address = cardea_session_bus_find ();

  g_task_set_source_tag (task, cardea_display_look_up_async);
  self->display = g_new0 (CardeaDisplay, 1);
  self->cancellable = g_cancellable_new ();
  g_task_set_task_data (task, self, look_up_free);
  if (address == NULL) {
    finish (task);
    return;
  }
  self->timer = g_timeout_add_full (G_PRIORITY_DEFAULT, CARDEA_LIMIT_DISPLAY_MS, on_time_over,
                                    g_object_ref (task), g_object_unref);
  g_dbus_connection_new_for_address (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, self->cancellable, on_connected, g_object_ref (task));
}

CardeaDisplay *
cardea_display_look_up_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
