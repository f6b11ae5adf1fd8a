/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate-id.h"

G_BEGIN_DECLS

/* One choice that a person made, and for what: reference-counted, main loop only. */

typedef enum
{
  CARDEA_UNTIL_REMOVAL, /* of the token, or the agent's end: never on the disk */
  CARDEA_UNTIL_ALWAYS,
} CardeaUntil;

/* What a decision is for, and for nothing else. Borrowed texts. */
typedef struct
{
  const char *program; /* cardea_caller_get_key() */
  const char *server;  /* verified; lower-case A-labels, or an address */
  guint16 port;
  const char *trust; /* "system", or "program:" or "rule:" and the SHA-256 (hex) of who vouches instead */
} CardeaRememberedKey;

typedef struct
{
  gatomicrefcount ref_count;
  char *id; /* 32 random hex digits */
  char *program, *server, *trust;
  guint16 port;
  char *label; /* the program's, for display: printable, cut */
  CardeaUntil until;
  char *token_uri;                 /* CARDEA_UNTIL_REMOVAL: whose removal ends it; NULL: that of any */
  gboolean without;                /* to continue without a certificate; @certificate is empty then */
  CardeaCertificateId certificate; /* the one to use */
  gint64 made, last_used;          /* Unix seconds; last_used is made at first */
  gint64 used;                     /* how often, silently */
} CardeaRemembered;

/* @certificate NULL: continue without one. @now: Unix seconds. What identifies the program and the server is
 * taken as it is or not at all, since a key that was mended or cut could be another's; only the label is made
 * printable and cut. Errors: G_IO_ERROR_INVALID_ARGUMENT, a program that cannot be told from others among
 * them. */
CardeaRemembered *cardea_remembered_new (const CardeaRememberedKey *key, const char *label,
                                         const CardeaCertificateId *certificate, gint64 now, GError **error);
/* The same, until the token is removed. */
CardeaRemembered *cardea_remembered_new_until_removal (const CardeaRememberedKey *key, const char *label,
                                                       const CardeaCertificateId *certificate,
                                                       const char *token_uri, gint64 now, GError **error);
/* Empty, for who reads one and checks it. */
CardeaRemembered *cardea_remembered_new_empty (void);
CardeaRemembered *cardea_remembered_ref (CardeaRemembered *self);
void cardea_remembered_unref (CardeaRemembered *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRemembered, cardea_remembered_unref)

/* Whether everything in it is what this program would have put there. Errors: G_IO_ERROR_INVALID_ARGUMENT. */
gboolean cardea_remembered_check (const CardeaRemembered *self, GError **error);

CardeaRememberedKey cardea_remembered_get_key (const CardeaRemembered *self); /* borrowed texts */
gboolean cardea_remembered_is_for (const CardeaRemembered *self, const CardeaRememberedKey *key);
/* cardea_certificate_id_is_renewed_by(); FALSE where it is to continue without one. */
gboolean cardea_remembered_is_renewed_by (const CardeaRemembered *self, const CardeaCertificateId *other);
/* Everything but the references. */
gboolean cardea_remembered_equal (const CardeaRemembered *a, const CardeaRemembered *b);

/* A new GPtrArray that owns references. */
GPtrArray *cardea_remembered_list_new (void);

G_END_DECLS
