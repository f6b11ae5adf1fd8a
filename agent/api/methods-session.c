/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods on sessions that are there: AwaitEnd and Disconnect.
 *
 * An id cannot be guessed, yet knowing one is no right: AwaitEnd serves only the program that the session
 * belongs to, and to any other it looks as if there were none. */
#include "agent/api/await.h"
#include "agent/api/methods.h"
#include "agent/broker/json.h"

static void
reply_end (CardeaCall *call, CardeaSession *session)
{
  cardea_call_reply (call,
                     json_pack ("{s:o}", "end", cardea_json_from_end (cardea_session_get_end (session))));
}

static gboolean
belongs_to (CardeaSession *session, CardeaCall *call)
{
  return g_str_equal (cardea_caller_get_key (cardea_session_get_caller (session)),
                      cardea_caller_get_key (cardea_call_get_caller (call)));
}

void
cardea_handle_await_end (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;
  const char *id = cardea_methods_expect_string (call, "session");
  CardeaSession *session = id ? cardea_broker_find_session (methods->broker, id) : NULL;

  if (!id)
    return;

  if (!session || !belongs_to (session, call))
    cardea_methods_reply_not_found (call, id);
  else if (cardea_session_get_end (session))
    reply_end (call, session);
  else
    cardea_await (call, session, reply_end);
}

void
cardea_handle_disconnect (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;
  const char *id = cardea_methods_expect_string (call, "session");
  CardeaSession *session = id ? cardea_broker_find_session (methods->broker, id) : NULL;

  if (!id)
    return;

  if (!session) {
    cardea_methods_reply_not_found (call, id);
    return;
  }

  cardea_session_stop (session, CARDEA_END_DISCONNECTED);
  cardea_call_reply (call, NULL);
}
