/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a worker does for a handshake: each function is one job, blocks as it must, and leaves its result in
 * the exchange, which is the worker's alone until it returns. */

#include "agent/tls/exchange.h"

#include "agent/base/nss-cleanup.h"
#include "agent/tls/answer.h"
#include "agent/tls/info.h"
#include "agent/tls/tls12.h"

#include <secerr.h>

void
cardea_exchange_init (CardeaExchange *self, int fd, const CardeaHandshakeOptions *options, GError **error)
{
  self->server_name = g_strdup (options->server_name);
  self->trust = options->trust != NULL ? cardea_trust_ref (options->trust) : NULL;
  self->demands = options->demands != NULL ? g_ptr_array_ref (options->demands) : NULL;
  self->revocation = options->revocation != NULL ? cardea_revocation_ref (options->revocation) : NULL;
  self->socket = cardea_tls_socket_new (fd, options->server_name, options->alpn, options->tls12, error);
  if (self->socket == NULL)
    return;
  if (options->post_handshake)
    cardea_tls_socket_offer_post_handshake (self->socket);
  if (options->resumable && cardea_tls_socket_ask_for_ticket (self->socket) && options->earlier != NULL)
    self->earlier = cardea_resumption_ref (options->earlier);
}

void
cardea_exchange_clear (CardeaExchange *self)
{
  g_clear_pointer (&self->decision, cardea_decision_free);
  g_clear_pointer (&self->socket, cardea_tls_socket_unref);
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_clear_pointer (&self->demands, g_ptr_array_unref);
  g_clear_pointer (&self->revocation, cardea_revocation_unref);
  g_clear_pointer (&self->earlier, cardea_resumption_unref);
  g_clear_pointer (&self->server_name, g_free);
  g_clear_error (&self->verify_error);
  cardea_verdict_clear (&self->verdict);
  cardea_verdict_clear (&self->earlier_verdict);
}

static CardeaVerifyRequest
make_request (const CardeaExchange *self, GPtrArray *chain, GBytes *stapled_ocsp)
{
  return (CardeaVerifyRequest){
    .chain = chain,
    .stapled_ocsp = stapled_ocsp,
    .server_name = self->server_name,
    .now = g_get_real_time () / G_USEC_PER_SEC,
    .demands = self->demands,
    .lists = self->revocation != NULL ? cardea_revocation_get_lists (self->revocation) : NULL,
    .fetch = self->revocation != NULL && cardea_revocation_fetches (self->revocation),
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
    const CardeaVerifyRequest request = make_request (self, self->socket->chain, self->socket->stapled_ocsp);

    cardea_verify_server (self->trust, &request, &self->verdict, &self->verify_error);
  }
  if (self->verdict.question == NULL)
    complete (self);
}

/* By what is at hand: the network was asked about revocation when the session was made. */
static gboolean
verify_earlier (CardeaExchange *self, GError **error)
{
  CardeaVerifyRequest request = make_request (self, self->earlier->chain, self->earlier->stapled_ocsp);

  request.fetch = FALSE;
  return cardea_verify_server (self->trust, &request, &self->earlier_verdict, error);
}

/* A server that resumes shows no certificate, so the one that it showed is looked at again: it may have
 * expired, and those who vouched for it may be trusted no more. */
static void
begin (CardeaExchange *self)
{
  g_autoptr (GError) error = NULL;

  self->begun = TRUE;
  if (self->earlier != NULL && !verify_earlier (self, &error)) {
    g_info ("A session with %s is not resumed: %s", self->server_name, error->message);
    cardea_ticket_drop (self->earlier->ticket);
    g_clear_pointer (&self->earlier, cardea_resumption_unref);
  }
  self->step = self->earlier != NULL ? cardea_tls_socket_step_offering (self->socket, self->earlier->ticket)
                                     : cardea_tls_socket_step (self->socket);
}

/* Nobody else has it before the handshake is over. */
static void
look_for_ticket (CardeaExchange *self)
{
  if (self->socket->ticket == NULL || !self->socket->finished)
    return;
  cardea_ticket_begin_reading (self->socket->ticket, self->socket->fd);
  cardea_ticket_end_reading (self->socket->ticket, self->socket->fd);
}

void
cardea_exchange_step_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;

  if (self->begun)
    self->step = cardea_tls_socket_step (self->socket);
  else
    begin (self);
  look_for_ticket (self);
  if (self->step == CARDEA_STEP_BLOCKED && self->socket->auth_pending && !self->judged)
    judge (self);
}

void
cardea_exchange_conclude_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;
  const CardeaVerifyRequest request = make_request (self, self->socket->chain, self->socket->stapled_ocsp);

  cardea_verify_conclude (&request, &self->verdict, self->revocation_answer, &self->verify_error);
  complete (self);
}

void
cardea_exchange_answer_in_thread (gpointer exchange)
{
  CardeaExchange *self = exchange;

  self->received_before = cardea_verdict_count_received (self->socket);
  self->step = cardea_answer_send (self->socket, self->decision);
  look_for_ticket (self);
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
  look_for_ticket (self);
}

/* It took the session up, which it knows to be this certificate's. */
static void
tell_resumed (CardeaExchange *self, CardeaTlsInfo *info)
{
  cardea_verdict_clear (&self->verdict);
  self->verdict = self->earlier_verdict;
  self->earlier_verdict = (CardeaVerdict){ NULL };
  g_ptr_array_unref (info->peer_chain);
  info->peer_chain = g_ptr_array_ref (self->earlier->chain);
  info->certificate_requested = info->certificate_sent = info->accepted = TRUE;
  info->resumption = cardea_resumption_renew (self->earlier, self->socket);
}

/* In TLS 1.2 the server's Finished is the answer to ours. */
static gboolean
tell_full (CardeaExchange *self, CardeaTlsInfo *info)
{
  if (self->decision != NULL) {
    info->certificate_sent = cardea_answer_was_sent (self->socket, self->decision);
    if (!info->certificate_sent)
      return FALSE;
  }
  info->accepted = info->certificate_requested && cardea_tls12_is_spoken (self->socket);
  info->resumption = cardea_resumption_new (self->socket);
  return TRUE;
}

static gboolean
is_trusted (const CardeaExchange *self, const CardeaTlsInfo *info)
{
  return info->resumed ? self->earlier != NULL : self->judged && self->verify_error == NULL;
}

CardeaTlsInfo *
cardea_exchange_make_info (CardeaExchange *self)
{
  g_autoptr (CardeaTlsInfo) info = cardea_tls_info_new (self->socket);

  if (info == NULL || !is_trusted (self, info))
    return NULL;
  if (info->resumed)
    tell_resumed (self, info);
  else if (!tell_full (self, info))
    return NULL;
  info->vouched_by = g_strdup (self->verdict.vouched_by);
  info->revocation = g_strdup (self->verdict.revocation);
  return g_steal_pointer (&info);
}
