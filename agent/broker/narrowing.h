/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/choice.h"
#include "agent/rules/rules.h"

G_BEGIN_DECLS

/* Adds a reason to each offer that fits and that the rules do not leave: each of @conditions
 * (CardeaRuleCondition) must be met. The offers are in order again afterwards. */
void cardea_choice_narrow (CardeaChoice *self, CardeaCatalogue *catalogue, GPtrArray *conditions);

G_END_DECLS
