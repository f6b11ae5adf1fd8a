/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reaching the secret service, on terms.
 *
 * The service may offer to ask a person, to unlock a collection or to confirm a deletion. A login has a
 * person before it already, with another question, so every such offer is turned down. It may also offer no
 * cipher, and libsecret would then send secrets through the bus, and its logs and monitors, as they are: such
 * a session is never used.
 *
 * The connection is ours alone. The shared one of GLib ends the whole process when the bus goes away, and a
 * session, with its key, is to end with each use. */

#include "agent/keyring/session.h"

#include <string.h>

#include "agent/base/session-bus.h"

#define ENCRYPTED "dh-ietf1024-sha256-aes128-cbc-pkcs7"

struct _CardeaKeyringSession
{
  SecretService parent;
};

G_DEFINE_FINAL_TYPE (CardeaKeyringSession, cardea_keyring_session, SECRET_TYPE_SERVICE)

static void
turn_down (SecretPrompt *prompt)
{
  g_dbus_proxy_call (G_DBUS_PROXY (prompt), "Dismiss", NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL,
                     NULL);
}

static GError *
make_refusal (void)
{
  return g_error_new_literal (SECRET_ERROR, SECRET_ERROR_IS_LOCKED,
                              "The secret service would have to ask first, which is not wanted here.");
}

static void
turn_down_async (SecretService *self, SecretPrompt *prompt, const GVariantType *return_type,
                 GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  turn_down (prompt);
  g_task_set_source_tag (task, turn_down_async);
  g_task_return_error (task, make_refusal ());
}

static GVariant *
turn_down_finish (SecretService *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
turn_down_sync (SecretService *self, SecretPrompt *prompt, GCancellable *cancellable,
                const GVariantType *return_type, GError **error)
{
  turn_down (prompt);
  g_propagate_error (error, make_refusal ());
  return NULL;
}

/* libsecret says itself where the service is, and on the shared connection, whatever was asked for; it can be
 * told better only here, while the object is being made. Nothing is needed but its methods. */
static GObject *
cardea_keyring_session_constructor (GType type, guint n_properties, GObjectConstructParam *properties)
{
  GObject *object =
      G_OBJECT_CLASS (cardea_keyring_session_parent_class)->constructor (type, n_properties, properties);

  if (g_dbus_proxy_get_connection (G_DBUS_PROXY (object)) != NULL)
    g_object_set (object, "g-bus-type", G_BUS_TYPE_NONE, "g-flags",
                  G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS |
                      G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START_AT_CONSTRUCTION,
                  NULL);
  return object;
}

static void
cardea_keyring_session_dispose (GObject *object)
{
  GDBusConnection *connection = g_dbus_proxy_get_connection (G_DBUS_PROXY (object));

  if (connection != NULL && !g_dbus_connection_is_closed (connection))
    g_dbus_connection_close (connection, NULL, NULL, NULL);
  G_OBJECT_CLASS (cardea_keyring_session_parent_class)->dispose (object);
}

static void
cardea_keyring_session_class_init (CardeaKeyringSessionClass *klass)
{
  SecretServiceClass *service_class = SECRET_SERVICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructor = cardea_keyring_session_constructor;
  G_OBJECT_CLASS (klass)->dispose = cardea_keyring_session_dispose;
  service_class->prompt_async = turn_down_async;
  service_class->prompt_finish = turn_down_finish;
  service_class->prompt_sync = turn_down_sync;
}

static void
cardea_keyring_session_init (CardeaKeyringSession *self)
{
}

/* Sockets of this machine only, and no bus that would be started for us: where there is none, nobody keeps
 * PINs. */
static gboolean
is_local (const char *addresses)
{
  g_auto (GStrv) each = g_strsplit (addresses, ";", -1);

  for (guint i = 0; each[i] != NULL; i++)
    if (!g_str_has_prefix (each[i], "unix:"))
      return FALSE;
  return each[0] != NULL;
}

static char *
find_bus (void)
{
  g_autofree char *address = cardea_session_bus_find ();

  return address != NULL && is_local (address) ? g_steal_pointer (&address) : NULL;
}

static void
on_session_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GObject) session = NULL;
  GError *error = NULL;

  session = g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, &error);
  if (session == NULL)
    g_task_return_error (task, error);
  else if (g_strcmp0 (secret_service_get_session_algorithms (SECRET_SERVICE (session)), ENCRYPTED) != 0)
    g_task_return_new_error (
        task, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "The secret service offers no encrypted session, and no PIN goes through the bus "
        "in the clear.");
  else
    g_task_return_pointer (task, g_steal_pointer (&session), g_object_unref);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (connection == NULL) {
    g_task_return_error (task, error);
    return;
  }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_async_initable_new_async (CARDEA_TYPE_KEYRING_SESSION, G_PRIORITY_DEFAULT, cancellable, on_session_opened,
                              g_steal_pointer (&task), "g-connection", connection, "flags",
                              SECRET_SERVICE_OPEN_SESSION, NULL);
}

void
cardea_keyring_session_open_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *address = find_bus ();

  g_task_set_source_tag (task, cardea_keyring_session_open_async);
  if (address == NULL) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no session bus.");
    return;
  }
  g_dbus_connection_new_for_address (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, cancellable, on_connected, g_steal_pointer (&task));
}

SecretService *
cardea_keyring_session_open_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
