/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/selection.h"
#include "agent/broker/session.h"

G_BEGIN_DECLS

/* Answers servers that ask for a certificate in a session's open stream (RFC 8446, 4.6.2). Main loop only. */

/* From now on until the session ends; before it is attached. What @about has but asker, authorities and step
 * is copied or referenced, except the terms: they are @terms, taken. */
void cardea_reauthentication_watch (CardeaSession *session, const CardeaSelectionCase *about,
                                    CardeaTerms *terms);

G_END_DECLS
