/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/sessions.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Gives the token a new user's PIN. @known: the old one, the security officer's or the PUK, as @action says;
 * it costs the token one try at most. Both NULL: by the token's own pad. Nobody is logged in any more,
 * whatever comes of it; signatures that are under way may fail. Blocks. @failure is of
 * CARDEA_HOST_FAILURE_PIN where
 * @known was refused, with its state, and of CARDEA_HOST_FAILURE_NEW_PIN where only @fresh was. */
gboolean cardea_set_pin_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                             CardeaHostWireSetPin action, CardeaSecret *known, CardeaSecret *fresh,
                             CardeaFailure *failure);

G_END_DECLS
