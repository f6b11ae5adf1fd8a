/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/sessions.h"

G_BEGIN_DECLS

/* Sends one message; the id is the receiver's to set. */
typedef void (*CardeaListingSend) (CardeaHostMessage *message, gpointer data);

/* Lists everything the roles ask for by sending items (LISTED included). FALSE and @failure when the module
 * as a whole cannot be asked; a token that cannot is left out. Thread-safe; blocks. */
gboolean cardea_listing_run (CardeaPkcs11 *module, CardeaSessions *sessions, CardeaHostWireRoles roles,
                             CardeaListingSend send, gpointer data, CardeaFailure *failure);

G_END_DECLS
