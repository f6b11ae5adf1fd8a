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
/* Before a signature that comes with a PIN: the user is logged in, unless the token wants no login. Where
 * @pin was checked for that, @checked is TRUE; somebody who is logged in already is left alone. Blocks. */
gboolean cardea_login_for_signature (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                                     CardeaSecret *pin, gboolean *checked, CardeaFailure *failure);
/* The login of one signature, between C_SignInit and C_Sign of @session (PKCS#11 2.40, 5.6, C_Login). One
 * that is refused leaves nobody logged in. Blocks. */
gboolean cardea_login_in_context (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                                  CK_SESSION_HANDLE session, CardeaSecret *pin, CardeaFailure *failure);
/* Whether what is in the slot now is the token that is meant, asked immediately before a PIN is sent. */
gboolean cardea_login_check_token (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                                   gboolean by_pinpad, CardeaHostWireLogin manner, CardeaFailure *failure);
/* The user's PIN was refused with @rv: how it stands now. That it must be changed is said only of one that is
 * right. */
void cardea_login_explain_refusal (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_RV rv, CardeaFailure *failure);
/* Nobody is logged in any more when it returns TRUE. Blocks. */
gboolean cardea_logout_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                            CardeaFailure *failure);

G_END_DECLS
