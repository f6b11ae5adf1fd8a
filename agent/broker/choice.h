/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/unlocker.h"
#include "agent/policy/fit.h"
#include "agent/tls/tls12-use.h"
#include "agent/tokens/catalogue.h"

#include <jansson.h>

G_BEGIN_DECLS

/* The choice among the certificates there are, for one server's request: each with the reasons against it. No
 * I/O. */
typedef struct
{
  CardeaTokenCertificate *certificate;
  GPtrArray *reasons; /* of CardeaReason; empty: it fits */
} CardeaOffer;

typedef struct
{
  GPtrArray *offers; /* of CardeaOffer, those that fit first */
  guint n_fitting;
} CardeaChoice;

/* Whether the server takes a scheme that this certificate's key makes on its token: asked of the live
 * connection. */
typedef gboolean (*CardeaCanUse) (const CardeaTokenCertificate *certificate, gpointer user_data);

/* How the token signs with RSA keys. */
CardeaRsaSchemes cardea_choice_get_rsa_schemes (const CardeaTokenCertificate *certificate);

/* @wanted: PKCS#11 URI or SHA-256 in hex that the caller named, or NULL.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER when @wanted is neither. */
CardeaChoice *cardea_choice_new (CardeaCatalogue *catalogue, GPtrArray *authorities, const char *wanted,
                                 gint64 now, CardeaCanUse can_use, gpointer user_data, GError **error);
/* Takes those on tokens that want no PIN: nothing else would tell a person's consent from a program's. */
void cardea_choice_require_pin (CardeaChoice *self);
/* Takes those whose key or token wants a person for each use, where there is none. */
void cardea_choice_leave_out_attended (CardeaChoice *self, CardeaUnlocker *unlocker);
/* Those that fit first, in their order, and counted: after reasons were added. */
void cardea_choice_sort (CardeaChoice *self);
void cardea_choice_free (CardeaChoice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaChoice, cardea_choice_free)

/* `[]Offer` of org.cardea.agent; @fitting_only: for a caller that may not list certificates: as many as a
 * reply has room for, those that fit first. */
json_t *cardea_choice_to_json (const CardeaChoice *self, gboolean fitting_only);
/* The same in at most @room bytes of text. */
json_t *cardea_choice_to_json_within (const CardeaChoice *self, gboolean fitting_only, gsize room);

/* The chain above @certificate as far as the tokens have it, nearest first: CardeaCertificate elements. */
GPtrArray *cardea_choice_find_issuers (CardeaCatalogue *catalogue, CardeaCertificate *certificate);

gboolean cardea_choice_is_sha256 (const char *wanted);
/* Tells whether @wanted names @certificate; its form was checked before. */
gboolean cardea_choice_is_wanted (const char *wanted, const CardeaTokenCertificate *certificate,
                                  gboolean *malformed);

G_END_DECLS
