/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Before a remembered PIN is tried: nothing speaks against it, and a mark of the try is on the disk.
 *
 * The store cannot be trusted to forget: it may hang when a PIN was refused, or the agent may die before the
 * token's answer. Without a mark the same wrong PIN would be sent at each start, until the card is locked. */

#include "agent/pin/recall.h"

#include "agent/pin/marks.h"

const CardeaPinIdentity cardea_pin_remembered = { .size = -1 }; /* no file has that size */

typedef struct
{
  CardeaPinStore *store;
  CardeaPinAttempt *attempt;
  gboolean marked;
} Recall;

static void
free_recall (gpointer data)
{
  Recall *recall = data;

  g_object_unref (recall->store);
  g_clear_pointer (&recall->attempt, cardea_pin_attempt_free);
  g_free (recall);
}

/* What blocks for the disk runs in a worker of its own; @data of the callback is @task, which is kept. */
static void
run_in_worker (GTask *task, GTaskThreadFunc function, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) step = g_task_new (NULL, NULL, callback, task);

  g_task_set_source_tag (step, run_in_worker);
  g_task_set_task_data (step, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (step, function);
}

static void
set_mark_in_thread (GTask *step, gpointer source, gpointer data, GCancellable *cancellable)
{
  CardeaPinAttempt *attempt = ((Recall *)data)->attempt;
  GError *error = NULL;

  if (cardea_mark_set (attempt->folder, attempt->token_uri, &attempt->identity, "of the secret service",
                       &error))
    g_task_return_boolean (step, TRUE);
  else
    g_task_return_error (step, error);
}

static void
on_mark_set (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Recall *recall = g_task_get_task_data (task);
  GError *error = NULL;

  recall->attempt->secret = cardea_pin_store_lookup_finish (recall->store, result, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (recall->attempt->secret == NULL)
    g_task_return_boolean (task, FALSE);
  else
    run_in_worker (g_steal_pointer (&task), set_mark_in_thread, on_mark_set);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (cardea_pin_store_forget_finish (CARDEA_PIN_STORE (source), result, &error))
    g_task_return_boolean (task, FALSE);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_EXISTS,
                             "The token did not accept it before, and it could not be deleted: %s",
                             error->message);
}

/* Tries without a success, of whatever source, are limited as in attempt.c. */
static void
check_marks_in_thread (GTask *step, gpointer source, gpointer data, GCancellable *cancellable)
{
  Recall *recall = data;
  CardeaPinAttempt *attempt = recall->attempt;
  GError *error = NULL;
  guint n_marks;

  if (!cardea_mark_find (attempt->folder, attempt->token_uri, &attempt->identity, &recall->marked, &n_marks,
                         &error))
    g_task_return_error (step, error);
  else if (!recall->marked && n_marks >= CARDEA_PIN_MAX_FAILED_TRIES)
    g_task_return_new_error (step, G_IO_ERROR, G_IO_ERROR_EXISTS,
                             "%u PINs of sources were sent to this token, and it accepted none.", n_marks);
  else
    g_task_return_boolean (step, TRUE);
}

static void
on_marks_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Recall *recall = g_task_get_task_data (task);
  const char *token_uri = recall->attempt->token_uri;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_error (task, error);
  else if (recall->marked)
    cardea_pin_store_forget_async (recall->store, token_uri, NULL, on_forgotten, g_steal_pointer (&task));
  else
    cardea_pin_store_lookup_async (recall->store, token_uri, NULL, on_looked_up, g_steal_pointer (&task));
}

void
cardea_pin_recall_async (CardeaPinStore *store, const char *folder, const char *token_uri,
                         GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Recall *recall = g_new0 (Recall, 1);

  recall->store = g_object_ref (store);
  recall->attempt = g_new0 (CardeaPinAttempt, 1);
  recall->attempt->folder = g_strdup (folder);
  recall->attempt->token_uri = g_strdup (token_uri);
  recall->attempt->identity = cardea_pin_remembered;
  g_task_set_source_tag (task, cardea_pin_recall_async);
  g_task_set_task_data (task, recall, free_recall);
  run_in_worker (task, check_marks_in_thread, on_marks_checked);
}

CardeaPinAttempt *
cardea_pin_recall_finish (GAsyncResult *result, GError **error)
{
  Recall *recall = g_task_get_task_data (G_TASK (result));

  return g_task_propagate_boolean (G_TASK (result), error) ? g_steal_pointer (&recall->attempt) : NULL;
}
