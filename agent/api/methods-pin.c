/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* ChangePin and UnblockPin. No PIN is in the call or its answer: the person is asked as for a connection. */
#include "agent/api/methods.h"

#include "agent/api/connect-request.h"

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (CardeaCall) call = user_data;
  g_autoptr (GError) error = NULL;

  if (cardea_broker_set_pin_finish (CARDEA_BROKER (source), result, &error))
    cardea_call_reply (call, NULL);
  else
    cardea_call_reply_error (call, error);
}

static void
set_pin (CardeaCall *call, const CardeaMethodContext *methods, CardeaPinAction action)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  g_autoptr (CardeaRequest) request =
      cardea_connect_request_for_pin (cardea_call_get_wire (call)->parameters, &token, &error);

  if (request && cardea_connect_request_take_terminal (request, cardea_call_take_descriptor (call), &error))
    cardea_broker_set_pin_async (methods->broker, cardea_call_get_caller (call), token, action, request,
                                 cardea_call_get_cancellable (call), on_set, cardea_call_ref (call));
  else
    cardea_call_reply_error (call, error);
}

void
cardea_handle_change_pin (CardeaCall *call, gpointer context)
{
  set_pin (call, context, CARDEA_PIN_CHANGE);
}

void
cardea_handle_unblock_pin (CardeaCall *call, gpointer context)
{
  set_pin (call, context, CARDEA_PIN_UNBLOCK);
}
