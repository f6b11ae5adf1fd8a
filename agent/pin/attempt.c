/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Before a PIN is tried: the source is fit to be used, and a mark of the try is on the disk.
 *
 * All of it waits for the disk, and an inherited descriptor perhaps for its writer, so it runs in a worker.
 */

#include "agent/pin/attempt.h"

#include <unistd.h>

#include "agent/pin/marks.h"

void
cardea_pin_attempt_free (CardeaPinAttempt *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->source, cardea_pin_source_unref);
  g_clear_pointer (&self->secret, cardea_secret_unref);
  g_free (self->folder);
  g_free (self->token_uri);
  g_free (self);
}

static void
free_attempt (gpointer data)
{
  cardea_pin_attempt_free (data);
}

static gboolean
check_mark (CardeaPinAttempt *self, GError **error)
{
  gboolean marked;

  if (!cardea_mark_find (self->folder, self->token_uri, &self->identity, &marked, error))
    return FALSE;
  if (!marked)
    return TRUE;
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_EXISTS,
      "Its PIN was sent to this token before, and the token did not accept it. It is not sent again "
      "until the source changes: put the right PIN there.");
  return FALSE;
}

static gboolean
prepare (CardeaPinAttempt *self, GError **error)
{
  CardeaPinOpened opened = { .fd = -1 };

  if (!cardea_pin_source_open (self->source, &opened, error))
    return FALSE;
  self->identity = opened.identity;
  if (!check_mark (self, error)) {
    if (opened.fd >= 0)
      close (opened.fd);
    return FALSE;
  }
  self->secret = cardea_pin_source_read (self->source, &opened, error);
  return self->secret != NULL && cardea_mark_set (self->folder, self->token_uri, &self->identity,
                                                  cardea_pin_source_get_name (self->source), error);
}

static void
prepare_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (prepare (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
cardea_pin_attempt_prepare_async (CardeaPinSource *source, const char *folder, const char *token_uri,
                                  GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  CardeaPinAttempt *self = g_new0 (CardeaPinAttempt, 1);

  self->source = cardea_pin_source_ref (source);
  self->folder = g_strdup (folder);
  self->token_uri = g_strdup (token_uri);
  g_task_set_source_tag (task, cardea_pin_attempt_prepare_async);
  g_task_set_task_data (task, self, free_attempt);
  g_task_run_in_thread (task, prepare_in_thread);
}

/* The task keeps what it was given until it goes, so its content moves out. */
CardeaPinAttempt *
cardea_pin_attempt_prepare_finish (GAsyncResult *result, GError **error)
{
  CardeaPinAttempt *inside = g_task_get_task_data (G_TASK (result)), *self;

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  self = g_new0 (CardeaPinAttempt, 1);
  *self = *inside;
  *inside = (CardeaPinAttempt){ 0 };
  return self;
}

static void
withdraw_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  CardeaPinAttempt *self = data;
  GError *error = NULL;

  if (cardea_mark_clear (self->folder, self->token_uri, &self->identity, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
cardea_pin_attempt_withdraw_async (CardeaPinAttempt *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, cardea_pin_attempt_withdraw_async);
  g_task_set_task_data (task, self, free_attempt);
  g_task_run_in_thread (task, withdraw_in_thread);
}

gboolean
cardea_pin_attempt_withdraw_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
