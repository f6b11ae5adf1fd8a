/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/resumption.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* The sessions that may be resumed, in memory only, by all that they depend on. Bounded: the oldest makes
 * room. What leaves is wiped. Times are seconds of cardea_resumption_get_time(), given by the caller. */
typedef struct _CardeaResumptions CardeaResumptions;

/* Two that differ in one of these have nothing to do with each other. */
typedef struct
{
  const char *program;     /* cardea_caller_get_key() */
  const char *server_name; /* that was verified: normalised */
  guint16 port;
  const char *trust;       /* who vouches: cardea_trust_source_new() */
  const char *certificate; /* that authenticated it: SHA-256 in hex */
  const char *insertion;   /* of its token: one text for each run of a process that reads it */
} CardeaResumptionKey;

typedef struct
{
  CardeaResumptionKey key;             /* owned */
  char *decision;                      /* id of what was remembered and consents to it, or NULL */
  CardeaTokenCertificate *certificate; /* as it was used; or NULL */
  CardeaResumption *resumption;
} CardeaResumptionEntry;

CardeaResumptions *cardea_resumptions_new (void);
void cardea_resumptions_free (CardeaResumptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaResumptions, cardea_resumptions_free)

/* Everything is copied or referenced. FALSE: it is too old, or its server spoilt one: then its ticket is
 * dropped. */
gboolean cardea_resumptions_add (CardeaResumptions *self, const CardeaResumptionEntry *entry, gint64 now);

/* The newest of this program with this server and trust that has a ticket; borrowed until anything changes.
 * Of @key the certificate and the insertion are not looked at. NULL: none. */
const CardeaResumption *cardea_resumptions_look (CardeaResumptions *self, const CardeaResumptionKey *key,
                                                 gint64 now);
/* Takes out the newest of exactly this key that has a ticket: nobody else will get it. */
CardeaResumption *cardea_resumptions_take (CardeaResumptions *self, const CardeaResumptionKey *key,
                                           gint64 now);

typedef gboolean (*CardeaResumptionMatch) (const CardeaResumptionEntry *entry, gconstpointer data);
/* Returns how many that were. @matches NULL: all. */
guint cardea_resumptions_drop (CardeaResumptions *self, CardeaResumptionMatch matches, gconstpointer data);
/* The server took a resumed session of this program badly: what there is of the two is dropped, and nothing
 * is kept for as long as a session could be. Of @key only these count. */
void cardea_resumptions_spoil (CardeaResumptions *self, const CardeaResumptionKey *key, gint64 now);

/* Drops what is too old. FALSE: there is nothing left that could become so. */
gboolean cardea_resumptions_expire (CardeaResumptions *self, gint64 now);
guint cardea_resumptions_get_length (const CardeaResumptions *self);

G_END_DECLS
