/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* A login that is one connection's own, with a PIN that was typed for it: asked for, held while the token
 * signs, then taken back. Main loop only. */
typedef struct _CardeaGrant CardeaGrant;

/* The PIN, which it keeps until then and no longer; NULL: on the token's own pad. */
CardeaSecret *cardea_grant_steal_typed (CardeaGrant *self);
/* Takes the login back, unless a person's holds. NULL is allowed. */
void cardea_grant_end (CardeaGrant *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaGrant, cardea_grant_end)

G_END_DECLS
