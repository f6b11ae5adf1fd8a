/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* PINs in the secret service.
 *
 * libsecret's convenient functions are not what is needed: they unlock collections, create them, and pass
 * secrets as strings. So items are handled by their paths, and a PIN goes from libsecret's locked memory into
 * a secret of ours, or is read from ours while it is encrypted, and is nowhere else. That libsecret's memory
 * is locked is looked at before anything is in it.
 *
 * Each call has a session of its own: a service that was started anew, or a bus that is gone, needs no care
 * then. */

#include "agent/keyring/keyring.h"

#include <string.h>

#include "agent/base/printable.h"
#include "agent/keyring/session.h"
#include "agent/keyring/value.h"
#include "socket-api/limits.h"

#define PROPERTY(name) "org.freedesktop.Secret.Item." name

static const SecretSchema schema = { "org.cardea.agent.Pin",
                                     SECRET_SCHEMA_NONE,
                                     { { "token", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } } };

struct _CardeaKeyring
{
  GObject parent;
};

static void store_iface_init (CardeaPinStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaKeyring, cardea_keyring, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_PIN_STORE, store_iface_init))

/* One call, as its task's data. */
typedef struct
{
  char *token_uri;
  char *label;       /* to store: of the item */
  CardeaSecret *pin; /* to store */
  SecretValue *room; /* keeps libsecret's locked memory mapped */
  SecretService *session;
  char **paths; /* to forget: what is left of the items from @next on */
  guint next;
} Call;

static void
free_call (gpointer data)
{
  Call *call = data;

  g_clear_object (&call->session);
  g_clear_pointer (&call->room, secret_value_unref);
  g_clear_pointer (&call->pin, cardea_secret_unref);
  g_strfreev (call->paths);
  g_free (call->token_uri);
  g_free (call->label);
  g_free (call);
}

static GHashTable *
make_attributes (const char *token_uri)
{
  GHashTable *attributes = g_hash_table_new (g_str_hash, g_str_equal);

  g_hash_table_insert (attributes, (gpointer) "token", (gpointer)token_uri);
  return attributes;
}

/* What the service says of an error is foreign text. */
static GError *
describe_error (const GError *error)
{
  g_autofree char *message = cardea_printable (error->message, -1);

  if (g_str_has_suffix (message, "."))
    message[strlen (message) - 1] = '\0';
  return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "The secret service cannot be used: %s.", message);
}

/* Takes @error. */
static void
return_error (GTask *task, GError *error)
{
  g_autoptr (GError) original = error;

  g_dbus_error_strip_remote_error (original);
  if (g_error_matches (original, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                             "The collection of the secret service is locked.");
  else if (g_error_matches (original, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
           g_error_matches (original, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
           g_error_matches (original, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&original));
  else
    g_task_return_error (task, describe_error (original));
}

static void
begin (CardeaPinStore *self, Call *call, GCancellable *cancellable, GAsyncReadyCallback opened,
       GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, begin);
  g_task_set_task_data (task, call, free_call);
  call->room = cardea_secret_value_make_room (&error);
  if (call->room == NULL)
    g_task_return_error (task, error);
  else
    cardea_keyring_session_open_async (cancellable, opened, g_steal_pointer (&task));
}

/* The call with its session, or NULL after @task was answered. */
static Call *
take_session (GTask *task, GAsyncResult *result)
{
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  call->session = cardea_keyring_session_open_finish (result, &error);
  if (call->session != NULL)
    return call;
  return_error (task, error);
  return NULL;
}

static void
search (GTask *task, Call *call, GAsyncReadyCallback callback)
{
  g_autoptr (GHashTable) attributes = make_attributes (call->token_uri);

  secret_service_search_for_dbus_paths (call->session, &schema, attributes, g_task_get_cancellable (task),
                                        callback, task);
}

static Call *
make_call (const char *token_uri)
{
  Call *call = g_new0 (Call, 1);

  call->token_uri = g_strdup (token_uri);
  return call;
}

/* Looking up */

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

static void
on_got_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) encrypted = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  g_autoptr (SecretValue) value =
      reply != NULL ? secret_service_decode_dbus_secret (call->session, encrypted) : NULL;
  g_autoptr (CardeaSecret) pin = value != NULL ? cardea_secret_value_read (value, &error) : NULL;

  if (pin != NULL)
    g_task_return_pointer (task, g_steal_pointer (&pin), unref_secret);
  else if (value != NULL)
    g_task_return_error (task, error);
  else if (error != NULL)
    return_error (task, error);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                             "What the secret service sent cannot be decrypted.");
}

