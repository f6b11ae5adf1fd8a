/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/trust.h"

G_BEGIN_DECLS

/* What one rule of an administrator asks of a server beyond what is asked of every server. Immutable and
 * thread-safe once it is in an array that others have. */
typedef struct
{
  char *rule;               /* its name, for the person */
  char *where;              /* "FILE:LINE", likewise */
  CardeaTrust *trust;       /* whose authorities alone vouch for the server; NULL: the rule names none */
  GPtrArray *pins;          /* SHA-256 (GBytes) of public keys, one of which is on the path; NULL: none */
  gboolean hard_revocation; /* it has to be shown that the server's certificate was not revoked */
} CardeaDemand;

CardeaDemand *cardea_demand_new (const char *rule, const char *where);
void cardea_demand_free (CardeaDemand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaDemand, cardea_demand_free)

/* A new GPtrArray that owns CardeaDemand elements. */
GPtrArray *cardea_demands_new (void);

G_END_DECLS
