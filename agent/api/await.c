/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for a session's end.
 *
 * A program may wait for as many of its sessions as it likes, go away, and come back: what it leaves behind
 * must go with it, not with the session. So a wait ends with whichever is first, and is gone before its
 * answer is given, which may itself find the program gone. */
#include "agent/api/await.h"

#define AWAITED "cardea-awaited"

typedef struct
{
  CardeaCall *call;
  CardeaSession *session;
  CardeaAwaited awaited;
  gulong ended_id;
  gulong gone_id;
  gboolean is_first;
} Wait;

static void
wait_free (Wait *wait)
{
  g_signal_handler_disconnect (wait->session, wait->ended_id);
  g_signal_handler_disconnect (cardea_call_get_cancellable (wait->call), wait->gone_id);
  if (wait->is_first)
    g_object_set_data (G_OBJECT (wait->session), AWAITED, NULL);
  g_object_unref (wait->session);
  cardea_call_unref (wait->call);
  g_free (wait);
}

static void
on_session_ended (CardeaSession *session, gpointer user_data)
{
  Wait *wait = user_data;
  g_autoptr (CardeaCall) call = cardea_call_ref (wait->call);
  CardeaAwaited awaited = wait->awaited;

  wait_free (wait);
  awaited (call, session);
}

static void
on_caller_gone (GCancellable *cancellable, gpointer user_data)
{
  wait_free (user_data);
}

void
cardea_await (CardeaCall *call, CardeaSession *session, CardeaAwaited awaited)
{
  Wait *wait = g_new0 (Wait, 1);

  g_return_if_fail (cardea_session_get_end (session) == NULL);

  wait->call = cardea_call_ref (call);
  wait->session = g_object_ref (session);
  wait->awaited = awaited;
  wait->ended_id = g_signal_connect (session, "ended", G_CALLBACK (on_session_ended), wait);
  wait->gone_id =
      g_signal_connect (cardea_call_get_cancellable (call), "cancelled", G_CALLBACK (on_caller_gone), wait);

  wait->is_first = g_object_get_data (G_OBJECT (session), AWAITED) == NULL;
  if (wait->is_first) {
    g_object_set_data (G_OBJECT (session), AWAITED, wait);
    cardea_call_release (call);
  }
}
