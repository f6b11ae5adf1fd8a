/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One NSS socket: its options, its hooks and one step of its handshake.
 *
 * The hooks decide nothing. They copy what the decision needs (it is valid only inside them), within the
 * limits, and let NSS wait; the handshake answers. NSS checks the server's proof of possession and its
 * Finished before it waits, so that whoever decides afterwards decides about a server that holds its key. In
 * TLS 1.2 it is the proof alone: the server signed both randoms and its key share before it may ask for a
 * certificate, and its Finished comes after ours. */

#include "agent/tls/socket.h"

#include "agent/base/nss-cleanup.h"
#include "agent/tls/alert.h"
#include "agent/tls/failure.h"
#include "agent/tls/nss.h"
#include "agent/tls/tls12.h"
#include "agent/tls/transport.h"
#include "socket-api/limits.h"

#include <gio/gio.h>
#include <secerr.h>
#include <ssl.h>
#include <sslerr.h>
#include <sslproto.h>
#include <sys/socket.h>

static GBytes *
copy_item (const SECItem *item)
{
  return g_bytes_new (item->data, item->len);
}

/* One certificate or byte more than the limit is kept, so that the verification, which decides, sees that
 * there was too much; what lies beyond is not looked at. */
static void
collect_chain (CardeaTlsSocket *self)
{
  g_autoptr (CERTCertList) list = SSL_PeerCertificateChain (self->fd);
  gsize total = 0;

  if (list == NULL)
    return;
  for (CERTCertListNode *node = CERT_LIST_HEAD (list); !CERT_LIST_END (node, list);
       node = CERT_LIST_NEXT (node)) {
    if (self->chain->len > CARDEA_LIMIT_CHAIN_CERTIFICATES || total > CARDEA_LIMIT_CHAIN_BYTES)
      return;
    total += node->cert->derCert.len;
    g_ptr_array_add (self->chain, copy_item (&node->cert->derCert));
  }
}

static SECStatus
on_auth_certificate (void *data, PRFileDesc *fd, PRBool check_signature, PRBool is_server)
{
  CardeaTlsSocket *self = data;
  const SECItemArray *responses = SSL_PeerStapledOCSPResponses (fd);

  g_ptr_array_set_size (self->chain, 0);
  g_clear_pointer (&self->stapled_ocsp, g_bytes_unref);
  collect_chain (self);
  if (responses != NULL && responses->len > 0)
    self->stapled_ocsp = copy_item (&responses->items[0]);
  cardea_tls12_note (self);
  self->auth_pending = TRUE;
  return SECWouldBlock;
}

static SECStatus
on_certificate_requested (void *data, PRFileDesc *fd, CERTDistNames *names, CERTCertificate **certificate,
                          SECKEYPrivateKey **key)
{
  CardeaTlsSocket *self = data;
  gsize total = 0;

  self->requested = TRUE;
  self->request_pending = TRUE;
  self->authorities_too_large = FALSE;
  g_ptr_array_set_size (self->authorities, 0);
  for (int i = 0; names != NULL && i < names->nnames; i++) {
    total += names->names[i].len;
    if (total > CARDEA_LIMIT_AUTHORITY_NAMES_BYTES) {
      self->authorities_too_large = TRUE;
      break;
    }
    g_ptr_array_add (self->authorities, copy_item (&names->names[i]));
  }
  return SECWouldBlock;
}

/* In TLS 1.2 a warning leaves it to us whether to go on (RFC 5246, 7.2.2), and servers send some for no
 * reason. TLS 1.3 ignores an alert's level: all but two end the connection (RFC 8446, 6). */
static gboolean
is_fatal (const CardeaTlsSocket *self, const SSLAlert *alert)
{
  if (alert->description == CARDEA_ALERT_USER_CANCELED)
    return FALSE;
  return alert->level != CARDEA_ALERT_LEVEL_WARNING || self->tls12 != CARDEA_TLS12_ALLOWED ||
         self->version >= SSL_LIBRARY_VERSION_TLS_1_3;
}

static void
on_alert_received (const PRFileDesc *fd, void *data, const SSLAlert *alert)
{
  CardeaTlsSocket *self = data;

  if (alert->description == CARDEA_ALERT_CLOSE_NOTIFY)
    self->close_notify = TRUE;
  else if (is_fatal (self, alert) && self->alert_received < 0)
    self->alert_received = alert->description;
}

static void
on_alert_sent (const PRFileDesc *fd, void *data, const SSLAlert *alert)
{
  CardeaTlsSocket *self = data;

  if (alert->description != CARDEA_ALERT_CLOSE_NOTIFY && self->alert_sent < 0)
    self->alert_sent = alert->description;
}

