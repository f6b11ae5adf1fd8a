/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/front/front.h"
#include "agent/hosts/sign-call.h"
#include "agent/tokens/catalogue.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The way from NSS's demand for a signature to the token that makes it, for one connection.
 * Reference-counted, because the worker that signs may outlive the connection. Thread-safe. */
typedef struct _CardeaSigning CardeaSigning;

/* Asks for the PIN that the key wants for this signature, and answers @call some time; main loop only. */
typedef void (*CardeaSigningAsk) (CardeaSignCall *call, gpointer data);

/* @ask is called until cardea_signing_cancel() or cardea_signing_stop_asking(). */
CardeaSigning *cardea_signing_new (CardeaTokenCertificate *certificate, CardeaSigningAsk ask, gpointer data);
CardeaSigning *cardea_signing_ref (CardeaSigning *self);
void cardea_signing_unref (CardeaSigning *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaSigning, cardea_signing_unref)

/* CardeaFrontSign with a CardeaSigning as user data: blocks until the token answered, and, where the key
 * wants the PIN for each signature, a person before that. */
gboolean cardea_signing_sign (gpointer user_data, const CardeaFrontSignRequest *request, guint8 *signature,
                              gsize *signature_length);

/* Main loop only. The connection is given up: a signature under way is abandoned, later ones are refused. */
void cardea_signing_cancel (CardeaSigning *self);
/* Main loop only: who would ask is gone. */
void cardea_signing_stop_asking (CardeaSigning *self);
/* A copy of why the token did not sign, or NULL. */
GError *cardea_signing_dup_error (CardeaSigning *self);

G_END_DECLS
