/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/broker/assent.h"

G_BEGIN_DECLS

/* Whether a program may connect there at all, as far as can be told before anything is sent. @assent or NULL:
 * nobody is asked. Errors: DENIED, INTERACTION_REQUIRED. */
gboolean cardea_admission_check (CardeaConfig *config, CardeaAssent *assent, CardeaCaller *caller,
                                 const CardeaRequest *request, GError **error);

G_END_DECLS
