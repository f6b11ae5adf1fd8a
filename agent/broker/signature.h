/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/selection.h"
#include "agent/broker/signing.h"

G_BEGIN_DECLS

/* The signature that a selection is made for: by the chosen key, with its PIN where the key wants that for
 * each signature. Main loop only. */
typedef struct _CardeaSignature CardeaSignature;

/* Takes @selection, which has a certificate. @about: as it was selected by, of which nothing is referenced:
 * it has to be there until the signature is cancelled or freed. Its step is told of CARDEA_STEP_SIGNING, here
 * already unless the key is known to want its PIN, and of CARDEA_STEP_PIN. @cancellable: takes a question
 * back. */
CardeaSignature *cardea_signature_new (const CardeaSelectionCase *about, CardeaSelection *selection,
                                       GCancellable *cancellable);
/* Nobody is asked any more. A worker may sign on with what it has. */
void cardea_signature_free (CardeaSignature *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaSignature, cardea_signature_free)

/* How NSS signs with it; the user data are a reference of their own, the rest is borrowed. */
CardeaSigner cardea_signature_make_signer (CardeaSignature *self);
/* It is made, or never will be: the login that was for it alone is over, the PIN is forgotten. */
void cardea_signature_end_login (CardeaSignature *self);
/* Given up: likewise, and a signature that is under way is abandoned. */
void cardea_signature_cancel (CardeaSignature *self);
/* Whether the key wanted its PIN for it. */
gboolean cardea_signature_wanted_pin (const CardeaSignature *self);
/* A copy of why the token did not sign, or NULL. */
GError *cardea_signature_dup_error (const CardeaSignature *self);

G_END_DECLS
