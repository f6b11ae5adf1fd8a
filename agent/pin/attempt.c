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

/* Some sources are made anew at each start (a credential, a descriptor), and some tokens never say how many
 * tries are left: so tries without a success between them are limited as well, below the three that a card
 * has at least. */
static gboolean
check_mark (CardeaPinAttempt *self, GError **error)
{
  gboolean marked;
  guint n_marks;

  if (!cardea_mark_find (self->folder, self->token_uri, &self->identity, &marked, &n_marks, error))
    return FALSE;
  if (marked)
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_EXISTS,
        "Its PIN was sent to this token before, and the token did not accept it. It is not sent again "
        "until the source changes: put the right PIN there.");
  else if (n_marks >= CARDEA_PIN_MAX_FAILED_TRIES)
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_EXISTS,
        "%u PINs of sources were sent to this token, and it accepted none; one more could lock it. Log in to "
        "it once by hand with the right PIN, then remove the marks in %s.",
        n_marks, self->folder);
  return !marked && n_marks < CARDEA_PIN_MAX_FAILED_TRIES;
}

static gboolean
prepare (CardeaPinAttempt *self, GError **error)
{
  CardeaPinOpened opened = { .fd = -1 };
  g_autofree char *name = g_strdup_printf ("[pin %s]", cardea_pin_source_get_name (self->source));

  if (!cardea_pin_source_open (self->source, &opened, error))
    return FALSE;
  self->identity = opened.identity;
  if (!check_mark (self, error)) {
    if (opened.fd >= 0)
      close (opened.fd);
    return FALSE;
  }
  self->secret = cardea_pin_source_read (self->source, &opened, error);
  return self->secret != NULL &&
         cardea_mark_set (self->folder, self->token_uri, &self->identity, name, error);
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

  if (self->accepted ? cardea_mark_accept (self->folder, self->token_uri, &self->identity, &error)
                     : cardea_mark_clear (self->folder, self->token_uri, &self->identity, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
cardea_pin_attempt_withdraw_async (CardeaPinAttempt *self, gboolean accepted, GAsyncReadyCallback callback,
                                   gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  self->accepted = accepted;
  g_task_set_source_tag (task, cardea_pin_attempt_withdraw_async);
  g_task_set_task_data (task, self, free_attempt);
  g_task_run_in_thread (task, withdraw_in_thread);
}

gboolean
cardea_pin_attempt_withdraw_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
