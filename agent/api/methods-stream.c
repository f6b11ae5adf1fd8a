/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connect and Open: a stream in place of the socket, or beside it. Wrap and OpenWrap are the same over a
 * connection that the program has already.
 *
 * The broker keeps each session until it has ended, whoever asked for it. So a session that its program did
 * not live to get is stopped here, or it would stay open for nobody. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/api/await.h"
#include "agent/api/connect-request.h"
#include "agent/api/methods.h"
#include "agent/broker/json.h"
#include "socket-api/wire/error.h"

/* A session on its way to its program. */
typedef struct
{
  CardeaSession *session;
  CardeaBroker *broker;
} Delivery;

static void
delivery_free (Delivery *delivery)
{
  g_object_unref (delivery->session);
  g_object_unref (delivery->broker);
  g_free (delivery);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delivery, delivery_free)

static CardeaRequest *
read_request (CardeaCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaRequest) request =
      cardea_connect_request_from_json (cardea_call_get_wire (call)->parameters, &error);
  gboolean confined = cardea_caller_get_strength (cardea_call_get_caller (call)) == CARDEA_CALLER_CONFINED;

  if (request && request->terminal_use != CARDEA_TERMINAL_NEVER && confined)
    error = cardea_error_new (CARDEA_ERROR_PERMISSION_DENIED,
                              "Sandboxed programs may not have questions asked on a terminal");
  if (!error && cardea_connect_request_take_terminal (request, cardea_call_take_descriptor (call), &error))
    return g_steal_pointer (&request);

  cardea_call_reply_error (call, error);
  return NULL;
}

/* A sandboxed program may bring a connection, which it has already. One of this machine would have the
 * agent's name on what it writes: its other end can ask the kernel whose it is, and trust the agent more. */
static CardeaRequest *
read_wrap_request (CardeaCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaRequest) request =
      cardea_connect_request_for_wrap (cardea_call_get_wire (call)->parameters, &error);
  gboolean confined = cardea_caller_get_strength (cardea_call_get_caller (call)) == CARDEA_CALLER_CONFINED;

  if (request && cardea_connect_request_take_socket (request, cardea_call_take_descriptor (call), &error)) {
    if (!confined || !cardea_connected_socket_is_local (request->socket))
      return g_steal_pointer (&request);
    error = cardea_error_new (CARDEA_ERROR_PERMISSION_DENIED,
                              "Sandboxed programs may bring TCP connections, but no Unix sockets");
  }

  cardea_call_reply_error (call, error);
  return NULL;
}

/* The session that was made, or NULL when the call was answered with why there is none, or is over. */
static CardeaSession *
finish_connect (GObject *source, GAsyncResult *result, CardeaCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSession) session = cardea_broker_connect_finish (CARDEA_BROKER (source), result, &error);

  if (!session) {
    cardea_call_reply_error (call, error);
    return NULL;
  }

  if (cardea_call_is_over (call)) {
    cardea_session_stop (session, CARDEA_END_DISCONNECTED);
    return NULL;
  }

  if (cardea_session_get_end (session)) {
    error = cardea_error_new (CARDEA_ERROR_CANCELLED, "The connection was closed before the program got it");
    cardea_call_reply_error (call, error);
    return NULL;
  }

  return g_steal_pointer (&session);
}

static void
on_upgraded (int fd, GBytes *early, gpointer user_data)
{
  g_autoptr (Delivery) delivery = user_data;

  if (fd < 0)
    cardea_session_stop (delivery->session, CARDEA_END_DISCONNECTED);
  else if (cardea_session_get_end (delivery->session))
    close (fd); /* stopped while the answer was on its way */
  else
    cardea_session_attach (delivery->session, cardea_broker_get_relays (delivery->broker), fd, early);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (CardeaCall) call = user_data;
  g_autoptr (CardeaSession) session = finish_connect (source, result, call);
  Delivery *delivery;

  if (!session)
    return;

  delivery = g_new0 (Delivery, 1);
  delivery->session = g_object_ref (session);
  delivery->broker = g_object_ref (CARDEA_BROKER (source));
  cardea_call_reply_upgrade (call, json_pack ("{s:o}", "session", cardea_json_from_own_session (session)),
                             on_upgraded, delivery);
}

/* @request may be NULL: the call was answered. */
static void
connect_to (CardeaCall *call, const CardeaMethodContext *methods, const CardeaRequest *request)
{
  if (request)
    cardea_broker_connect_async (methods->broker, cardea_call_get_caller (call), request, NULL, NULL,
                                 cardea_call_get_cancellable (call), on_connected, cardea_call_ref (call));
}

void
cardea_handle_connect (CardeaCall *call, gpointer context)
{
  g_autoptr (CardeaRequest) request = read_request (call);

  connect_to (call, context, request);
}

void
cardea_handle_wrap (CardeaCall *call, gpointer context)
{
  g_autoptr (CardeaRequest) request = read_wrap_request (call);

  connect_to (call, context, request);
}

static void
on_step (CardeaStep step, gpointer user_data)
{
  CardeaCall *call = user_data;

  /* "ready" comes with its session, and failure is the answer. */
  if (step != CARDEA_STEP_READY && step != CARDEA_STEP_FAILED)
    cardea_call_reply_continues (call, json_pack ("{s:s}", "step", cardea_step_to_string (step)), -1);
}

static void
reply_ended (CardeaCall *call, CardeaSession *session)
{
  cardea_call_reply (call, json_pack ("{s:s, s:o}", "step", "ended", "end",
                                      cardea_json_from_end (cardea_session_get_end (session))));
}

static void
deliver (CardeaCall *call, CardeaSession *session, CardeaBroker *broker)
{
  json_t *ready =
      json_pack ("{s:s, s:o}", "step", "ready", "session", cardea_json_from_own_session (session));
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    g_autoptr (GError) error = cardea_error_new (
        CARDEA_ERROR_BUSY, "No descriptors are left for another stream: %s", g_strerror (errno));

    json_decref (ready);
    cardea_error_take_parameter (error, "what", json_string ("descriptors"));
    cardea_session_stop (session, CARDEA_END_DISCONNECTED);
    cardea_call_reply_error (call, error);
    return;
  }

  /* Should the program be gone by now, the wait is over, and the stream ends as its only other end was
   * closed. */
  cardea_await (call, session, reply_ended);
  cardea_call_reply_continues (call, ready, ends[1]);
  cardea_session_attach (session, cardea_broker_get_relays (broker), ends[0], NULL);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (CardeaCall) call = user_data;
  g_autoptr (CardeaSession) session = finish_connect (source, result, call);

  if (session)
    deliver (call, session, CARDEA_BROKER (source));
}

/* As connect_to(). */
static void
open_to (CardeaCall *call, const CardeaMethodContext *methods, const CardeaRequest *request)
{
  if (request)
    cardea_broker_connect_async (methods->broker, cardea_call_get_caller (call), request, on_step, call,
                                 cardea_call_get_cancellable (call), on_opened, cardea_call_ref (call));
}

void
cardea_handle_open (CardeaCall *call, gpointer context)
{
  g_autoptr (CardeaRequest) request = read_request (call);

  open_to (call, context, request);
}

void
cardea_handle_open_wrap (CardeaCall *call, gpointer context)
{
  g_autoptr (CardeaRequest) request = read_wrap_request (call);

  open_to (call, context, request);
}
