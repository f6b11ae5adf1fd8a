/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/sessions.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* The signature that the SIGN message @request asks for, or NULL. Where @request says that a PIN comes with
 * it
 * (*@pin NULL: typed on the token's own pad), the token checks it before it signs, it is let go of then, and
 * a login that had to be made for it stays until cardea_logout_run(). Thread-safe; blocks as long as the
 * token does. */
GBytes *cardea_sign_run (CardeaPkcs11 *module, CardeaSessions *sessions, const CardeaHostMessage *request,
                         CardeaSecret **pin, CardeaFailure *failure);

G_END_DECLS
