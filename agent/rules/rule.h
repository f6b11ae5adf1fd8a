/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/rules/rule-condition.h"

G_BEGIN_DECLS

typedef enum
{
  CARDEA_RULE_DENY,
  CARDEA_RULE_CONSENT,
  CARDEA_RULE_NARROW,
  CARDEA_RULE_SETTINGS,
} CardeaRuleAction;

typedef enum
{
  CARDEA_RULE_UNSET,
  CARDEA_RULE_NO,
  CARDEA_RULE_YES,
} CardeaRuleSwitch;

/* How a connection is made. What a rule does not say is unset, empty or NULL. */
typedef struct
{
  CardeaRuleSwitch tls12;           /* permitted, besides TLS 1.3 */
  CardeaRuleSwitch hard_revocation; /* no information counts as revoked */
  CardeaRuleSwitch post_handshake;  /* authentication after the handshake is offered (RFC 8446, 4.6.2) */
  char **authorities;               /* files of PEM certificates: they alone vouch for the server */
  GPtrArray *spki_pins; /* of GBytes: SHA-256 of a public key in the chain (RFC 7469); any of them */
} CardeaRuleSettings;

/* One rule of an administrator; immutable once it was checked. */
typedef struct
{
  char *name;  /* of [rule NAME] */
  char *where; /* "FILE:LINE" */
  gboolean has_action;
  CardeaRuleAction action;
  char **programs;                /* keys of callers, or "*" alone */
  GPtrArray *servers;             /* of CardeaServerPattern */
  char *message;                  /* of a denial, for the person; or NULL */
  CardeaRuleCondition *condition; /* or NULL */
  CardeaRuleSettings settings;
} CardeaRule;

CardeaRule *cardea_rule_new (const char *name, const char *where);
void cardea_rule_free (CardeaRule *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRule, cardea_rule_free)

/* Whether its keys make a rule together. FALSE with @problem set (a sentence, static). */
gboolean cardea_rule_check (const CardeaRule *self, const char **problem);
/* Whether the rule is about this program on this server. @host as cardea_config_normalise_host() makes it, or
 * NULL. */
gboolean cardea_rule_matches (const CardeaRule *self, const char *program_key, const char *host,
                              guint16 port);

G_END_DECLS
