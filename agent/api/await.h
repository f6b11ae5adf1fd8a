/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/call.h"
#include "agent/broker/session.h"

G_BEGIN_DECLS

/* A call that waits for a session's end. */
typedef void (*CardeaAwaited) (CardeaCall *call, CardeaSession *session);

/* @awaited runs when the session has ended, once, unless the program went away before. The session must be
 * live. The first that waits for a session no longer counts as pending: it is bounded as streams are. */
void cardea_await (CardeaCall *call, CardeaSession *session, CardeaAwaited awaited);

G_END_DECLS
