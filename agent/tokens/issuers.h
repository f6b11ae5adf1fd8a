/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate.h"

G_BEGIN_DECLS

/* Enough for every chain that is used; a server takes no longer ones either. */
#define CARDEA_MAX_ISSUERS 8

/* The chain above @certificate out of what is known, by names: @pools holds GPtrArrays of CardeaCertificate,
 * those of an earlier one preferred. DER as GBytes, nearest first, at most CARDEA_MAX_ISSUERS, without a
 * self-issued root; a loop of names ends where it closes. @now: Unix seconds; those valid then are preferred,
 * then those valid longest. */
GPtrArray *cardea_issuers_find (GPtrArray *pools, CardeaCertificate *certificate, gint64 now);

G_END_DECLS
