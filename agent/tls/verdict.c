/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the server thinks of our certificate.
 *
 * In TLS 1.3 the client's handshake is over before the server has looked at its certificate, and nothing says
 * yes. But a server that goes on sends something, be it session tickets, and one that refuses sends an alert.
 * NSS takes tickets in silently, so it is the kernel's count of bytes that tells that something came. What
 * came before our Finished left says nothing. */

#include "agent/tls/verdict.h"

#include <netinet/in.h>
#include <linux/tcp.h>
#include <sys/socket.h>

/* A record with an alert and nothing else: header, two bytes, content type, tag (RFC 8446, 5.2). So many
 * bytes may be the first part of a refusal. */
#define ALERT_RECORD_BYTES 24

guint64
cardea_verdict_count_received (const CardeaTlsSocket *socket)
{
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  return getsockopt (socket->raw, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_bytes_received : 0;
}

static CardeaVerdictStep
look_without_data (CardeaTlsSocket *socket, guint64 fresh)
{
  socket->error = PR_GetError ();
  if (socket->error != PR_WOULD_BLOCK_ERROR)
    return CARDEA_VERDICT_FAILED;
  PRInt16 ready = 0;
  socket->wants_write = (socket->fd->methods->poll (socket->fd, PR_POLL_READ, &ready) & PR_POLL_WRITE) != 0;
  return fresh > ALERT_RECORD_BYTES ? CARDEA_VERDICT_ACCEPTED : CARDEA_VERDICT_WAIT;
}

CardeaVerdictStep
cardea_verdict_look (CardeaTlsSocket *socket, guint64 received_before)
{
  guint8 byte;
  cardea_meter_limit (&socket->meter);
  PRInt32 done = PR_Recv (socket->fd, &byte, sizeof byte, PR_MSG_PEEK, PR_INTERVAL_NO_WAIT);
  guint64 fresh = cardea_verdict_count_received (socket) - received_before;

  if (done < 0)
    return look_without_data (socket, fresh);
  if (done == 0)
    return CARDEA_VERDICT_UNKNOWN; /* the end: whoever reads the stream learns how */
  return fresh > 0 ? CARDEA_VERDICT_ACCEPTED : CARDEA_VERDICT_UNKNOWN;
}
