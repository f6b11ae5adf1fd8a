/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* TLS 1.2 for servers that know nothing newer (RFC 5246).
 *
 * What made it weak is left out: suites without forward secrecy or authenticated encryption, SHA-1, and
 * renegotiation, which is refused both ways (RFC 9325). Without the extended master secret two connections
 * can be made to have the same keys, and one's signature serves the other (RFC 7627): so it is demanded,
 * before anybody is asked for a certificate. A server that speaks TLS 1.3 as well says so in its random
 * bytes, which NSS checks (RFC 8446, 4.1.3). */

#include "agent/tls/tls12.h"

#include "agent/tls/failure.h"

#include <ssl.h>
#include <sslproto.h>

static gboolean
set_options (PRFileDesc *fd)
{
  static const PRInt32 options[] = { SSL_REQUIRE_SAFE_NEGOTIATION, SSL_ENABLE_EXTENDED_MASTER_SECRET,
                                     SSL_ENABLE_HELLO_DOWNGRADE_CHECK };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (SSL_OptionSet (fd, options[i], PR_TRUE) != SECSuccess)
      return FALSE;
  return TRUE;
}

static gboolean
set_suites (PRFileDesc *fd)
{
  static const PRUint16 suites[] = {
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,       TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,       TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (suites); i++)
    if (SSL_CipherPrefSet (fd, suites[i], PR_TRUE) != SECSuccess)
      return FALSE;
  return TRUE;
}

/* Ours as well as the server's; what comes first is what our key signs by, if the server takes it. */
static gboolean
set_signatures (PRFileDesc *fd, CardeaRsaSchemes rsa)
{
  static const struct
  {
    SSLSignatureScheme scheme;
    CardeaRsaSchemes rsa; /* 0: it is none of RSA */
  } known[] = {
    { ssl_sig_ecdsa_secp256r1_sha256, 0 },           { ssl_sig_ecdsa_secp384r1_sha384, 0 },
    { ssl_sig_ecdsa_secp521r1_sha512, 0 },           { ssl_sig_rsa_pss_rsae_sha256, CARDEA_RSA_PSS },
    { ssl_sig_rsa_pss_rsae_sha384, CARDEA_RSA_PSS }, { ssl_sig_rsa_pss_rsae_sha512, CARDEA_RSA_PSS },
    { ssl_sig_rsa_pkcs1_sha256, CARDEA_RSA_PKCS1 },  { ssl_sig_rsa_pkcs1_sha384, CARDEA_RSA_PKCS1 },
    { ssl_sig_rsa_pkcs1_sha512, CARDEA_RSA_PKCS1 },
  };
  SSLSignatureScheme schemes[G_N_ELEMENTS (known)];
  guint n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].rsa == 0 || (known[i].rsa & rsa) != 0)
      schemes[n++] = known[i].scheme;
  return SSL_SignatureSchemePrefSet (fd, schemes, n) == SECSuccess;
}

/* SSL_VersionRangeSet() quietly narrows a range to the policy, so it is read back. */
static gboolean
set_versions (PRFileDesc *fd)
{
  const SSLVersionRange wanted = { SSL_LIBRARY_VERSION_TLS_1_2, SSL_LIBRARY_VERSION_TLS_1_3 };
  SSLVersionRange set = { 0, 0 };

  return SSL_VersionRangeSet (fd, &wanted) == SECSuccess && SSL_VersionRangeGet (fd, &set) == SECSuccess &&
         set.min == wanted.min && set.max == wanted.max;
}

gboolean
cardea_tls12_enable (PRFileDesc *fd)
{
  return set_options (fd) && set_suites (fd) && set_signatures (fd, CARDEA_RSA_PSS | CARDEA_RSA_PKCS1) &&
         set_versions (fd);
}

void
cardea_tls12_note (CardeaTlsSocket *socket)
{
  SSLPreliminaryChannelInfo info = { 0 };
  PRBool extended = PR_FALSE;

  if (SSL_GetPreliminaryChannelInfo (socket->fd, &info, sizeof info) == SECSuccess &&
      (info.valuesSet & ssl_preinfo_version) != 0)
    socket->version = info.protocolVersion;
  socket->extended_master_secret = SSL_HandshakeNegotiatedExtension (
                                       socket->fd, ssl_extended_master_secret_xtn, &extended) == SECSuccess &&
                                   extended;
}

gboolean
cardea_tls12_is_spoken (const CardeaTlsSocket *socket)
{
  return socket->version == SSL_LIBRARY_VERSION_TLS_1_2;
}

/* The list is not empty, and its schemes are NSS's: there is nothing that could fail. */
void
cardea_tls12_limit_rsa (const CardeaTlsSocket *socket, CardeaRsaSchemes schemes)
{
  gboolean done = set_signatures (socket->fd, schemes);

  g_assert (done);
}

GError *
cardea_tls12_find_fault (const CardeaTlsSocket *socket)
{
  if (socket->version >= SSL_LIBRARY_VERSION_TLS_1_3)
    return NULL;
  if (socket->tls12 != CARDEA_TLS12_ALLOWED || !cardea_tls12_is_spoken (socket))
    return cardea_failure_new (NULL, "The server chose a version of TLS that was not offered to it.");
  if (!socket->extended_master_secret)
    return cardea_failure_new (
        NULL, "The server speaks TLS 1.2 without the extended master secret (RFC 7627), without which one "
              "connection can be passed off as another. Ask its operator to bring its software up to date.");
  return NULL;
}
