/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call on its way: who asked for what, and the three who can end it: the program, the agent and the time.
 */

#include "agent/broker/pending.h"

#include "agent/prompt/withdrawal.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

CardeaPending *
cardea_pending_new (CardeaCaller *caller, const CardeaRequest *request, CardeaStepFunc step,
                    gpointer step_data, GCancellable *cancellable)
{
  CardeaPending *self = g_new0 (CardeaPending, 1);

  self->caller = cardea_caller_ref (caller);
  self->request = cardea_request_copy (request);
  self->step = step;
  self->step_data = step_data;
  self->cancellable = cardea_withdrawal_new ();
  self->callers = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->gone_id = cardea_withdrawal_follow (self->cancellable, cancellable);
  return self;
}

void
cardea_pending_free (CardeaPending *self)
{
  cardea_pending_stop_waiting (self);
  g_cancellable_disconnect (self->callers, self->gone_id);
  g_clear_object (&self->callers);
  cardea_caller_unref (self->caller);
  cardea_request_free (self->request);
  g_object_unref (self->cancellable);
  g_free (self);
}

static gboolean
on_late (gpointer user_data)
{
  CardeaPending *self = user_data;

  self->timer = 0;
  self->timed_out = TRUE;
  cardea_withdrawal_cancel (self->cancellable, CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT);
  return G_SOURCE_REMOVE;
}

void
cardea_pending_start_waiting (CardeaPending *self)
{
  if (self->request->timeout_ms == 0)
    return;
  self->deadline = g_get_monotonic_time () + self->request->timeout_ms * G_TIME_SPAN_MILLISECOND;
  self->timer = g_timeout_add (self->request->timeout_ms, on_late, self);
}

void
cardea_pending_stop_waiting (CardeaPending *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
}

GError *
cardea_pending_make_error (const CardeaPending *self)
{
  GError *error;

  if (!self->timed_out)
    return cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was cancelled.");
  error = cardea_error_new (CARDEA_ERROR_TIMED_OUT,
                            "The time the program allowed was over before the tokens were read. Try again.");
  cardea_error_take_parameter (error, "what", json_string ("token"));
  return error;
}
