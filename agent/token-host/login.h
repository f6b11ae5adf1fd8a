/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/sessions.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* One C_Login as the user, never repeated. @pin NULL: by the token's own pinpad. Careful: none at all where
 * the token says that few tries are left or the PIN must be changed. Fresh: whoever was logged in is not any
 * more, whatever comes of it. Blocks. */
gboolean cardea_login_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, CardeaSecret *pin,
                           CardeaHostWireLogin manner, CardeaFailure *failure);
/* Nobody is logged in any more when it returns TRUE. Blocks. */
gboolean cardea_logout_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                            CardeaFailure *failure);

G_END_DECLS
