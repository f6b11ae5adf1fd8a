/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/sessions.h"

G_BEGIN_DECLS

/* What a slot and the token in it say of themselves. The bytes of @message point into @self. */
typedef struct
{
  CK_SLOT_INFO slot;
  CK_TOKEN_INFO token;
} CardeaTokenInfo;

CK_RV cardea_token_info_read (CardeaTokenInfo *self, CardeaPkcs11 *module, CK_SLOT_ID slot);
/* All of a TOKEN message but whether it is logged in; asks for the mechanisms. */
void cardea_token_info_fill (const CardeaTokenInfo *self, CardeaPkcs11 *module, CK_SLOT_ID slot,
                             CardeaHostMessage *message);
CardeaHostWirePin cardea_token_info_get_pin (const CardeaTokenInfo *self);

/* The security officer's: fine where the token says nothing of it. */
CardeaHostWirePin cardea_token_info_get_officer_pin (const CardeaTokenInfo *self);
/* The failure that has the agent start afresh. */
void cardea_token_info_set_swapped (CardeaFailure *failure);

/* The slots with a token in them, at most @max; @more says whether there were others. */
CK_RV cardea_token_slots (CardeaPkcs11 *module, guint max, GArray **slots, gboolean *more);

G_END_DECLS
