/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/certificate.h"
#include "agent/base/reason.h"
#include "agent/hosts/host.h"
#include "agent/tokens/readers.h"

G_BEGIN_DECLS

/* What is there to use, kept from what all token hosts list: tokens, client certificates, authorities,
 * problems. Main loop only. Its values are immutable snapshots that stay valid after the token is gone; using
 * them then is an error. */
#define CARDEA_TYPE_CATALOGUE (cardea_catalogue_get_type ())
G_DECLARE_FINAL_TYPE (CardeaCatalogue, cardea_catalogue, CARDEA, CATALOGUE, GObject)

typedef enum
{
  CARDEA_TOKEN_READING,
  CARDEA_TOKEN_READY,
  CARDEA_TOKEN_ABSENT,
  CARDEA_TOKEN_UNUSABLE,
} CardeaTokenState;

/* Reference-counted snapshot of one token. */
typedef struct
{
  gint ref_count;
  char *uri;    /* RFC 7512: token, manufacturer, model, serial */
  char *module; /* the host's name */
  CardeaTokenState state;
  CardeaHost *host;
  guint64 generation;
  CardeaInsertion *insertion; /* NULL for a token that is in no card reader */
  CardeaHostToken *info;
  GPtrArray *problems; /* of CardeaReason */
} CardeaToken;

CardeaToken *cardea_token_ref (CardeaToken *self);
void cardea_token_unref (CardeaToken *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaToken, cardea_token_unref)
const char *cardea_token_state_to_string (CardeaTokenState state);

/* Reference-counted snapshot of one certificate on a token. Authorities' certificates are not among them. */
typedef struct
{
  gint ref_count;
  char *uri; /* RFC 7512: the token's attributes, id, object, type=cert; no query */
  CardeaCertificate *certificate;
  CardeaToken *token;
  GBytes *id;
  char *label;
  gboolean key_seen; /* its private key was listed; FALSE with key_missing FALSE: not known before login */
  gboolean key_missing;
  gboolean always_authenticate; /* as far as is known: hidden keys may turn out to be so */
  GPtrArray *problems;          /* of CardeaReason */
} CardeaTokenCertificate;

CardeaTokenCertificate *cardea_token_certificate_ref (CardeaTokenCertificate *self);
void cardea_token_certificate_unref (CardeaTokenCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTokenCertificate, cardea_token_certificate_unref)

/* @hosts: CardeaHost elements; all are listed at once, and again whenever one says "changed".
 * Signals: "changed" (); before it, for each token that came, went or changed, "token-event"
 * (CardeaTokenEvent *, borrowed; see event.h). "look" (): the card service should be asked again (see
 * cardea_pcsc_watch_look()). A host that can be kept to one reader is never started itself: there is one like
 * it for each reader, as long as a card is in it. */
CardeaCatalogue *cardea_catalogue_new (GPtrArray *hosts);
/* What there is in the readers now. Until it is called for the first time, hosts that serve one reader are
 * waited for. */
void cardea_catalogue_set_readers (CardeaCatalogue *self, CardeaReaders *readers);
/* Whether a host works with card readers, so that set_readers() is of use. */
gboolean cardea_catalogue_wants_readers (CardeaCatalogue *self);
/* Other hosts from now on (Reload): those of equal spec are kept and listed afresh, the rest are killed. */
void cardea_catalogue_set_hosts (CardeaCatalogue *self, GPtrArray *hosts);
GPtrArray *cardea_catalogue_get_hosts (CardeaCatalogue *self); /* borrowed */
/* Lists all hosts afresh; each is restarted, since tokens made by other processes are seen only then. */
void cardea_catalogue_renew (CardeaCatalogue *self);

/* Ends one host, so that it is logged in to none of its tokens, and lists it afresh: a moment later, when its
 * cards have been reset. */
void cardea_catalogue_end_logins (CardeaCatalogue *self, CardeaHost *host);

/* Lists this host again without restarting it: after a login, so that the keys and certificates that were
 * hidden show once cardea_catalogue_settle_async() is done. No-op for a host that is not of the catalogue. */
void cardea_catalogue_refresh_host (CardeaCatalogue *self, CardeaHost *host);

/* Somebody wants to connect: hosts that worked and then died are tried now, whatever their back-off (it still
 * bounds how often). A module that never worked is not: nobody waits for it. */
void cardea_catalogue_ask_lost_hosts (CardeaCatalogue *self);

/* Authorities are being read, without which no server can be verified. */
gboolean cardea_catalogue_is_reading_authorities (CardeaCatalogue *self);

/* Done once each host has answered or failed since it was last asked; at most the limits of a listing, and
 * where all of them have listed before no longer than settle_briefly. settle_briefly: nor longer than is
 * bearable for somebody who would rather see what is there already. */
void cardea_catalogue_settle_briefly_async (CardeaCatalogue *self, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer data);
void cardea_catalogue_settle_async (CardeaCatalogue *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
gboolean cardea_catalogue_settle_finish (CardeaCatalogue *self, GAsyncResult *result, GError **error);

typedef enum
{
  CARDEA_PRESENCE_UNKNOWN, /* it is being read, or cannot be */
  CARDEA_PRESENCE_HERE,
  CARDEA_PRESENCE_GONE, /* also when it is back: somebody took it away meanwhile */
} CardeaPresence;

/* Whether somebody took @token, as it was listed once, away since. */
CardeaPresence cardea_catalogue_get_presence (CardeaCatalogue *self, CardeaToken *token);

/* New arrays that own references to CardeaToken, CardeaTokenCertificate, CardeaHostAuthority, CardeaReason.
 */
GPtrArray *cardea_catalogue_get_tokens (CardeaCatalogue *self);
/* Cards that are still being read, in the state READING; none of get_tokens(). */
GPtrArray *cardea_catalogue_get_reading (CardeaCatalogue *self);
GPtrArray *cardea_catalogue_get_certificates (CardeaCatalogue *self);
GPtrArray *cardea_catalogue_get_problems (CardeaCatalogue *self);

typedef struct
{
  char *source;           /* the host's name: "system", "nss-database" */
  GPtrArray *authorities; /* of CardeaHostAuthority, borrowed from the listing that is kept alive by it */
  CardeaHostListing *listing;
} CardeaAuthorities;
/* One CardeaAuthorities for each host with that role, as it listed them last: those of a host that fails stay
 * in force. */
GPtrArray *cardea_catalogue_get_authorities (CardeaCatalogue *self);
void cardea_authorities_free (CardeaAuthorities *self);

/* Certificates on the tokens that may complete a chain: DER as GBytes, issuers of @certificate nearest first,
 * the self-signed root left out; empty where none is known. */
GPtrArray *cardea_catalogue_get_issuers (CardeaCatalogue *self, CardeaCertificate *certificate);

G_END_DECLS
