/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/pin/unlock-world.h"

#include "agent/pin/source-choice.h"

gboolean
cardea_unlock_world_has (const CardeaUnlockWorld *self, CardeaToken *token)
{
  g_autoptr (GPtrArray) tokens = self->login->get_tokens (self->login_data);

  return cardea_pin_is_present (tokens, token);
}
