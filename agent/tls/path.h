/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/trust-lookup.h"
#include "socket-api/limits.h"

G_BEGIN_DECLS

/* The longest path: each certificate once, and an authority. */
#define CARDEA_PATH_MAX (CARDEA_LIMIT_CHAIN_CERTIFICATES * 2 + 1)

/* From a server's certificate to an authority that is believed. */
typedef struct
{
  CardeaX509 *certificates[CARDEA_PATH_MAX]; /* leaf first; borrowed from the chain and the snapshot */
  guint length;
  const CardeaAnchor *anchor; /* the last of them; borrowed */
} CardeaPath;

/* Why there is none. @flaw is NULL where nothing leads to an authority. */
typedef struct
{
  const CardeaFlaw *flaw;
  const CardeaX509 *certificate; /* whose flaw; borrowed */
} CardeaPathFailure;

/* Flaws whose sentence needs a date, or a rule's name; their text is NULL. */
extern const CardeaFlaw cardea_flaw_expired;
extern const CardeaFlaw cardea_flaw_not_yet_valid;
extern const CardeaFlaw cardea_flaw_distrusted;
extern const CardeaFlaw cardea_flaw_not_pinned;

/* What holds for every certificate of a path, the leaf too. NULL: nothing is wrong. */
const CardeaFlaw *cardea_path_check_certificate (const CardeaTrust *trust, const CardeaX509 *certificate,
                                                 gint64 now);

/* Names times constraint subtrees of everything that could become part of a path, at most. */
guint64 cardea_path_count_pairs (const CardeaTrust *trust, GPtrArray *chain);

/* @chain: CardeaX509, the leaf first, then any in any order; all alternatives are tried within limits of
 * work. The leaf's name and usage are not looked at. @pins: SHA-256 (GBytes) of public keys, one of which has
 * to be on the path (RFC 7469, 2.6); NULL or empty: none are asked for. */
gboolean cardea_path_find (const CardeaTrust *trust, GPtrArray *chain, const GPtrArray *pins, gint64 now,
                           CardeaPath *path, CardeaPathFailure *failure);

G_END_DECLS
