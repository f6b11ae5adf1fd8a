/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "agent/base/certificate.h"
#include "agent/tls/tls12-use.h"

G_BEGIN_DECLS

/* A verified server that asks for a certificate and waits: in a handshake, or in a stream that is open. Main
 * loop only. */
#define CARDEA_TYPE_ASKER (cardea_asker_get_type ())
G_DECLARE_INTERFACE (CardeaAsker, cardea_asker, CARDEA, ASKER, GObject)

struct _CardeaAskerInterface
{
  GTypeInterface parent;

  const char *(*get_authority) (CardeaAsker *self);
  gboolean (*can_use) (CardeaAsker *self, CardeaCertificate *certificate, CardeaRsaSchemes rsa_schemes);
};

/* What a person calls the authority that vouches for the server; borrowed. */
const char *cardea_asker_get_authority (CardeaAsker *self);
/* While an answer is awaited: whether the server accepts a signature scheme that this certificate's key can
 * make, an RSA key by those its token makes. */
gboolean cardea_asker_can_use (CardeaAsker *self, CardeaCertificate *certificate,
                               CardeaRsaSchemes rsa_schemes);

G_END_DECLS
