/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate.h"
#include "agent/base/reason.h"

G_BEGIN_DECLS

/* Whether one certificate can answer one CertificateRequest: pure, no I/O, no NSS. An empty result means that
 * it fits. */
typedef struct
{
  gint64 now;               /* Unix seconds */
  GPtrArray *authorities;   /* DER names the server accepts (GBytes); empty or NULL = any */
  gboolean scheme_accepted; /* the server takes a scheme that this key can make */
} CardeaFitRequest;

typedef struct
{
  CardeaCertificate *certificate;
  GPtrArray *issuers; /* the chain above it as CardeaCertificate, nearest first; may be empty */
  gboolean can_sign;  /* the token has a mechanism for this key that the version of TLS allows */
  gboolean key_missing;
  gboolean token_locked;
} CardeaFitCandidate;

GPtrArray *cardea_policy_fit (const CardeaFitRequest *request, const CardeaFitCandidate *candidate);

G_END_DECLS
