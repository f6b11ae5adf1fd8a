/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cert.h>
#include <gio/gio.h>

#include "agent/tls/der.h"

G_BEGIN_DECLS

/* What is wrong with a certificate: a reason of ServerNotTrusted, and the rest of a sentence that begins with
 * the certificate. Only constants of this type exist. */
typedef struct
{
  const char *reason;
  const char *what;
} CardeaFlaw;

/* Key usage bits (RFC 5280, 4.2.1.3), the first bit of the extension being the lowest here. */
enum
{
  CARDEA_USAGE_DIGITAL_SIGNATURE = 1 << 0,
  CARDEA_USAGE_CERTIFICATE_SIGNING = 1 << 5,
  CARDEA_USAGE_LIST_SIGNING = 1 << 6, /* of revoked certificates */
};

/* One certificate taken apart for verification: immutable, reference-counted, thread-safe. It is no temporary
 * certificate of NSS's: those are shared by all connections of the process. Views point into @bytes. */
typedef struct
{
  GBytes *bytes;
  PLArenaPool *arena;
  CERTSignedData signed_data; /* in the arena; the signature's length is in bits */
  guint version;              /* 1 to 3 */
  CardeaDer serial;
  CardeaDer issuer, subject; /* whole Names */
  CardeaDer key_info;        /* whole SubjectPublicKeyInfo */
  CardeaDer key_bits;        /* contents of its BIT STRING without the count of unused bits */
  gint64 not_before, not_after;

  gboolean authority; /* basic constraints: CA */
  int path_length;    /* -1: not limited */
  gboolean has_key_usage;
  guint key_usage;
  gboolean has_extended_usage, for_server, for_any, for_ocsp;
  gboolean has_names;
  CardeaDer names; /* subject alternative names: a run of GeneralName */
  gboolean has_constraints;
  CardeaDer permitted, excluded; /* runs of GeneralSubtree */
  guint n_names, n_subtrees;     /* n_names counts the subject, too */
  gboolean has_policies;
  CardeaDer policies;                                /* a run of PolicyInformation */
  CardeaDer mappings;                                /* a run of pairs */
  int explicit_policy, inhibit_mapping, inhibit_any; /* certificates to go, -1: not said */
  CardeaDer key_id, issuer_key_id;
  CardeaDer access;              /* value of authority information access (RFC 5280, 4.2.2.1), unread */
  CardeaDer distribution_points; /* value of CRL distribution points (RFC 5280, 4.2.1.13), unread */
  gboolean must_staple;          /* TLS feature status_request (RFC 7633) */

  const CardeaFlaw
      *signature_flaw;    /* of the signature on it: nothing to an anchor, which nobody vouches for */
  const CardeaFlaw *flaw; /* makes it useless in any role, or NULL */
} CardeaX509;

/* Size first, then one DER element and nothing behind it. What can be read but must not be used has a flaw
 * instead of an error. Errors: G_IO_ERROR_INVALID_DATA. */
CardeaX509 *cardea_x509_new (GBytes *der, GError **error);
CardeaX509 *cardea_x509_ref (CardeaX509 *self);
void cardea_x509_unref (CardeaX509 *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaX509, cardea_x509_unref)

/* A key of the caller's own, as NSS keeps unlocked state in it; NULL for a kind it does not know. */
SECKEYPublicKey *cardea_x509_dup_key (const CardeaX509 *self);
gboolean cardea_x509_is_self_issued (const CardeaX509 *self);
/* Whether the key of @issuer made the signature. Says nothing of whether it may. */
gboolean cardea_x509_is_signed_by (const CardeaX509 *self, const CardeaX509 *issuer);
/* The subject for a person, escaped (RFC 4514); may be empty. Caller frees. */
char *cardea_x509_describe (const CardeaX509 *self);
/* The subject as a person calls it (cardea_name_to_short_string()); may be empty. Caller frees. */
char *cardea_x509_call (const CardeaX509 *self);
/* Any DER name, escaped in the same way; empty when it is none. Caller frees. */
char *cardea_x509_describe_name (GBytes *name);

G_END_DECLS
