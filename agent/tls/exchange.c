/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a worker does for a handshake: each function is one job, blocks as it must, and leaves its result in
 * the exchange, which is the worker's alone until it returns. */

#include "agent/tls/exchange.h"

#include "agent/base/nss-cleanup.h"
#include "agent/tls/answer.h"
#include "agent/tls/tls12.h"

#include <secerr.h>

void
cardea_exchange_clear (CardeaExchange *self)
{
  g_clear_pointer (&self->decision, cardea_decision_free);
  g_clear_pointer (&self->socket, cardea_tls_socket_unref);
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_clear_pointer (&self->demands, g_ptr_array_unref);
  g_clear_pointer (&self->lists, cardea_crl_store_unref);
  g_clear_pointer (&self->server_name, g_free);
  g_clear_error (&self->verify_error);
  cardea_verdict_clear (&self->verdict);
}

static CardeaVerifyRequest
make_request (CardeaExchange *self)
{
  return (CardeaVerifyRequest){
    .chain = self->socket->chain,
    .stapled_ocsp = self->socket->stapled_ocsp,
    .server_name = self->server_name,
    .now = g_get_real_time () / G_USEC_PER_SEC,
    .demands = self->demands,
    .lists = self->lists,
    .fetch = self->fetch,
  };
}

/* The alert of a refusal is a courtesy: it tells the server's operator what clients see. */
static void
complete (CardeaExchange *self)
{
  self->judged = TRUE;
  if (self->looks_only) /* NSS goes on waiting */
    return;
  self->received_before = cardea_verdict_count_received (self->socket);
  self->step = cardea_tls_socket_complete_auth (self->socket,
                                                self->verify_error == NULL ? 0 : SEC_ERROR_UNTRUSTED_ISSUER);
}

/* A verdict on the server that needs nobody else is carried out at once. The socket is not touched before:
 * NSS waits meanwhile. */
static void
judge (CardeaExchange *self)
{
  self->verify_error = cardea_tls12_find_fault (self->socket);
  if (self->verify_error == NULL) {
    const CardeaVerifyRequest request = make_request (self);

    cardea_verify_server (self->trust, &request, &self->verdict, &self->verify_error);
  }
  if (self->verdict.question == NULL)
    complete (self);
}

void
cardea_exchange_step_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;

  self->step = cardea_tls_socket_step (self->socket);
  if (self->step == CARDEA_STEP_BLOCKED && self->socket->auth_pending && !self->judged)
    judge (self);
}

void
cardea_exchange_conclude_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;
  const CardeaVerifyRequest request = make_request (self);

  cardea_verify_conclude (&request, &self->verdict, self->revocation_answer, &self->verify_error);
  complete (self);
}

void
cardea_exchange_answer_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;

  self->received_before = cardea_verdict_count_received (self->socket);
  self->step = cardea_answer_send (self->socket, self->decision);
}

/* An alert says something about the server's certificate, whatever is sent in such a place. Of those there
 * are "access_denied" is the one for a certificate with which all is well (RFC 8446, 6.2). */
void
cardea_exchange_leave_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;

  self->step = cardea_tls_socket_complete_auth (
      self->socket, self->verify_error == NULL ? SEC_ERROR_UNTRUSTED_CERT : SEC_ERROR_UNTRUSTED_ISSUER);
}

void
cardea_exchange_look_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;

  self->verdict_step = cardea_verdict_look (self->socket, self->received_before);
}
