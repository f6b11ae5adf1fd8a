/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A store of PINs in memory that counts, fails and hangs as a test wants it. */

#include "tests/unit/fake-pin-store.h"

#include <string.h>

static void store_iface_init (CardeaPinStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakePinStore, fake_pin_store, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_PIN_STORE, store_iface_init))

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

static void
fake_pin_store_finalize (GObject *object)
{
  FakePinStore *self = FAKE_PIN_STORE (object);

  g_assert_cmpuint (self->held->len, ==, 0);
  g_ptr_array_unref (self->held);
  g_hash_table_unref (self->pins);
  g_free (self->label);
  G_OBJECT_CLASS (fake_pin_store_parent_class)->finalize (object);
}

static void
fake_pin_store_class_init (FakePinStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_pin_store_finalize;
}

static void
fake_pin_store_init (FakePinStore *self)
{
  self->pins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unref_secret);
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
}

void
fake_pin_store_put (FakePinStore *self, const char *token_uri, const char *pin)
{
  CardeaSecret *secret = cardea_secret_new (pin, strlen (pin), NULL);

  g_assert_nonnull (secret);
  g_hash_table_insert (self->pins, g_strdup (token_uri), secret);
}

gboolean
fake_pin_store_has (FakePinStore *self, const char *token_uri, const char *pin)
{
  CardeaSecret *found = g_hash_table_lookup (self->pins, token_uri);
  g_autoptr (CardeaSecret) wanted = cardea_secret_new (pin, strlen (pin), NULL);

  return found != NULL && cardea_secret_equal (found, wanted);
}

typedef enum
{
  LOOKUP,
  CHANGE,
} Kind;

static void
answer (FakePinStore *self, GTask *task)
{
  CardeaSecret *found;

  if (self->fails)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "The store is broken.");
  else if (GPOINTER_TO_INT (g_task_get_source_tag (task)) == CHANGE)
    g_task_return_boolean (task, TRUE);
  else {
    found = g_hash_table_lookup (self->pins, g_task_get_task_data (task));
    g_task_return_pointer (task, found != NULL ? cardea_secret_ref (found) : NULL, unref_secret);
  }
}

void
fake_pin_store_release (FakePinStore *self)
{
  for (guint i = 0; i < self->held->len; i++)
    answer (self, g_ptr_array_index (self->held, i));
  g_ptr_array_set_size (self->held, 0);
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  FAKE_PIN_STORE (data)->was_cancelled = TRUE;
}

static void
take (FakePinStore *self, GTask *task, GCancellable *cancellable)
{
  g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_cancelled), self, 0);
  if (self->hangs)
    g_ptr_array_add (self->held, task);
  else {
    answer (self, task);
    g_object_unref (task);
  }
}

static GTask *
make_task (FakePinStore *self, Kind kind, const char *token_uri, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, GINT_TO_POINTER (kind));
  g_task_set_task_data (task, g_strdup (token_uri), g_free);
  return task;
}

static void
fake_lookup_async (CardeaPinStore *store, const char *token_uri, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  FakePinStore *self = FAKE_PIN_STORE (store);

  self->n_lookups++;
  if (self->on_lookup != NULL)
    self->on_lookup (self->data);
  take (self, make_task (self, LOOKUP, token_uri, callback, data), cancellable);
}

static CardeaSecret *
fake_lookup_finish (CardeaPinStore *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
fake_store_async (CardeaPinStore *store, const char *token_uri, const char *label, CardeaSecret *pin,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  FakePinStore *self = FAKE_PIN_STORE (store);

  self->n_stores++;
  if (!self->fails) {
    g_hash_table_insert (self->pins, g_strdup (token_uri), cardea_secret_ref (pin));
    g_free (self->label);
    self->label = g_strdup (label);
  }
  take (self, make_task (self, CHANGE, token_uri, callback, data), cancellable);
}

static void
fake_forget_async (CardeaPinStore *store, const char *token_uri, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  FakePinStore *self = FAKE_PIN_STORE (store);
  GTask *task = make_task (self, CHANGE, token_uri, callback, data);

  self->n_forgets++;
  if (self->fails_forget) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "The store is locked.");
    g_object_unref (task);
    return;
  }
  if (!self->fails)
    g_hash_table_remove (self->pins, token_uri);
  take (self, task, cancellable);
}

static gboolean
fake_change_finish (CardeaPinStore *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
store_iface_init (CardeaPinStoreInterface *iface)
{
  iface->lookup_async = fake_lookup_async;
  iface->lookup_finish = fake_lookup_finish;
  iface->store_async = fake_store_async;
  iface->store_finish = fake_change_finish;
  iface->forget_async = fake_forget_async;
  iface->forget_finish = fake_change_finish;
}
