/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/login.h"
#include "agent/pin/remembered-pin.h"

G_BEGIN_DECLS

/* What the unlockings of one unlocker share. */
typedef struct
{
  CardeaPrompter *prompter;
  char *folder; /* of marks */
  const CardeaPinLogin *login;
  gpointer login_data;
  GPtrArray *sources; /* of CardeaPinSource; replaced as a whole */
  CardeaRememberedPin *remembered;
} CardeaUnlockWorld;

/* Whether this very token, of this very reading, is present now. */
gboolean cardea_unlock_world_has (const CardeaUnlockWorld *self, CardeaToken *token);

G_END_DECLS
