/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Tells the person which tokens come and go. Main loop only. */
typedef struct _CardeaArrivals CardeaArrivals;

/* What is there when all hosts have answered for the first time came before. Silent until it is told to
 * speak. */
CardeaArrivals *cardea_arrivals_new (CardeaCatalogue *catalogue);
void cardea_arrivals_free (CardeaArrivals *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaArrivals, cardea_arrivals_free)

void cardea_arrivals_set_told (CardeaArrivals *self, gboolean told);

G_END_DECLS
