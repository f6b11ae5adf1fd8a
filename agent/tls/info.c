/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a handshake agreed on, as NSS tells it. */

#include "agent/tls/info.h"

#include "agent/base/nss-cleanup.h"

#include <ssl.h>
#include <sslproto.h>
#include <string.h>

void
cardea_tls_info_free (CardeaTlsInfo *self)
{
  if (self == NULL)
    return;
  g_free (self->tls_version);
  g_free (self->cipher_suite);
  g_free (self->alpn);
  g_clear_pointer (&self->peer_chain, g_ptr_array_unref);
  g_free (self->vouched_by);
  g_free (self->revocation);
  g_clear_pointer (&self->exporter, g_bytes_unref);
  g_clear_pointer (&self->resumption, cardea_resumption_unref);
  g_free (self);
}

static char *
get_alpn (PRFileDesc *fd)
{
  SSLNextProtoState state;
  unsigned char name[255];
  unsigned int length = 0;

  if (SSL_GetNextProto (fd, &state, name, &length, sizeof name) != SECSuccess)
    return NULL;
  gboolean chosen = state == SSL_NEXT_PROTO_NEGOTIATED || state == SSL_NEXT_PROTO_SELECTED;
  return chosen ? g_strndup ((const char *)name, length) : NULL;
}

/* Once more, of the connection as it stands. */
static gboolean
is_good_enough (const CardeaTlsSocket *socket, const SSLChannelInfo *channel)
{
  return channel->protocolVersion >= SSL_LIBRARY_VERSION_TLS_1_3 ||
         (socket->tls12 == CARDEA_TLS12_ALLOWED && channel->protocolVersion == SSL_LIBRARY_VERSION_TLS_1_2 &&
          channel->extendedMasterSecretUsed);
}

/* RFC 9266, 2: its context is a string of no length. In TLS 1.3 that is the same as no context (RFC
 * 8446, 7.5), also to OpenSSL. In TLS 1.2 it is not (RFC 5705, 4): servers take now the one and now the
 * other, and NSS computes only the one without. A value that is wrong half of the time is worse than none. */
static GBytes *
export_channel_binding (PRFileDesc *fd)
{
  static const char label[] = "EXPORTER-Channel-Binding";
  guint8 value[32];

  return SSL_ExportKeyingMaterial (fd, label, strlen (label), PR_FALSE, NULL, 0, value, sizeof value) ==
                 SECSuccess
             ? g_bytes_new (value, sizeof value)
             : NULL;
}

/* NULL when NSS does not know the suite. */
static CardeaTlsInfo *
describe (CardeaTlsSocket *socket, PRUint16 version, PRUint16 cipher_suite)
{
  SSLCipherSuiteInfo suite;

  if (SSL_GetCipherSuiteInfo (cipher_suite, &suite, sizeof suite) != SECSuccess)
    return NULL;

  CardeaTlsInfo *self = g_new0 (CardeaTlsInfo, 1);
  self->tls_version = g_strdup (version == SSL_LIBRARY_VERSION_TLS_1_2 ? "TLS 1.2" : "TLS 1.3");
  self->cipher_suite = g_strdup (suite.cipherSuiteName);
  self->alpn = get_alpn (socket->fd);
  self->peer_chain = g_ptr_array_ref (socket->chain);
  self->certificate_requested = socket->requested;
  return self;
}

CardeaTlsInfo *
cardea_tls_info_new (CardeaTlsSocket *socket)
{
  SSLChannelInfo channel;
  CardeaTlsInfo *self;

  if (SSL_GetChannelInfo (socket->fd, &channel, sizeof channel) != SECSuccess ||
      !is_good_enough (socket, &channel))
    return NULL;
  self = describe (socket, channel.protocolVersion, channel.cipherSuite);
  if (self == NULL)
    return NULL;
  self->resumed = channel.resumed;
  if (channel.protocolVersion >= SSL_LIBRARY_VERSION_TLS_1_3)
    self->exporter = export_channel_binding (socket->fd);
  return self;
}

CardeaTlsInfo *
cardea_tls_info_new_so_far (CardeaTlsSocket *socket)
{
  const PRUint32 wanted = ssl_preinfo_version | ssl_preinfo_cipher_suite;
  SSLPreliminaryChannelInfo channel = { 0 };

  if (SSL_GetPreliminaryChannelInfo (socket->fd, &channel, sizeof channel) != SECSuccess ||
      (channel.valuesSet & wanted) != wanted)
    return NULL;
  return describe (socket, channel.protocolVersion, channel.cipherSuite);
}

gboolean
cardea_tls_info_was_sent (CardeaTlsSocket *socket, const CERTCertificate *certificate)
{
  g_autoptr (CERTCertificate) sent = SSL_LocalCertificate (socket->fd);

  return sent != NULL && SECITEM_ItemsAreEqual (&sent->derCert, &certificate->derCert);
}
