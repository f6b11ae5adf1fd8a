/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate.h"

G_BEGIN_DECLS

/* Which certificates a rule leaves among the candidates. */
typedef struct
{
  char *certificate;   /* 64 lower-case hex digits, or a PKCS#11 URI (RFC 7512); or NULL */
  char *issuer_sha256; /* of an authority's certificate, 64 lower-case hex digits; or NULL */
  char *issuer_name;   /* as cardea_name_attributes_fold() makes it; or NULL */
} CardeaRuleCondition;

CardeaRuleCondition *cardea_rule_condition_new (void);
void cardea_rule_condition_free (CardeaRuleCondition *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRuleCondition, cardea_rule_condition_free)

/* FALSE with @problem set (a sentence part, static) for a value that is not allowed. */
gboolean cardea_rule_condition_set_certificate (CardeaRuleCondition *self, const char *value,
                                                const char **problem);
gboolean cardea_rule_condition_set_issuer (CardeaRuleCondition *self, const char *value,
                                           const char **problem);

/* Whether the certificate is under the issuer that the condition names, if it names one: by its own issuer's
 * name or by that of an authority above it, or by the hash of one. @issuers: the chain above the certificate
 * as CardeaCertificate, as far as it is known; may be NULL. What `certificate` names is for who knows tokens.
 */
gboolean cardea_rule_condition_accepts_issuer (const CardeaRuleCondition *self,
                                               const CardeaCertificate *certificate, GPtrArray *issuers);

G_END_DECLS
