/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which tokens need a person to type their PIN before a remembered one may serve again. By the tokens' URIs,
 * since a token that is pulled and put into another reader is still the same. */
typedef struct _CardeaPersonGate CardeaPersonGate;

CardeaPersonGate *cardea_person_gate_new (void);
void cardea_person_gate_free (CardeaPersonGate *self);

/* From now on @token_uri needs a person; NULL: every token, also one that is not there yet. */
void cardea_person_gate_close (CardeaPersonGate *self, const char *token_uri);
/* A person typed the PIN of this token, and the token accepted it. */
void cardea_person_gate_open (CardeaPersonGate *self, const char *token_uri);
gboolean cardea_person_gate_is_open (CardeaPersonGate *self, const char *token_uri);

G_END_DECLS
