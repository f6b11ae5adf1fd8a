/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How an answer goes to the server by way of NSS.
 *
 * NSS takes a key that it cannot use for none and goes on anonymously, so what was sent is compared with what
 * was decided. */

#include "agent/tls/answer.h"

#include "agent/base/nss-cleanup.h"
#include "agent/tls/info.h"
#include "agent/tls/tls12.h"

#include <secerr.h>
#include <ssl.h>

CardeaTlsStep
cardea_answer_send (CardeaTlsSocket *socket, CardeaDecision *decision)
{
  if (decision == NULL)
    return cardea_tls_socket_complete_request (socket, NULL, NULL);
  SECKEYPrivateKey *key = cardea_decision_find_key (decision);
  if (key == NULL) {
    socket->error = SEC_ERROR_NO_KEY;
    return CARDEA_STEP_FAILED;
  }
  return cardea_tls_socket_complete_request (
      socket, key, CERT_DupCertificate (cardea_decision_get_certificate (decision)));
}

gboolean
cardea_answer_was_sent (CardeaTlsSocket *socket, CardeaDecision *decision)
{
  return cardea_decision_count_signatures (decision) == 1 &&
         cardea_tls_info_was_sent (socket, cardea_decision_get_certificate (decision));
}

gboolean
cardea_answer_is_possible (CardeaTlsSocket *socket, CardeaCertificate *certificate,
                           CardeaRsaSchemes rsa_schemes)
{
  GBytes *der = cardea_certificate_get_der (certificate);
  CERTCertificate *published;

  if (cardea_tls12_is_spoken (socket))
    cardea_tls12_limit_rsa (socket, rsa_schemes);
  else if (cardea_certificate_get_key_type (certificate) == CARDEA_KEY_RSA &&
           (rsa_schemes & CARDEA_RSA_PSS) == 0)
    return FALSE;
  published = cardea_decision_publish_certificate (der);
  if (published == NULL)
    return FALSE;
  gboolean usable = SSL_CertIsUsable (socket->fd, published);
  cardea_decision_forget_certificate (published, der);
  return usable;
}
