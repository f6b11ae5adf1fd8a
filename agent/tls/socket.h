/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cert.h>
#include <glib.h>
#include <keyhi.h>
#include <nspr.h>

#include "agent/tls/meter.h"
#include "agent/tls/ticket.h"
#include "agent/tls/tls12-use.h"

G_BEGIN_DECLS

/* How far NSS got. */
typedef enum
{
  CARDEA_STEP_DONE,
  CARDEA_STEP_WAIT,    /* for the network: to write when wants_write, else to read */
  CARDEA_STEP_BLOCKED, /* for an answer of ours: auth_pending, request_pending */
  CARDEA_STEP_FAILED,  /* error */
} CardeaTlsStep;

/* An NSS socket and what its hooks noticed. One thread at a time, its owner, uses it; only the reference
 * count and cardea_tls_socket_shutdown() are for any thread. */
typedef struct _CardeaTlsSocket
{
  gatomicrefcount references;
  PRFileDesc *fd;
  CardeaMeter meter; /* below fd */
  int raw;           /* owned by fd */
  CardeaTls12 tls12;
  PRErrorCode error; /* of the last step that failed: later ones would only say that the handshake failed */
  gboolean wants_write;

  gboolean finished;     /* both sides' Finished are through */
  gboolean auth_pending; /* NSS waits for the verdict on the server */
  PRUint16 version;      /* SSL_LIBRARY_VERSION_TLS_1_...; 0 before the server's certificate is there */
  gboolean extended_master_secret; /* RFC 7627; likewise, and for TLS 1.2 only */
  GPtrArray *chain;                /* DER (GBytes), bounded */
  GBytes *stapled_ocsp;
  gboolean requested;       /* a certificate was asked for */
  gboolean request_pending; /* NSS waits for a certificate */
  gboolean answered;        /* it got one, or was told that there is none */
  GPtrArray *authorities;   /* DER names (GBytes) */
  gboolean authorities_too_large;
  CardeaTicket *ticket; /* where a session ticket goes; NULL: none is asked for */

  int alert_received; /* -1: none; close_notify is not kept here */
  int alert_sent;
  gboolean close_notify;
} CardeaTlsSocket;

/* Takes @fd, also on failure. Errors: CARDEA_ERROR_HANDSHAKE_FAILED. */
CardeaTlsSocket *cardea_tls_socket_new (int fd, const char *server_name, const char *const *alpn,
                                        CardeaTls12 tls12, GError **error);
/* Before the first step: the server may ask for a certificate later, too. FALSE: it is not offered. */
gboolean cardea_tls_socket_offer_post_handshake (CardeaTlsSocket *self);
/* Likewise: the server may send a ticket to resume by. FALSE, and none is asked for, where NSS would not know
 * the session again (a server without a name), or it may be one of TLS 1.2. */
gboolean cardea_tls_socket_ask_for_ticket (CardeaTlsSocket *self);
CardeaTlsSocket *cardea_tls_socket_ref (CardeaTlsSocket *self);
void cardea_tls_socket_unref (CardeaTlsSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTlsSocket, cardea_tls_socket_unref)

/* Ends the TCP connection at once, whoever is using it; its owner notices. */
void cardea_tls_socket_shutdown (CardeaTlsSocket *self);

CardeaTlsStep cardea_tls_socket_step (CardeaTlsSocket *self);
/* The first one, of a socket that asks for tickets: it offers to resume by @ticket, which is used up. */
CardeaTlsStep cardea_tls_socket_step_offering (CardeaTlsSocket *self, CardeaTicket *ticket);
/* @code 0: the server is trusted. Goes on with the handshake, or sends the alert that belongs to the code. */
CardeaTlsStep cardea_tls_socket_complete_auth (CardeaTlsSocket *self, PRErrorCode code);
/* Takes both; NULL: no certificate. Signs, so it blocks. */
CardeaTlsStep cardea_tls_socket_complete_request (CardeaTlsSocket *self, SECKEYPrivateKey *key,
                                                  CERTCertificate *certificate);

G_END_DECLS
