/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Requests in, replies out.
 *
 * One thread reads; the module's calls run in others, since any of them may take as long as a person needs to
 * touch a key. Signatures have a pool of their own, so that a login or a listing never waits behind
 * sixty-four of them. Each request gets exactly one last reply. Whether a call takes too long is the agent's
 * to say: it ends this process. */

#include "agent/token-host/service.h"

#include <string.h>
#include <unistd.h>

#include "agent/token-host/listing.h"
#include "agent/token-host/login.h"
#include "agent/token-host/set-pin.h"
#include "agent/token-host/sign.h"
#include "socket-api/private/host-packet.h"
#include "socket-api/secret/pair.h"

#define OTHERS_AT_ONCE 4
#define PIN_MS 1000 /* it is in the pipe already */

typedef struct
{
  int socket;
  CardeaPkcs11 *module;
  CardeaSessions *sessions;
  GThreadPool *signers, *others; /* of Request */
} Service;

typedef struct
{
  guint8 *packet; /* what message points into */
  CardeaHostMessage message;
  int pin; /* a pipe's read end, or -1 */
} Request;

static void
request_free (gpointer data)
{
  Request *self = data;

  if (self->pin >= 0)
    close (self->pin);
  g_free (self->packet);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

/* When the agent is gone there is nobody to tell, and the reading thread ends the process. */
static void
send_message (Service *self, const CardeaHostMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) packet = cardea_host_message_encode (message, &error);

  g_assert_no_error (error); /* every field was read with the same limit */
  cardea_host_packet_send (self->socket, packet, -1, NULL);
}

static void
send_failure (Service *self, guint64 id, const CardeaFailure *failure)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_FAILED, id };
  const char *text = failure->message;

  message.failed.failure = failure->failure;
  message.failed.rv = failure->rv;
  message.failed.pin = failure->pin;
  message.failed.told_tries = (guint64)(failure->tries + 1);
  message.failed.message =
      (CardeaHostBytes){ (const guint8 *)text, MIN (strlen (text), CARDEA_HOST_TEXT_BYTES) };
  send_message (self, &message);
}

typedef struct
{
  Service *service;
  guint64 id;
} ListingTarget;

static void
send_listed (CardeaHostMessage *message, gpointer data)
{
  ListingTarget *target = data;

  message->id = target->id;
  send_message (target->service, message);
}

static void
serve_list (Service *self, Request *request)
{
  ListingTarget target = { self, request->message.id };
  g_auto (CardeaFailure) failure = { 0 };

  if (!cardea_listing_run (self->module, self->sessions, request->message.list.roles, send_listed, &target,
                           &failure))
    send_failure (self, request->message.id, &failure);
}

/* Whether PINs come through a pipe with it. */
static gboolean
brings_pin (const CardeaHostMessage *message)
{
  if (message->type == CARDEA_HOST_MESSAGE_SET_PIN)
    return message->set_pin.pinpad == 0;
  return (message->type == CARDEA_HOST_MESSAGE_LOGIN && message->login.pinpad == 0) ||
         (message->type == CARDEA_HOST_MESSAGE_SIGN && message->sign.pin == CARDEA_HOST_WIRE_SIGN_PIN);
}

static gboolean
take_pin (Request *request, gsize max_bytes, CardeaSecret **pin, CardeaFailure *failure)
{
  g_autoptr (GError) error = NULL;

  if (!brings_pin (&request->message))
    return TRUE;
  *pin =
      request->pin >= 0 ? cardea_secret_new_from_fd (request->pin, max_bytes, FALSE, PIN_MS, &error) : NULL;
  if (*pin == NULL)
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_REQUEST, "The PIN did not arrive: %s",
                        error != NULL ? error->message : "no descriptor");
  return *pin != NULL;
}

static gboolean
log_in (Service *self, Request *request, CardeaFailure *failure)
{
  g_autoptr (CardeaSecret) pin = NULL;

  if (!take_pin (request, CARDEA_LIMIT_PIN_BYTES, &pin, failure))
    return FALSE;
  return cardea_login_run (self->module, self->sessions, request->message.login.slot, pin,
                           (CardeaHostWireLogin)request->message.login.manner, failure);
}

static void
serve_login (Service *self, Request *request)
{
  CardeaHostMessage reply = { CARDEA_HOST_MESSAGE_LOGGED_IN, request->message.id };
  g_auto (CardeaFailure) failure = { 0 };

  if (log_in (self, request, &failure))
    send_message (self, &reply);
  else
    send_failure (self, request->message.id, &failure);
}

static gboolean
set_pin (Service *self, Request *request, CardeaFailure *failure)
{
  g_autoptr (CardeaSecret) both = NULL, known = NULL, fresh = NULL;
  g_autoptr (GError) error = NULL;

  if (!take_pin (request, CARDEA_LIMIT_PIN_PAIR_BYTES, &both, failure))
    return FALSE;
  if (both != NULL && !cardea_secret_split (both, &known, &fresh, &error)) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_REQUEST, "The PINs did not arrive: %s", error->message);
    return FALSE;
  }
  return cardea_set_pin_run (self->module, self->sessions, request->message.set_pin.slot,
                             (CardeaHostWireSetPin)request->message.set_pin.action, known, fresh, failure);
}

