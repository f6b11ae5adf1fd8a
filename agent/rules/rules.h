/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

#include "agent/rules/rule.h"

G_BEGIN_DECLS

/* The administrators' rules as an immutable, reference-counted value: cardea-rules(5) is their description.
 */
typedef struct _CardeaRules CardeaRules;

/* What the rules say of one program on one server. */
typedef struct
{
  CardeaRules *rules;             /* owned: keeps alive what the rest points into */
  const CardeaRule *denied_by;    /* NULL: not denied. Its name, place and message are for the person. */
  const CardeaRule *consented_by; /* NULL: no rule consents. Never set together with denied_by. */
  GPtrArray *conditions;          /* of const CardeaRuleCondition: a certificate must meet all of them */
  GPtrArray *demands; /* of const CardeaRule with authorities, pins or hard revocation: each must be met */
  /* All matching rules together; the more careful one wins. */
  CardeaRuleSwitch tls12;
  CardeaRuleSwitch hard_revocation;
  CardeaRuleSwitch post_handshake;
} CardeaRuleAnswer;

void cardea_rule_answer_clear (CardeaRuleAnswer *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CardeaRuleAnswer, cardea_rule_answer_clear)

/* rules.d of the installation's configuration. */
const char *cardea_rules_get_default_folder (void);

/* Reads the files of the folder that end with ".conf". Never fails as a whole: a file with a mistake is left
 * out, and said to be in @problems (CardeaReason elements; may be NULL), as is each setting that is not acted
 * on. While one is left out no rule consents or permits anything, for it might have forbidden what another
 * one allows; the rest holds. @owner: 0, see cardea_trusted_files_read(). Blocks for the disk. */
CardeaRules *cardea_rules_load (const char *folder, uid_t owner, GPtrArray *problems);
/* The same of files that were read already (CardeaTrustedFile elements); @whole: all that there were. */
CardeaRules *cardea_rules_new (GPtrArray *files, gboolean whole, GPtrArray *problems);
CardeaRules *cardea_rules_ref (CardeaRules *self);
void cardea_rules_unref (CardeaRules *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRules, cardea_rules_unref)

guint cardea_rules_get_length (const CardeaRules *self);
const CardeaRule *cardea_rules_get (const CardeaRules *self, guint i); /* borrowed */
/* FALSE: a file was left out, so no rule consents. */
gboolean cardea_rules_are_whole (const CardeaRules *self);

/* @program_key: cardea_caller_get_key(); @server_name: the verified name or address. Fills @answer, which is
 * to be cleared. Pure. */
void cardea_rules_decide (CardeaRules *self, const char *program_key, const char *server_name, guint16 port,
                          CardeaRuleAnswer *answer);

G_END_DECLS
