/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/unlocker.h"

G_BEGIN_DECLS

/* How long logins last. A lease begins when a token accepted a PIN and ends with its insertion, when its rule
 * says so, or when somebody asks for it; then the login is over at the token. Main loop only.
 * Signal "changed" (): a lease began, is due at another time, or ended. */
#define CARDEA_TYPE_LEASES (cardea_leases_get_type ())
G_DECLARE_FINAL_TYPE (CardeaLeases, cardea_leases, CARDEA, LEASES, GObject)

/* Ends the login to @token: in its host's process, with all others of that, and at the card. For each. */
typedef void (*CardeaLeaseEnd) (CardeaToken *token, gpointer data);

typedef struct
{
  gint64 since;         /* Unix seconds */
  gint64 due;           /* when it ends unless it is used meanwhile; 0: no time limit */
  gboolean screen_lock; /* it ends when the screen is locked or the machine suspended */
} CardeaLease;

/* Hears of logins and of their uses from @unlocker, which outlives it. */
CardeaLeases *cardea_leases_new (CardeaUnlocker *unlocker, CardeaLeaseEnd end, gpointer data);
/* Tokens came, went or were read anew: @tokens are those that are present now. */
void cardea_leases_look (CardeaLeases *self, GPtrArray *tokens);
/* CardeaLeaseConfig elements; leases there are follow them from now on, as if they had from their start. */
void cardea_leases_set_rules (CardeaLeases *self, GPtrArray *rules);

/* FALSE: there is no login to this token. */
gboolean cardea_leases_find (CardeaLeases *self, CardeaToken *token, CardeaLease *lease);

/* Ends the leases of the tokens that @pattern (a PKCS#11 URI, NULL: all) matches, and returns how many that
 * were. Remembered PINs of these tokens serve no more before a person typed one. */
guint cardea_leases_end (CardeaLeases *self, const char *pattern);
/* The screen was locked, or the machine is about to sleep. */
guint cardea_leases_end_for_absence (CardeaLeases *self);

G_END_DECLS
