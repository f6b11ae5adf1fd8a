/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/rules/rule.h"

G_BEGIN_DECLS

/* Adds a problem for each setting of the rule that this version does not act on. FALSE when one of them is a
 * restriction: the connection would be less guarded than the administrator meant, so nobody may consent
 * to it unasked. */
gboolean cardea_rule_check_support (const CardeaRule *rule, GPtrArray *problems);

G_END_DECLS
