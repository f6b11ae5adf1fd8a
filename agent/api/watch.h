/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/methods.h"

G_BEGIN_DECLS

/* What a subscriber was told last: an object with a member for each token, certificate and session there was,
 * by what tells it from others, and the problems. Pure values; new references. */
json_t *cardea_watch_look (const CardeaMethodContext *context);
/* The parameters of a reply with what lies between two looks, NULL: nothing. @before NULL: all of @now is
 * "present". Those that left come first. */
json_t *cardea_watch_compare (json_t *before, json_t *now);

G_END_DECLS