static void
serve_set_pin (Service *self, Request *request)
{
  CardeaHostMessage reply = { CARDEA_HOST_MESSAGE_PIN_SET, request->message.id };
  g_auto (CardeaFailure) failure = { 0 };

  if (set_pin (self, request, &failure))
    send_message (self, &reply);
  else
    send_failure (self, request->message.id, &failure);
}

static void
serve_logout (Service *self, Request *request)
{
  CardeaHostMessage reply = { CARDEA_HOST_MESSAGE_LOGGED_OUT, request->message.id };
  g_auto (CardeaFailure) failure = { 0 };

  if (cardea_logout_run (self->module, self->sessions, request->message.logout.slot, &failure))
    send_message (self, &reply);
  else
    send_failure (self, request->message.id, &failure);
}

static void
serve_sign (Service *self, Request *request)
{
  CardeaHostMessage reply = { CARDEA_HOST_MESSAGE_SIGNATURE, request->message.id };
  g_auto (CardeaFailure) failure = { 0 };
  g_autoptr (CardeaSecret) pin = NULL;
  g_autoptr (GBytes) signature = NULL;

  if (take_pin (request, CARDEA_LIMIT_PIN_BYTES, &pin, &failure))
    signature = cardea_sign_run (self->module, self->sessions, &request->message, &pin, &failure);
  if (signature == NULL) {
    send_failure (self, request->message.id, &failure);
    return;
  }
  reply.signature.bytes.data = g_bytes_get_data (signature, &reply.signature.bytes.length);
  send_message (self, &reply);
}

static void
serve_in_thread (gpointer data, gpointer user_data)
{
  g_autoptr (Request) request = data;
  Service *self = user_data;

  if (request->message.type == CARDEA_HOST_MESSAGE_SIGN)
    serve_sign (self, request);
  else if (request->message.type == CARDEA_HOST_MESSAGE_LOGIN)
    serve_login (self, request);
  else if (request->message.type == CARDEA_HOST_MESSAGE_LOGOUT)
    serve_logout (self, request);
  else if (request->message.type == CARDEA_HOST_MESSAGE_SET_PIN)
    serve_set_pin (self, request);
  else
    serve_list (self, request);
}

/* NULL at the end, and when what came is no request. */
static Request *
receive_request (Service *self, guint8 *buffer, gboolean *clean)
{
  g_autoptr (Request) request = g_new0 (Request, 1);
  gsize length = 0;

  request->pin = -1;
  if (!cardea_host_packet_receive (self->socket, buffer, CARDEA_LIMIT_HOST_MESSAGE_BYTES, &length,
                                   &request->pin, NULL))
    return NULL;
  *clean = length == 0;
  request->packet = g_memdup2 (buffer, length);
  if (!cardea_host_message_decode (request->packet, length, CARDEA_HOST_REQUESTS, &request->message, NULL))
    return NULL;
  if (request->pin >= 0 && !brings_pin (&request->message))
    return NULL;
  return g_steal_pointer (&request);
}

static int
serve (Service *self)
{
  g_autofree guint8 *buffer = g_malloc (CARDEA_LIMIT_HOST_MESSAGE_BYTES);
  gboolean clean = FALSE;
  Request *request;

  while ((request = receive_request (self, buffer, &clean)) != NULL) {
    GThreadPool *pool = request->message.type == CARDEA_HOST_MESSAGE_SIGN ? self->signers : self->others;

    if (g_thread_pool_unprocessed (pool) >= CARDEA_LIMIT_HOST_PENDING) {
      request_free (request);
      return 1;
    }
    g_thread_pool_push (pool, request, NULL); /* queued even where no thread can be had now */
  }
  return clean ? 0 : 1;
}

int
cardea_service_run (int socket, const char *path, const char *init_arguments)
{
  Service *self = g_new0 (Service, 1); /* threads keep it until the process is gone */
  CardeaHostMessage ready = { CARDEA_HOST_MESSAGE_READY };
  g_auto (CardeaFailure) failure = { 0 };

  self->socket = socket;
  self->module = cardea_pkcs11_load (path, init_arguments, &failure);
  if (self->module == NULL) {
    send_failure (self, 0, &failure);
    return 1;
  }
  self->sessions = cardea_sessions_new (self->module);
  self->signers = g_thread_pool_new (serve_in_thread, self, CARDEA_LIMIT_HOST_SIGNERS, FALSE, NULL);
  self->others = g_thread_pool_new (serve_in_thread, self, OTHERS_AT_ONCE, FALSE, NULL);
  send_message (self, &ready);
  return serve (self);
}
