/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The connection below NSS.
 *
 * NSPR's own layer for sockets makes the open file non-blocking, and waits where it is not. But the flag
 * belongs to everybody who has a copy: a program that handed its socket over can clear it again at any time,
 * and the next record would stop a thread that carries other programs' streams. So each call here says for
 * itself that it does not wait, and the flag is neither read nor changed.
 *
 * NSS takes the first bytes of whatever a server says for a record's head, length and all, and waits for the
 * rest. A server that greets in the clear would thereby only be found out when the time is over: its first
 * byte is looked at here. */

#include "agent/tls/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <prerror.h>
#include <pthread.h>
#include <sslerr.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/base/connected-socket.h"

/* What a server may begin with (RFC 8446, 5.1). */
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22

typedef struct
{
  int raw;        /* owned */
  gboolean begun; /* the server's first byte was one of TLS */
} Transport;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static PRDescIdentity identity = PR_INVALID_IO_LAYER;
static PRIOMethods methods;

static Transport *
get_self (const PRFileDesc *fd)
{
  return (Transport *)fd->secret;
}

static int
get_raw (const PRFileDesc *fd)
{
  return get_self (fd)->raw;
}

static PRErrorCode
get_code (int error)
{
  static const struct
  {
    int error;
    PRErrorCode code;
  } codes[] = {
    { EAGAIN, PR_WOULD_BLOCK_ERROR },
    { EINTR, PR_WOULD_BLOCK_ERROR },
    { EPIPE, PR_CONNECT_RESET_ERROR },
    { ECONNRESET, PR_CONNECT_RESET_ERROR },
    { ECONNABORTED, PR_CONNECT_ABORTED_ERROR },
    { ENOTCONN, PR_NOT_CONNECTED_ERROR },
    { ENETDOWN, PR_NETWORK_DOWN_ERROR },
    { ENETUNREACH, PR_NETWORK_UNREACHABLE_ERROR },
    { EHOSTUNREACH, PR_HOST_UNREACHABLE_ERROR },
    { ETIMEDOUT, PR_IO_TIMEOUT_ERROR },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].error == error)
      return codes[i].code;
  return PR_IO_ERROR;
}

static int
fail (void)
{
  int error = errno;

  PR_SetError (get_code (error), error);
  return -1;
}

static PRInt32
check_begin (Transport *self, const guint8 *bytes, PRInt32 n)
{
  if (self->begun || n == 0)
    return n;
  self->begun = bytes[0] == RECORD_HANDSHAKE || bytes[0] == RECORD_ALERT;
  if (self->begun)
    return n;
  PR_SetError (SSL_ERROR_RX_UNKNOWN_RECORD_TYPE, 0);
  return -1;
}

static PRInt32 PR_CALLBACK
receive (PRFileDesc *fd, void *buffer, PRInt32 length, PRIntn flags, PRIntervalTime timeout)
{
  int peek = (flags & PR_MSG_PEEK) != 0 ? MSG_PEEK : 0;
  gssize n = recv (get_raw (fd), buffer, (gsize)length, MSG_DONTWAIT | peek);

  return n >= 0 ? check_begin (get_self (fd), buffer, (PRInt32)n) : fail ();
}

static PRInt32 PR_CALLBACK
transmit (PRFileDesc *fd, const void *buffer, PRInt32 length, PRIntn flags, PRIntervalTime timeout)
{
  gssize n = send (get_raw (fd), buffer, (gsize)length, MSG_DONTWAIT | MSG_NOSIGNAL);

  return n >= 0 ? (PRInt32)n : fail ();
}

static PRInt32 PR_CALLBACK
read_bytes (PRFileDesc *fd, void *buffer, PRInt32 length)
{
  return receive (fd, buffer, length, 0, PR_INTERVAL_NO_WAIT);
}

static PRInt32 PR_CALLBACK
write_bytes (PRFileDesc *fd, const void *buffer, PRInt32 length)
{
  return transmit (fd, buffer, length, 0, PR_INTERVAL_NO_WAIT);
}

static PRStatus PR_CALLBACK
shut_down (PRFileDesc *fd, PRIntn how)
{
  static const int ways[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };

  if (how < 0 || how >= (PRIntn)G_N_ELEMENTS (ways)) {
    PR_SetError (PR_INVALID_ARGUMENT_ERROR, 0);
    return PR_FAILURE;
  }
  return shutdown (get_raw (fd), ways[how]) == 0 ? PR_SUCCESS : (PRStatus)fail ();
}

static PRStatus PR_CALLBACK
close_socket (PRFileDesc *fd)
{
  Transport *self = get_self (fd);

  cardea_connected_socket_end (self->raw);
  g_free (self);
  fd->secret = NULL;
  fd->dtor (fd);
  return PR_SUCCESS;
}

/* Events are waited for elsewhere: whatever the layers above want is left as it is. */
static PRInt16 PR_CALLBACK
poll_nothing (PRFileDesc *fd, PRInt16 wanted, PRInt16 *ready)
{
  *ready = 0;
  return wanted;
}

/* NSS will not begin without its peer's address, which is part of the name under which it would look for an
 * earlier connection. A socket of this machine has none that it knows, and gets the one that is no address.
 */
static PRStatus PR_CALLBACK
get_peer_name (PRFileDesc *fd, PRNetAddr *name)
{
  PRNetAddr peer = { 0 };
  socklen_t length = sizeof peer;

  if (getpeername (get_raw (fd), (struct sockaddr *)&peer, &length) != 0)
    return (PRStatus)fail ();
  if (peer.raw.family != PR_AF_INET && peer.raw.family != PR_AF_INET6) {
    memset (&peer, 0, sizeof peer);
    peer.inet.family = PR_AF_INET;
  }
  *name = peer;
  return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
get_option (PRFileDesc *fd, PRSocketOptionData *data)
{
  if (data->option != PR_SockOpt_Nonblocking) {
    PR_SetError (PR_NOT_IMPLEMENTED_ERROR, 0);
    return PR_FAILURE;
  }
  data->value.non_blocking = PR_TRUE;
  return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
set_option (PRFileDesc *fd, const PRSocketOptionData *data)
{
  PR_SetError (PR_NOT_IMPLEMENTED_ERROR, 0);
  return PR_FAILURE;
}

static void
set_up (void)
{
  methods = (PRIOMethods){
    .file_type = PR_DESC_SOCKET_TCP,
    .close = close_socket,
    .read = read_bytes,
    .write = write_bytes,
    .recv = receive,
    .send = transmit,
    .shutdown = shut_down,
    .poll = poll_nothing,
    .getpeername = get_peer_name,
    .getsocketoption = get_option,
    .setsocketoption = set_option,
  };
  identity = PR_GetUniqueIdentity ("cardea-transport");
}

PRFileDesc *
cardea_transport_new (int raw)
{
  const int on = 1;
  PRFileDesc *fd;
  Transport *self;

  pthread_once (&once, set_up);
  fd = identity != PR_INVALID_IO_LAYER ? PR_CreateIOLayerStub (identity, &methods) : NULL;
  if (fd == NULL) {
    cardea_connected_socket_end (raw);
    return NULL;
  }
  self = g_new0 (Transport, 1);
  self->raw = raw;
  fd->secret = (PRFilePrivate *)self;
  /* TLS sends whole records: waiting for more of them only delays. A peer that vanished is noticed some day.
   * On a socket of this machine both fail, and are not missed. */
  (void)setsockopt (raw, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void)setsockopt (raw, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  return fd;
}
