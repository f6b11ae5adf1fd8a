/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "nss-config/database.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* What became of one authority. */
typedef enum
{
  CARDEA_TRUST_ADDED,
  CARDEA_TRUST_CHANGED, /* the certificate was there, the trust was not */
  CARDEA_TRUST_ALREADY, /* nothing was changed */
} CardeaTrustOutcome;

/* @subject and @sha256 are set, and the caller's, as soon as the certificate could be read. */
typedef struct
{
  CardeaTrustOutcome outcome;
  char *subject; /* RFC 1485, not fit for a terminal yet */
  char *sha256;  /* lower-case hex */
} CardeaTrustResult;

void cardea_trust_result_clear (CardeaTrustResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CardeaTrustResult, cardea_trust_result_clear)

/* Whether @der is the certificate of an authority (RFC 5280, 4.2.1.9 and 4.2.1.3) that is not distrusted
 * there. Errors: G_IO_ERROR_INVALID_DATA, G_IO_ERROR_PERMISSION_DENIED for the distrusted. */
gboolean cardea_trust_check (CardeaDatabase *database, GBytes *der, CardeaTrustResult *result,
                             GError **error);

/* Whether the database has a password, without which trust cannot be changed. */
gboolean cardea_trust_needs_password (CardeaDatabase *database);
/* Errors: G_IO_ERROR_PERMISSION_DENIED for a wrong one. */
gboolean cardea_trust_unlock (CardeaDatabase *database, CardeaSecret *password, GError **error);

/* Adds an authority that passed cardea_trust_check(), trusted for TLS servers; trust for other uses stays as
 * it was.
 * @nickname NULL: made from the subject. Needs cardea_trust_unlock() first, where there is a password. */
gboolean cardea_trust_add (CardeaDatabase *database, GBytes *der, const char *nickname,
                           CardeaTrustResult *result, GError **error);

G_END_DECLS