static void
on_handshake_finished (PRFileDesc *fd, void *data)
{
  CardeaTlsSocket *self = data;

  self->finished = TRUE;
}

/* TLS 1.2 is another matter: cardea_tls12_enable(). Resumption would go on with whatever earlier certificate
 * NSS finds, early data can be replayed, and authentication after the handshake would come unasked, where
 * nobody wanted it: all off, the first and the last until a connection wants them for itself. Tickets by that
 * option are those of TLS 1.2. SSL_ENABLE_FDX stays off as well: without it reading also sends what an
 * earlier write left behind. */
static gboolean
set_options (PRFileDesc *fd)
{
  static const struct
  {
    PRInt32 option;
    PRIntn value;
  } options[] = {
    { SSL_SECURITY, PR_TRUE },
    { SSL_HANDSHAKE_AS_CLIENT, PR_TRUE },
    { SSL_NO_CACHE, PR_TRUE },
    { SSL_ENABLE_SESSION_TICKETS, PR_FALSE },
    { SSL_ENABLE_0RTT_DATA, PR_FALSE },
    { SSL_ENABLE_POST_HANDSHAKE_AUTH, PR_FALSE },
    { SSL_ENABLE_RENEGOTIATION, SSL_RENEGOTIATE_NEVER },
    { SSL_ENABLE_FALSE_START, PR_FALSE },
    { SSL_ENABLE_FDX, PR_FALSE },
    { SSL_ENABLE_DELEGATED_CREDENTIALS, PR_FALSE },
    { SSL_ENABLE_OCSP_STAPLING, PR_TRUE },
    { SSL_ENABLE_TLS13_COMPAT_MODE, PR_TRUE },
  };
  const SSLVersionRange wanted = { SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3 };
  SSLVersionRange set = { 0, 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (SSL_OptionSet (fd, options[i].option, options[i].value) != SECSuccess)
      return FALSE;
  return SSL_VersionRangeSet (fd, &wanted) == SECSuccess && SSL_VersionRangeGet (fd, &set) == SECSuccess &&
         set.min == wanted.min && set.max == wanted.max;
}

static gboolean
set_hooks (CardeaTlsSocket *self)
{
  return SSL_AuthCertificateHook (self->fd, on_auth_certificate, self) == SECSuccess &&
         SSL_GetClientAuthDataHook (self->fd, on_certificate_requested, self) == SECSuccess &&
         SSL_AlertReceivedCallback (self->fd, on_alert_received, self) == SECSuccess &&
         SSL_AlertSentCallback (self->fd, on_alert_sent, self) == SECSuccess &&
         SSL_HandshakeCallback (self->fd, on_handshake_finished, self) == SECSuccess;
}

/* SNI carries names, never addresses (RFC 6066, 3). */
static gboolean
set_server_name (PRFileDesc *fd, const char *server_name)
{
  return g_hostname_is_ip_address (server_name) || SSL_SetURL (fd, server_name) == SECSuccess;
}

/* NSS takes the list for one of NPN, whose first name was the fall-back, and sends that one last: so the last
 * goes first. */
static gboolean
set_alpn (PRFileDesc *fd, const char *const *names)
{
  if (names == NULL || *names == NULL)
    return TRUE;
  guint count = g_strv_length ((char **)names);
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  for (guint i = 0; i < count; i++) {
    const char *name = names[(i + count - 1) % count];
    guint8 length = (guint8)strlen (name);
    if (length == 0 || strlen (name) > CARDEA_LIMIT_ALPN_NAME)
      return FALSE;
    g_byte_array_append (wire, &length, 1);
    g_byte_array_append (wire, (const guint8 *)name, length);
  }
  return SSL_SetNextProtoNego (fd, wire->data, wire->len) == SECSuccess;
}

/* Takes @raw. */
static PRFileDesc *
import (int raw, CardeaMeter *meter)
{
  PRFileDesc *tcp = cardea_transport_new (raw);

  if (tcp == NULL)
    return NULL;
  PRFileDesc *tls = cardea_meter_attach (meter, tcp) ? SSL_ImportFD (NULL, tcp) : NULL;
  if (tls == NULL)
    PR_Close (tcp);
  return tls;
}

CardeaTlsSocket *
cardea_tls_socket_new (int fd, const char *server_name, const char *const *alpn, CardeaTls12 tls12,
                       GError **error)
{
  g_autoptr (CardeaTlsSocket) self = g_new0 (CardeaTlsSocket, 1);

  g_atomic_ref_count_init (&self->references);
  self->raw = fd;
  self->tls12 = tls12;
  self->alert_received = -1;
  self->alert_sent = -1;
  self->chain = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  self->authorities = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  self->fd = import (fd, &self->meter);
  if (self->fd != NULL && set_options (self->fd) &&
      (tls12 != CARDEA_TLS12_ALLOWED || cardea_tls12_enable (self->fd)) && set_hooks (self) &&
      set_server_name (self->fd, server_name) && set_alpn (self->fd, alpn) &&
      SSL_ResetHandshake (self->fd, PR_FALSE) == SECSuccess)
    return g_steal_pointer (&self);

  g_autofree char *reason = cardea_nss_describe (PR_GetError ());
  g_propagate_error (error,
                     cardea_failure_new (NULL, "The TLS connection could not be prepared: %s", reason));
  return NULL;
}

CardeaTlsSocket *
cardea_tls_socket_ref (CardeaTlsSocket *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
cardea_tls_socket_unref (CardeaTlsSocket *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  if (self->fd != NULL)
    PR_Close (self->fd);
  g_clear_pointer (&self->ticket, cardea_ticket_unref);
  g_ptr_array_unref (self->chain);
  g_clear_pointer (&self->stapled_ocsp, g_bytes_unref);
  g_ptr_array_unref (self->authorities);
  g_free (self);
}

void
cardea_tls_socket_shutdown (CardeaTlsSocket *self)
{
  shutdown (self->raw, SHUT_RDWR);
}

gboolean
cardea_tls_socket_offer_post_handshake (CardeaTlsSocket *self)
{
  return SSL_OptionSet (self->fd, SSL_ENABLE_POST_HANDSHAKE_AUTH, PR_TRUE) == SECSuccess;
}

gboolean
cardea_tls_socket_ask_for_ticket (CardeaTlsSocket *self)
{
  g_autoptr (CardeaTicket) ticket = cardea_ticket_new ();

  if (self->tls12 == CARDEA_TLS12_ALLOWED || !cardea_ticket_receive (ticket, self->fd))
    return FALSE;
  self->ticket = g_steal_pointer (&ticket);
  return TRUE;
}

static CardeaTlsStep
fail (CardeaTlsSocket *self)
{
  self->error = PR_GetError ();
  return CARDEA_STEP_FAILED;
}

/* After PR_WOULD_BLOCK_ERROR: NSS asks for no event at all while it waits for us. */
static CardeaTlsStep
find_wait (CardeaTlsSocket *self)
{
  PRInt16 ready = 0;
  PRInt16 wanted = self->fd->methods->poll (self->fd, PR_POLL_READ | PR_POLL_WRITE, &ready);

  self->wants_write = (wanted & PR_POLL_WRITE) != 0;
  return wanted == 0 ? CARDEA_STEP_BLOCKED : CARDEA_STEP_WAIT;
}

/* SSL_ForceHandshake() goes on reading after the end, for what a silent server never sends. */
CardeaTlsStep
cardea_tls_socket_step (CardeaTlsSocket *self)
{
  if (self->finished || SSL_ForceHandshake (self->fd) == SECSuccess || self->finished)
    return CARDEA_STEP_DONE;
  return PR_GetError () == PR_WOULD_BLOCK_ERROR ? find_wait (self) : fail (self);
}

/* NSS goes by the name that the socket has when it makes the ClientHello, and by what it has later for what
 * the server sends. So it must not read on in the same call. */
CardeaTlsStep
cardea_tls_socket_step_offering (CardeaTlsSocket *self, CardeaTicket *ticket)
{
  CardeaTlsStep step;

  if (!cardea_ticket_offer (ticket, self->fd))
    return fail (self);
  cardea_meter_pause (&self->meter);
  step = cardea_tls_socket_step (self);
  cardea_meter_resume (&self->meter);
  cardea_ticket_use_up (ticket, self->fd, self->ticket);
  return step;
}

/* Completing runs the rest of the handshake inside, up to the next thing to wait for. */
static CardeaTlsStep
go_on (CardeaTlsSocket *self, SECStatus completed)
{
  if (completed != SECSuccess && PR_GetError () != PR_WOULD_BLOCK_ERROR)
    return fail (self);
  return cardea_tls_socket_step (self);
}

CardeaTlsStep
cardea_tls_socket_complete_auth (CardeaTlsSocket *self, PRErrorCode code)
{
  self->auth_pending = FALSE;
  return go_on (self, SSL_AuthCertificateComplete (self->fd, code));
}

CardeaTlsStep
cardea_tls_socket_complete_request (CardeaTlsSocket *self, SECKEYPrivateKey *key,
                                    CERTCertificate *certificate)
{
  SECStatus outcome = key != NULL && certificate != NULL ? SECSuccess : SECFailure;

  self->request_pending = FALSE;
  self->answered = TRUE;
  return go_on (self, SSL_ClientCertCallbackComplete (self->fd, outcome, key, certificate));
}
