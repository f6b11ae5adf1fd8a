/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who vouches for a server, as decisions are kept by it: what was decided where one vouched says nothing
 * where another does. */

/* SHA-256 in hex of a set of certificates (DER, GBytes), in whatever order they come. */
char *cardea_trust_source_hash (GPtrArray *certificates);

/* "system"; "program:" and the hash of the authorities that a program brought along; or "rule:" and a hash of
 * the authorities that each rule names (@rules: their hashes, may be empty) and of those brought along
 * besides
 * (@brought: GBytes, or NULL). Of rules only their authorities count, not their names. */
char *cardea_trust_source_new (GPtrArray *brought, GPtrArray *rules);

G_END_DECLS
