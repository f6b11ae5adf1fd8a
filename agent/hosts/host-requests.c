/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a token host is asked for, beside its listing: logins, new PINs and signatures.
 *
 * Each goes to one run of the process: a token that was shown by another one is none. */

#include "agent/hosts/host-private.h"

#include "agent/hosts/host-report.h"
#include "agent/hosts/opensc-host.h"
#include "agent/hosts/sign-call.h"
#include "socket-api/wire/error.h"

#define TOTAL_FACTOR 8 /* a signature may wait for others this many times as long as it may be silent */

/* NULL when a call to that run of the process may be sent. */
static GError *
check_call (CardeaHost *self, guint64 generation)
{
  if (!self->ready || generation != self->generation)
    return cardea_error_new (
        CARDEA_ERROR_TOKEN_UNAVAILABLE,
        "The token of the module %s was removed, or its process started afresh. Try again.",
        self->spec->name);
  if (cardea_host_calls_count (self->calls) >= CARDEA_LIMIT_HOST_PENDING)
    return cardea_host_report_busy (self->spec, self->problem, 1000);
  return NULL;
}

/* Takes @task, which the call's answer ends. @secret: what goes along, or NULL; @by_person: the token waits
 * for keys of its own pad. */
static void
send_call (CardeaHost *self, GTask *task, guint64 generation, CardeaHostMessage *message,
           CardeaSecret *secret, gboolean by_person)
{
  g_autoptr (GTask) own_task = task;
  GError *error = check_call (self, generation);
  g_autoptr (GBytes) packet = NULL;
  guint quiet = by_person ? CARDEA_LIMIT_QUESTION_MS : self->deadlines.call;
  CardeaHostCall *call;
  int pipe = -1;

  message->id = self->next_id;
  if (error == NULL)
    packet = cardea_host_message_encode (message, &error);
  if (error == NULL && secret != NULL)
    pipe = cardea_secret_to_pipe (secret, &error);
  if (error != NULL) {
    g_task_return_error (own_task, error);
    return;
  }
  call = cardea_host_calls_add (self->calls, self->next_id++, message->type, quiet,
                                MAX (quiet, self->deadlines.list));
  call->waiter = cardea_host_waiter_new (g_steal_pointer (&own_task));
  cardea_host_channel_send (self->channel, g_steal_pointer (&packet), pipe);
}

void
cardea_host_login_async (CardeaHost *self, guint64 generation, gulong slot, CardeaSecret *pin,
                         CardeaLoginManner manner, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer data)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_LOGIN, 0, .login = { slot, pin == NULL, manner } };
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, cardea_host_login_async);
  send_call (self, task, generation, &message, pin, pin == NULL);
}

gboolean
cardea_host_login_finish (CardeaHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
cardea_host_logout_async (CardeaHost *self, guint64 generation, gulong slot, GAsyncReadyCallback callback,
                          gpointer data)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_LOGOUT, 0, .logout = { slot } };
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, cardea_host_logout_async);
  send_call (self, task, generation, &message, NULL, FALSE);
}

gboolean
cardea_host_logout_finish (CardeaHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static CardeaHostWireSetPin
choose_set_pin (CardeaHost *self, CardeaPinAction action)
{
  if (action == CARDEA_PIN_CHANGE)
    return CARDEA_HOST_WIRE_SET_PIN_CHANGE;
  return cardea_opensc_is_module (self->spec->module) ? CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_PUK
                                                      : CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_OFFICER;
}

void
cardea_host_set_pin_async (CardeaHost *self, guint64 generation, gulong slot, CardeaPinAction action,
                           CardeaSecret *pins, GAsyncReadyCallback callback, gpointer data)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_SET_PIN, 0,
                                .set_pin = { slot, pins == NULL, choose_set_pin (self, action) } };
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, cardea_host_set_pin_async);
  send_call (self, task, generation, &message, pins, pins == NULL);
}

gboolean
cardea_host_set_pin_finish (CardeaHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
begin_sign_in_loop (gpointer data)
{
  CardeaSignCall *sign = data;
  CardeaHost *self = cardea_sign_call_get_host (sign);
  g_autoptr (GError) error = check_call (self, cardea_sign_call_get_generation (sign));
  GBytes *packet;

  if (error == NULL && !cardea_sign_call_is_abandoned (sign)) {
    packet = cardea_sign_call_encode (sign, self->next_id, CARDEA_HOST_WIRE_SIGN_NO_PIN, &error);
    if (packet != NULL) {
      CardeaHostCall *call =
          cardea_host_calls_add (self->calls, self->next_id++, CARDEA_HOST_MESSAGE_SIGN, self->deadlines.sign,
                                 TOTAL_FACTOR * self->deadlines.sign);

      call->sign = cardea_sign_call_ref (sign);
      cardea_host_channel_send (self->channel, packet, -1);
      return G_SOURCE_REMOVE;
    }
  }
  if (error == NULL)
    error = cardea_error_new (CARDEA_ERROR_CANCELLED, "The signature was cancelled.");
  cardea_sign_call_answer (sign, NULL, error);
  return G_SOURCE_REMOVE;
}

gboolean
cardea_host_sign (CardeaHost *self, const CardeaSignRequest *request, gint64 deadline,
                  GCancellable *cancellable, GBytes **signature, GError **error)
{
  g_autoptr (CardeaSignCall) call = cardea_sign_call_new (self, request);
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, begin_sign_in_loop, cardea_sign_call_ref (call),
                         (GDestroyNotify)cardea_sign_call_unref);
  g_source_attach (source, self->context);
  return cardea_sign_call_wait (call, deadline, cancellable, signature, error);
}

/* As long as each of its calls may take: two logins, which people may type on a pad, and the signature. */
static guint
get_pin_signature_ms (CardeaHost *self, CardeaSecret *pin)
{
  return self->deadlines.sign + 2 * (pin != NULL ? self->deadlines.call : CARDEA_LIMIT_QUESTION_MS);
}

void
cardea_host_sign_with_pin_async (CardeaHost *self, CardeaSignCall *sign, CardeaSecret *pin,
                                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  GError *error = check_call (self, cardea_sign_call_get_generation (sign));
  GBytes *packet = NULL;
  CardeaHostCall *call;
  guint quiet;
  int pipe = -1;

  g_task_set_source_tag (task, cardea_host_sign_with_pin_async);
  if (error == NULL && pin != NULL)
    pipe = cardea_secret_to_pipe (pin, &error);
  if (error == NULL)
    packet = cardea_sign_call_encode (
        sign, self->next_id, pin != NULL ? CARDEA_HOST_WIRE_SIGN_PIN : CARDEA_HOST_WIRE_SIGN_PINPAD, &error);
  if (error != NULL) {
    if (pipe >= 0)
      close (pipe);
    g_task_return_error (task, error);
    return;
  }
  quiet = get_pin_signature_ms (self, pin);
  call = cardea_host_calls_add (self->calls, self->next_id++, CARDEA_HOST_MESSAGE_SIGN, quiet,
                                MAX (quiet, TOTAL_FACTOR * self->deadlines.sign));
  call->waiter = cardea_host_waiter_new (g_steal_pointer (&task));
  cardea_host_channel_send (self->channel, packet, pipe);
}

GBytes *
cardea_host_sign_with_pin_finish (CardeaHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
