/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/sessions.h"

G_BEGIN_DECLS

/* The signature that the SIGN message @request asks for, or NULL. Thread-safe; blocks as long as the token
 * does. */
GBytes *cardea_sign_run (CardeaPkcs11 *module, CardeaSessions *sessions, const CardeaHostMessage *request,
                         CardeaFailure *failure);

G_END_DECLS
