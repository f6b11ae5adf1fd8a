/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/decision.h"
#include "agent/tls/socket.h"
#include "agent/tls/verdict.h"
#include "agent/tls/verify.h"

G_BEGIN_DECLS

/* What a handshake hands to a worker and gets back: the socket, what was decided, and how far it came. */
typedef struct
{
  CardeaTlsSocket *socket;
  CardeaDecision *decision; /* NULL: no certificate */
  CardeaTrust *trust;       /* or NULL */
  GPtrArray *demands;       /* of CardeaDemand, or NULL */
  CardeaCrlStore *lists;    /* or NULL */
  gboolean fetch;
  char *server_name;
  gboolean looks_only; /* once the server is judged NSS is left waiting; nothing more is sent to it */

  CardeaTlsStep step;
  gboolean judged;                          /* the server: verdict or verify_error */
  CardeaVerdict verdict;                    /* not judged and with a question: that is for the owner to ask */
  CardeaRevocationStatus revocation_answer; /* to it */
  GError *verify_error;
  guint64 received_before; /* our Finished */
  CardeaVerdictStep verdict_step;
} CardeaExchange;

void cardea_exchange_clear (CardeaExchange *self);

/* CardeaWork, each with the exchange as its data. */
void cardea_exchange_step_in_thread (gpointer exchange);     /* up to a question for the owner */
void cardea_exchange_conclude_in_thread (gpointer exchange); /* after a question about revocation */
void cardea_exchange_answer_in_thread (gpointer exchange);
/* For who looked only: an alert, after which nothing is of use. */
void cardea_exchange_leave_in_thread (gpointer exchange);
void cardea_exchange_look_in_thread (gpointer exchange); /* verdict_step */

G_END_DECLS
