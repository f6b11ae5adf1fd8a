/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/x509.h"

G_BEGIN_DECLS

/* Whether the names of @below are within the name constraints of @authority above it (RFC 5280, 4.2.1.10).
 * Self-issued certificates between are the caller's to skip. Each comparison costs one of @pairs; without any
 * left the answer is a flaw with reason too_large. NULL: they are. */
const CardeaFlaw *cardea_constraints_check (const CardeaX509 *authority, const CardeaX509 *below,
                                            guint *pairs);

G_END_DECLS
