/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Explain: what Connect with the same parameters would come to. Nobody is asked, so there is no terminal. */
#include "agent/api/connect-request.h"
#include "agent/api/methods.h"

static void
on_explained (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (CardeaCall) call = user_data;
  g_autoptr (GError) error = NULL;
  json_t *reply = cardea_broker_explain_finish (CARDEA_BROKER (source), result, &error);

  if (reply)
    cardea_call_reply (call, reply);
  else
    cardea_call_reply_error (call, error);
}

void
cardea_handle_explain (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaRequest) request =
      cardea_connect_request_from_json (cardea_call_get_wire (call)->parameters, &error);

  if (request && cardea_connect_request_take_terminal (request, -1, &error))
    cardea_broker_explain_async (methods->broker, cardea_call_get_caller (call), request,
                                 cardea_call_get_cancellable (call), on_explained, cardea_call_ref (call));
  else
    cardea_call_reply_error (call, error);
}