/* Of one item. libsecret's own function asks for several at once, and leaks the answer. */
static void
get_secret (Call *call, const char *item, GTask *task)
{
  GDBusProxy *service = G_DBUS_PROXY (call->session);

  g_dbus_connection_call (g_dbus_proxy_get_connection (service), g_dbus_proxy_get_name (service), item,
                          "org.freedesktop.Secret.Item", "GetSecret",
                          g_variant_new ("(o)", secret_service_get_session_dbus_path (call->session)),
                          G_VARIANT_TYPE ("((oayays))"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          g_task_get_cancellable (task), on_got_secret, task);
}

static void
on_searched_for_lookup (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  g_auto (GStrv) open = NULL;
  g_auto (GStrv) locked = NULL;
  GError *error = NULL;

  if (!secret_service_search_for_dbus_paths_finish (SECRET_SERVICE (source), result, &open, &locked, &error))
    return_error (task, error);
  else if (open != NULL && open[0] != NULL)
    get_secret (call, open[0], g_steal_pointer (&task));
  else if (locked != NULL && locked[0] != NULL)
    return_error (task, g_error_new_literal (SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "Locked."));
  else
    g_task_return_pointer (task, NULL, NULL);
}

static void
on_opened_for_lookup (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = take_session (task, result);

  if (call != NULL)
    search (g_steal_pointer (&task), call, on_searched_for_lookup);
}

static void
keyring_lookup_async (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data)
{
  begin (self, make_call (token_uri), cancellable, on_opened_for_lookup, callback, data);
}

static CardeaSecret *
keyring_lookup_finish (CardeaPinStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Storing */

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autofree char *path =
      secret_service_create_item_dbus_path_finish (SECRET_SERVICE (source), result, &error);

  if (error != NULL)
    return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
unref_variant (gpointer variant)
{
  g_variant_unref (variant);
}

static GHashTable *
make_properties (const Call *call)
{
  GHashTable *properties = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, unref_variant);
  GVariantBuilder attributes;

  g_variant_builder_init (&attributes, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&attributes, "{ss}", "token", call->token_uri);
  g_variant_builder_add (&attributes, "{ss}", "xdg:schema", schema.name);
  g_hash_table_insert (properties, (gpointer)PROPERTY ("Label"),
                       g_variant_ref_sink (g_variant_new_string (call->label)));
  g_hash_table_insert (properties, (gpointer)PROPERTY ("Attributes"),
                       g_variant_ref_sink (g_variant_builder_end (&attributes)));
  return properties;
}

static void
on_read_alias (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  Call *call = g_task_get_task_data (task);
  g_autoptr (GHashTable) properties = make_properties (call);
  g_autoptr (SecretValue) value = NULL;
  g_autofree char *collection = NULL;
  GError *error = NULL;
  gsize length;
  const guint8 *bytes = cardea_secret_peek (call->pin, &length);

  collection = secret_service_read_alias_dbus_path_finish (SECRET_SERVICE (source), result, &error);
  if (error != NULL) {
    return_error (task, error);
  } else if (collection == NULL || g_str_equal (collection, "/")) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                             "The secret service has no default collection.");
  } else {
    /* Borrowed: the call has the PIN until the item is created, and the value is not read after that. */
    value = secret_value_new_full ((char *)bytes, (gssize)length, CARDEA_SECRET_VALUE_TYPE, NULL);
    secret_service_create_item_dbus_path (call->session, collection, properties, value,
                                          SECRET_ITEM_CREATE_REPLACE, cancellable, on_created,
                                          g_steal_pointer (&task));
  }
}

static void
on_opened_for_store (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  Call *call = take_session (task, result);

  if (call != NULL)
    secret_service_read_alias_dbus_path (call->session, SECRET_COLLECTION_DEFAULT, cancellable, on_read_alias,
                                         g_steal_pointer (&task));
}

static void
keyring_store_async (CardeaPinStore *self, const char *token_uri, const char *label, CardeaSecret *pin,
                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  Call *call = make_call (token_uri);
  g_autofree char *printable = cardea_printable (label != NULL ? label : "", -1);

  call->label = g_strdup_printf ("PIN of the token \"%s\"", printable);
  call->pin = cardea_secret_ref (pin);
  begin (self, call, cancellable, on_opened_for_store, callback, data);
}

/* Forgetting */

static void delete_next (GTask *task);

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  (void)secret_service_delete_item_dbus_path_finish (SECRET_SERVICE (source), result, &error);
  if (error != NULL)
    return_error (task, error);
  else
    delete_next (g_steal_pointer (&task));
}

/* Takes @task. */
static void
delete_next (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (call->paths == NULL || call->paths[call->next] == NULL)
    g_task_return_boolean (task, TRUE);
  else if (call->next >= CARDEA_LIMIT_STORE_ITEMS)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED,
                             "The secret service has more than %d PINs of one token.",
                             CARDEA_LIMIT_STORE_ITEMS);
  else {
    secret_service_delete_item_dbus_path (call->session, call->paths[call->next++],
                                          g_task_get_cancellable (task), on_deleted, task);
    return;
  }
  g_object_unref (task);
}

static void
on_searched_for_forget (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  g_auto (GStrv) locked = NULL;
  GError *error = NULL;

  if (!secret_service_search_for_dbus_paths_finish (SECRET_SERVICE (source), result, &call->paths, &locked,
                                                    &error))
    return_error (task, error);
  else if (locked != NULL && locked[0] != NULL)
    return_error (task, g_error_new_literal (SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "Locked."));
  else
    delete_next (g_steal_pointer (&task));
}

static void
on_opened_for_forget (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = take_session (task, result);

  if (call != NULL)
    search (g_steal_pointer (&task), call, on_searched_for_forget);
}

static void
keyring_forget_async (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data)
{
  begin (self, make_call (token_uri), cancellable, on_opened_for_forget, callback, data);
}

static gboolean
keyring_change_finish (CardeaPinStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
store_iface_init (CardeaPinStoreInterface *iface)
{
  iface->lookup_async = keyring_lookup_async;
  iface->lookup_finish = keyring_lookup_finish;
  iface->store_async = keyring_store_async;
  iface->store_finish = keyring_change_finish;
  iface->forget_async = keyring_forget_async;
  iface->forget_finish = keyring_change_finish;
}

static void
cardea_keyring_class_init (CardeaKeyringClass *klass)
{
}

static void
cardea_keyring_init (CardeaKeyring *self)
{
}

CardeaPinStore *
cardea_keyring_new (void)
{
  return g_object_new (CARDEA_TYPE_KEYRING, NULL);
}
