/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Tokens and a server of the test's, which stand where a consent expects the catalogue and the handshake.
 * Signal "changed", as the catalogue's: the test emits it. */
typedef struct
{
  GObject parent;
  GPtrArray *certificates; /* of CardeaTokenCertificate; the test's to change */
} AssentWorld;

typedef GObjectClass AssentWorldClass;

GType assent_world_get_type (void);
AssentWorld *assent_world_new (void);
/* A certificate of tests/fixtures/certificates, on the one token there is. NSS must be initialised. */
void assent_world_insert (AssentWorld *self, const char *name);

G_END_DECLS
