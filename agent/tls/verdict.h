/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/socket.h"

G_BEGIN_DECLS

typedef enum
{
  CARDEA_VERDICT_WAIT,     /* for more bytes */
  CARDEA_VERDICT_ACCEPTED, /* the server goes on */
  CARDEA_VERDICT_UNKNOWN,  /* no more will be learnt without reading the stream */
  CARDEA_VERDICT_FAILED,   /* the socket knows why */
} CardeaVerdictStep;

/* How many bytes the server has sent so far, read or not; to be asked before the Finished is sent. */
guint64 cardea_verdict_count_received (const CardeaTlsSocket *socket);
/* What the server's answer to our Finished says, as far as it has come. Takes no byte from the stream. */
CardeaVerdictStep cardea_verdict_look (CardeaTlsSocket *socket, guint64 received_before);

G_END_DECLS
