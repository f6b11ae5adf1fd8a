/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/decision.h"
#include "agent/tls/handshake.h"
#include "agent/tls/resumption.h"
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
  char *server_name;
  CardeaResumption *earlier; /* to go on with; NULL: with none, or its server would not be trusted now */
  gboolean looks_only;       /* once the server is judged NSS is left waiting; nothing more is sent to it */
  CardeaRevocation *revocation; /* or NULL; a worker reads its lists, the owner asks the network */

  CardeaTlsStep step;
  gboolean begun;
  gboolean judged;                          /* the server: verdict or verify_error */
  CardeaVerdict verdict;                    /* not judged and with a question: that is for the owner to ask */
  CardeaRevocationStatus revocation_answer; /* to it */
  CardeaVerdict earlier_verdict;            /* on the server of @earlier, as of now */
  GError *verify_error;
  guint64 received_before; /* our Finished */
  CardeaVerdictStep verdict_step;
} CardeaExchange;

/* Takes @fd, also on failure: then there is no socket. Errors: HANDSHAKE_FAILED. */
void cardea_exchange_init (CardeaExchange *self, int fd, const CardeaHandshakeOptions *options,
                           GError **error);
void cardea_exchange_clear (CardeaExchange *self);

/* The handshake is over: what was agreed on, with a server that is trusted. NULL: it is not what was decided,
 * since the certificate did not go out, which would be an anonymous connection that nobody asked for. */
CardeaTlsInfo *cardea_exchange_make_info (CardeaExchange *self);

/* CardeaWork, each with the exchange as its data. */
void cardea_exchange_step_in_thread (gpointer exchange);     /* up to a question for the owner */
void cardea_exchange_conclude_in_thread (gpointer exchange); /* after a question about revocation */
void cardea_exchange_answer_in_thread (gpointer exchange);
/* For who looked only: an alert, after which nothing is of use. */
void cardea_exchange_leave_in_thread (gpointer exchange);
void cardea_exchange_look_in_thread (gpointer exchange); /* verdict_step */

G_END_DECLS
