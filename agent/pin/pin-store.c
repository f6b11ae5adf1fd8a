/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store of PINs as an interface, with the one promise that no implementation could give: an end in time.
 *
 * What keeps PINs is another program of the user's. It may hang, be stopped, or wait for a person, and a
 * login must go on without it. So the caller is answered here, by a clock of our own, and an implementation
 * that comes back later finds that nobody waits for it. */

#include "agent/pin/pin-store.h"

#include "socket-api/limits.h"
#include "agent/base/source.h"

G_DEFINE_INTERFACE (CardeaPinStore, cardea_pin_store, G_TYPE_OBJECT)

/* One call of an implementation. */
typedef struct
{
  GTask *task;         /* the caller's, NULL once it was answered */
  GCancellable *inner; /* the implementation's */
  GSource *deadline;   /* or NULL */
  GSource *cancelled;  /* by the caller; or NULL */
  CardeaPinStore *store;
} Call;

static void
cardea_pin_store_default_init (CardeaPinStoreInterface *iface)
{
}

/* The task, for whoever answers it now; NULL when it was answered before. */
static GTask *
take_task (Call *call)
{
  cardea_source_clear (&call->deadline);
  cardea_source_clear (&call->cancelled);
  return g_steal_pointer (&call->task);
}

static void
give_up (Call *call, GIOErrorEnum code, const char *message)
{
  g_autoptr (GTask) task = take_task (call);

  g_cancellable_cancel (call->inner);
  g_task_return_new_error (task, G_IO_ERROR, (int)code, "%s", message);
}

static gboolean
on_deadline (gpointer data)
{
  give_up (data, G_IO_ERROR_TIMED_OUT, "What keeps PINs did not answer in time.");
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  give_up (data, G_IO_ERROR_CANCELLED, "The call was cancelled.");
  return G_SOURCE_REMOVE;
}

static Call *
begin (CardeaPinStore *self, guint limit_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
       gpointer data)
{
  GMainContext *context = g_main_context_get_thread_default ();
  Call *call = g_new0 (Call, 1);

  call->store = g_object_ref (self);
  call->task = g_task_new (self, NULL, callback, data);
  call->inner = g_cancellable_new ();
  call->deadline = g_timeout_source_new (limit_ms);
  g_source_set_callback (call->deadline, on_deadline, call, NULL);
  g_source_attach (call->deadline, context);
  if (cancellable != NULL) {
    call->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (call->cancelled, G_SOURCE_FUNC (on_cancelled), call, NULL);
    g_source_attach (call->cancelled, context);
  }
  return call;
}

static void
end (Call *call)
{
  g_object_unref (call->inner);
  g_object_unref (call->store);
  g_free (call);
}

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  g_autoptr (GTask) task = take_task (call);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSecret) pin =
      CARDEA_PIN_STORE_GET_IFACE (call->store)->lookup_finish (call->store, result, &error);

  end (call);
  if (task == NULL)
    return;
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, g_steal_pointer (&pin), unref_secret);
}

static void
answer_change (Call *call, gboolean done, GError *error)
{
  g_autoptr (GTask) task = take_task (call);

  end (call);
  if (task != NULL && done)
    g_task_return_boolean (task, TRUE);
  else if (task != NULL)
    g_task_return_error (task, error);
  else
    g_clear_error (&error);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  GError *error = NULL;
  gboolean done = CARDEA_PIN_STORE_GET_IFACE (call->store)->store_finish (call->store, result, &error);

  answer_change (call, done, error);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  GError *error = NULL;
  gboolean done = CARDEA_PIN_STORE_GET_IFACE (call->store)->forget_finish (call->store, result, &error);

  answer_change (call, done, error);
}

void
cardea_pin_store_lookup_async (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  Call *call;

  g_return_if_fail (CARDEA_IS_PIN_STORE (self));
  g_return_if_fail (token_uri != NULL);

  call = begin (self, CARDEA_LIMIT_STORE_LOOKUP_MS, cancellable, callback, data);
  g_task_set_source_tag (call->task, cardea_pin_store_lookup_async);
  CARDEA_PIN_STORE_GET_IFACE (self)->lookup_async (self, token_uri, call->inner, on_looked_up, call);
}

CardeaSecret *
cardea_pin_store_lookup_finish (CardeaPinStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
cardea_pin_store_store_async (CardeaPinStore *self, const char *token_uri, const char *label,
                              CardeaSecret *pin, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data)
{
  Call *call;

  g_return_if_fail (CARDEA_IS_PIN_STORE (self));
  g_return_if_fail (token_uri != NULL && pin != NULL);

  call = begin (self, CARDEA_LIMIT_STORE_CHANGE_MS, cancellable, callback, data);
  g_task_set_source_tag (call->task, cardea_pin_store_store_async);
  CARDEA_PIN_STORE_GET_IFACE (self)->store_async (self, token_uri, label, pin, call->inner, on_stored, call);
}

gboolean
cardea_pin_store_store_finish (CardeaPinStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
cardea_pin_store_forget_async (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  Call *call;

  g_return_if_fail (CARDEA_IS_PIN_STORE (self));
  g_return_if_fail (token_uri != NULL);

  call = begin (self, CARDEA_LIMIT_STORE_CHANGE_MS, cancellable, callback, data);
  g_task_set_source_tag (call->task, cardea_pin_store_forget_async);
  CARDEA_PIN_STORE_GET_IFACE (self)->forget_async (self, token_uri, call->inner, on_forgotten, call);
}

gboolean
cardea_pin_store_forget_finish (CardeaPinStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
