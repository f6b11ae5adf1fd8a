/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/listing.h"
#include "agent/token-host/objects.h"

G_BEGIN_DECLS

/* Certificates of one token as authorities, by the token's NSS trust objects. @incomplete is set where a
 * limit left something out. */
CK_RV cardea_trust_list (const CardeaObjects *objects, CardeaListingSend send, gpointer data,
                         gboolean *incomplete);

G_END_DECLS
