/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* What is to be asked of the network about one certificate that was verified. Immutable, reference-counted,
 * thread-safe. */
typedef struct _CardeaRevocationQuestion
{
  CardeaX509 *certificate, *issuer;
  GPtrArray *responders; /* URLs (char *): of OCSP, asked first */
  GPtrArray *lists;      /* URLs: of lists of revoked certificates */
  gboolean hard;         /* without an answer the connection fails, so it is worth waiting longer */
} CardeaRevocationQuestion;

/* NULL where the certificate names nobody to ask. */
CardeaRevocationQuestion *cardea_revocation_question_new (CardeaX509 *certificate, CardeaX509 *issuer,
                                                          gboolean hard);
CardeaRevocationQuestion *cardea_revocation_question_ref (CardeaRevocationQuestion *self);
void cardea_revocation_question_unref (CardeaRevocationQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRevocationQuestion, cardea_revocation_question_unref)

/* The certificate, and whose key vouches for it, as one text; an answer about them is kept by it. Caller
 * frees. */
char *cardea_revocation_question_make_key (const CardeaRevocationQuestion *self);

G_END_DECLS
