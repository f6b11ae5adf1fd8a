/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/turns.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* What the agent knows of the PIN of one token as long as its host's process is the same. PINs that were
 * refused are known for longer, where that can be told: as long as the card is in the reader. */
typedef struct
{
  CardeaHost *host; /* weak: another host of the same name is another token */
  guint64 generation;
  CardeaInsertion *insertion; /* or NULL */
  gboolean logged_in;         /* by a person or in his name: for everybody */
  gboolean granted;           /* once, by a terminal: that a listing says "logged in" means nothing */
  gboolean state_known;       /* a refusal told the state, newer than any listing of this generation */
  CardeaPinState state;
  int tries;               /* with it; left, or -1 */
  GPtrArray *refused;      /* of CardeaSecret */
  GPtrArray *refused_puks; /* of CardeaSecret */
  gboolean puk_state_known;
  CardeaPinState puk_state;
  int puk_tries;
  CardeaTurns *turns; /* to log in and out; whatever the insertion is */
} CardeaPinRecord;

CardeaPinRecord *cardea_pin_record_new (void);
void cardea_pin_record_free (CardeaPinRecord *self);

/* Begins anew when @token is of a newer reading than what is known. FALSE: it is of an older one. */
gboolean cardea_pin_record_update (CardeaPinRecord *self, CardeaToken *token);
CardeaPinState cardea_pin_record_get_state (const CardeaPinRecord *self, CardeaToken *token);
/* Left, or -1 where the token does not tell. */
int cardea_pin_record_get_tries (const CardeaPinRecord *self, CardeaToken *token);
void cardea_pin_record_accept (CardeaPinRecord *self);
/* A PIN that must be changed was the right one. */
void cardea_pin_record_refuse (CardeaPinRecord *self, CardeaSecret *secret, CardeaPinState state);
/* A new PIN was set: what was refused until then may be right now. */
void cardea_pin_record_renew (CardeaPinRecord *self);

/* The same for the PUK, or what stands in for it (CardeaHostToken's officer_pin). */
CardeaPinState cardea_pin_record_get_puk_state (const CardeaPinRecord *self, CardeaToken *token);
void cardea_pin_record_refuse_puk (CardeaPinRecord *self, CardeaSecret *secret, CardeaPinState state);
gboolean cardea_pin_record_is_puk_refused (const CardeaPinRecord *self, CardeaSecret *secret);

/* @token is unlocked for everybody: as is known here, or as its listing says where that means anything. */
gboolean cardea_pin_record_is_open (const CardeaPinRecord *self, CardeaToken *token);
gboolean cardea_pin_record_is_listed_open (const CardeaPinRecord *self, CardeaToken *token);
gboolean cardea_pin_record_is_refused (const CardeaPinRecord *self, CardeaSecret *secret);

G_END_DECLS
