/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/key-file.h"

G_BEGIN_DECLS

/* The keys of a group [rule NAME]. The manual page is compared with their table by a test. */
typedef enum
{
  CARDEA_RULE_KEY_PROGRAM,
  CARDEA_RULE_KEY_SERVERS,
  CARDEA_RULE_KEY_ACTION,
  CARDEA_RULE_KEY_MESSAGE,
  CARDEA_RULE_KEY_CERTIFICATE,
  CARDEA_RULE_KEY_ISSUER,
  CARDEA_RULE_KEY_TLS12,
  CARDEA_RULE_KEY_REVOCATION,
  CARDEA_RULE_KEY_AUTHORITIES,
  CARDEA_RULE_KEY_SPKI_PIN,
  CARDEA_RULE_KEY_POST_HANDSHAKE,

  CARDEA_N_RULE_KEYS
} CardeaRuleKey;

extern const CardeaKeyFileForm cardea_rule_form;

const char *cardea_rule_key_to_string (CardeaRuleKey key);
/* The NAME of a group [rule NAME], or NULL for any other group and for a name that is not allowed. */
const char *cardea_rule_get_name (const char *group);

G_END_DECLS
