/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"

G_BEGIN_DECLS

/* Other deadlines than those of socket-api/limits.h, in milliseconds; for tests, before the first call. */
typedef struct
{
  guint start, call, list, sign;
} CardeaHostDeadlines;

void cardea_host_set_deadlines (CardeaHost *self, const CardeaHostDeadlines *deadlines);

G_END_DECLS
