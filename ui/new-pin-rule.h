/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* What a new PIN has to be, and what is wrong with one, in the person's language. */

typedef enum
{
  CARDEA_NEW_PIN_GOOD,
  CARDEA_NEW_PIN_TOO_SHORT,
  CARDEA_NEW_PIN_TOO_LONG,
  CARDEA_NEW_PIN_OLD,       /* it is the old one */
  CARDEA_NEW_PIN_DIFFERENT, /* the second time it was another one */
} CardeaNewPinFault;

/* NULL: nothing a person needs to know. */
char *cardea_new_pin_rule_text (const CardeaPromptQuestion *question);
/* The first fault of a new PIN of @length bytes. @is_old: equal to what was typed before it. */
CardeaNewPinFault cardea_new_pin_rule_check (const CardeaPromptQuestion *question, gsize length,
                                             gboolean is_old);
/* NULL for a good one. */
const char *cardea_new_pin_fault_text (CardeaNewPinFault fault);

G_END_DECLS
