/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/rules/rule-keys.h"
#include "agent/rules/rule.h"

G_BEGIN_DECLS

/* Takes one value into the rule. FALSE with @problem set (a sentence part) when it is not allowed. */
gboolean cardea_rule_set_key (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem);

G_END_DECLS
