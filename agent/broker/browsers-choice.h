/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/choice.h"
#include "agent/broker/request.h"
#include "agent/rules/chromium-policy.h"

G_BEGIN_DECLS

/* The place among those that fit of the one that the browser's policy would take for this server, or -1.
 * @sure: it would ask nobody. @policy NULL: there is none. */
int cardea_browsers_choice_find (CardeaChromiumPolicy *policy, const CardeaRequest *request,
                                 const CardeaChoice *choice, gboolean *sure);

G_END_DECLS
