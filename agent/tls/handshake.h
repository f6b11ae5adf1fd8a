/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/certificate.h"
#include "agent/front/front.h"
#include "agent/tls/asker.h"
#include "agent/tls/revocation.h"
#include "agent/tls/resumption.h"
#include "agent/tls/stream.h"
#include "agent/tls/tls12-use.h"
#include "agent/tls/demand.h"

G_BEGIN_DECLS

/* One TLS handshake over a connected descriptor, without blocking the main loop: NSS runs on workers,
 * questions come back to the main loop, and no decision is asked for before the server was verified. A
 * CardeaAsker, once it is. */
#define CARDEA_TYPE_HANDSHAKE (cardea_handshake_get_type ())
G_DECLARE_FINAL_TYPE (CardeaHandshake, cardea_handshake, CARDEA, HANDSHAKE, GObject)

typedef struct
{
  const char *server_name;      /* normalised; verified, and sent as SNI unless it is an address */
  const char *const *alpn;      /* or NULL */
  CardeaTrust *trust;           /* NULL: only whom the demands name */
  GPtrArray *demands;           /* of CardeaDemand, or NULL */
  CardeaRevocation *revocation; /* NULL: only what the server staples is looked at */
  CardeaTls12 tls12;
  gint64 round_trip_us;    /* as measured when connecting; for the wait for the verdict */
  gboolean post_handshake; /* the server may ask for a certificate later (RFC 8446, 4.6.2) */
  gboolean resumable;      /* a ticket is asked for, to go on with this session later */
  /* A session to go on with, where it is resumable: offered if its server would still be trusted. One that
   * the server does not take up costs nothing: a full handshake follows. NULL: none */
  CardeaResumption *earlier;
  guint timeout_ms; /* of the network's share: not counted while an answer is awaited. 0: the limit */
} CardeaHandshakeOptions;

/* What the server asked for, valid as long as the handshake. */
typedef struct
{
  GPtrArray *authorities; /* DER names (GBytes), may be empty: any */
} CardeaCertificateRequest;

/* The answer: a certificate and how to sign with its key. @sign is CardeaFrontSign; the signature is verified
 * with the certificate before it is sent. Where signing fails for a reason of its own, it sets *error of its
 * user data's choosing and the owner reports that instead of the handshake's. */
typedef struct
{
  CardeaCertificate *certificate;
  GPtrArray *issuers; /* DER (GBytes), nearest first, without the root */
  CardeaFrontSign sign;
  gpointer user_data;
  GDestroyNotify destroy;
  CardeaRsaSchemes rsa_schemes; /* that an RSA key's token makes */
} CardeaSigner;

/* Main loop; once a handshake at most. Answer now or later by cardea_handshake_answer(). */
typedef void (*CardeaCertificateRequested) (CardeaHandshake *handshake,
                                            const CardeaCertificateRequest *request, gpointer user_data);

typedef struct
{
  char *tls_version;     /* "TLS 1.3", "TLS 1.2" */
  char *cipher_suite;    /* "TLS_AES_128_GCM_SHA256" */
  char *alpn;            /* or NULL */
  GPtrArray *peer_chain; /* DER (GBytes), leaf first, as the server sent it */
  char *vouched_by;      /* source of the anchor */
  char *revocation;      /* good, unknown, not_checked */
  gboolean certificate_requested;
  gboolean certificate_sent;
  gboolean
      accepted; /* the server sent something after our Finished, as it has to in TLS 1.2; FALSE: not known */
  gboolean resumed;
  GBytes *exporter;             /* the channel binding "tls-exporter" (RFC 9266); NULL where there is none */
  CardeaResumption *resumption; /* to go on with it later, as soon as there is a ticket; NULL: it cannot be */
} CardeaTlsInfo;

void cardea_tls_info_free (CardeaTlsInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTlsInfo, cardea_tls_info_free)

/* Takes @fd, also on failure. */
CardeaHandshake *cardea_handshake_new (int fd, const CardeaHandshakeOptions *options,
                                       CardeaCertificateRequested requested, gpointer user_data);

/* Signal "verified" (): the server is who it should be. Of a session that is resumed nothing is asked.
 * Errors: SERVER_NOT_TRUSTED ("reason", "message", "peer_chain"), HANDSHAKE_FAILED ("alert", "message"),
 * CERTIFICATE_REJECTED
 * ("alert", "message"), TIMED_OUT ("what"), CANCELLED. Cancelling is prompt whatever the peer or a token
 * does. */
void cardea_handshake_run_async (CardeaHandshake *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data);
CardeaTlsStream *cardea_handshake_run_finish (CardeaHandshake *self, GAsyncResult *result,
                                              CardeaTlsInfo **info, GError **error);

/* NULL: go on without a certificate. The struct is copied, user_data is taken. */
void cardea_handshake_answer (CardeaHandshake *self, const CardeaSigner *signer);
/* Fails run_async with this error (taken), at any time; without effect after its end. A signer that returns
 * FALSE and knows why has this called from a source (default or idle priority) that it attached before it
 * returned: it goes before the handshake's own words. */
void cardea_handshake_abort (CardeaHandshake *self, GError *error);

G_END_DECLS
