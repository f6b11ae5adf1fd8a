/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/authorities.h"
#include "agent/rules/rules.h"

G_BEGIN_DECLS

/* The rules with the authorities that they name. Main loop only. */
typedef struct _CardeaRuleAuthorities CardeaRuleAuthorities;

/* Reads the files that rules name, each of which has to be the administrator's to the last folder above it
 * (cardea_trusted_path_open(); @owner: 0 but for tests). A rule whose files cannot all be used, every
 * certificate in them, has no authorities: @problems (CardeaReason elements) says so. Blocks for the disk. */
CardeaRuleAuthorities *cardea_rule_authorities_new (CardeaRules *rules, uid_t owner, GPtrArray *problems);
void cardea_rule_authorities_free (CardeaRuleAuthorities *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRuleAuthorities, cardea_rule_authorities_free)

CardeaRules *cardea_rule_authorities_get_rules (CardeaRuleAuthorities *self); /* borrowed */

/* Exactly the authorities of a rule that names some, "config" vouching; what the stores distrust stays
 * distrusted. A new reference; NULL when they cannot be used. @hash: what tells them from others, borrowed.
 */
CardeaTrust *cardea_rule_authorities_get_trust (CardeaRuleAuthorities *self, const CardeaRule *rule,
                                                CardeaAuthorityStore *store, const char **hash);

G_END_DECLS
