/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a new PIN has to be.
 *
 * What the token would refuse is not sent to it: some count that as a wrong PIN. Its limits are numbers of
 * bytes; what people type are digits, so they are told characters. */

#include "ui/new-pin-rule.h"

#include <glib/gi18n.h>

char *
cardea_new_pin_rule_text (const CardeaPromptQuestion *question)
{
  guint min = question->pin_min, max = question->pin_max;

  if (min == max)
    return g_strdup_printf (ngettext ("The new PIN has %u character.", "The new PIN has %u characters.", min),
                            min);
  if (max < CARDEA_LIMIT_PIN_BYTES)
    /* Translators: %1$u and %2$u are numbers, the second more than one */
    return g_strdup_printf (_ ("The new PIN has %1$u to %2$u characters."), min, max);
  if (min > 1)
    return g_strdup_printf (
        ngettext ("The new PIN has at least %u character.", "The new PIN has at least %u characters.", min),
        min);
  return NULL;
}

CardeaNewPinFault
cardea_new_pin_rule_check (const CardeaPromptQuestion *question, gsize length, gboolean is_old)
{
  if (length < question->pin_min)
    return CARDEA_NEW_PIN_TOO_SHORT;
  if (length > question->pin_max)
    return CARDEA_NEW_PIN_TOO_LONG;
  return is_old ? CARDEA_NEW_PIN_OLD : CARDEA_NEW_PIN_GOOD;
}

const char *
cardea_new_pin_fault_text (CardeaNewPinFault fault)
{
  switch (fault) {
  case CARDEA_NEW_PIN_TOO_SHORT:
    return _ ("The new PIN is too short.");
  case CARDEA_NEW_PIN_TOO_LONG:
    return _ ("The new PIN is too long.");
  case CARDEA_NEW_PIN_OLD:
    return _ ("The new PIN has to be another one.");
  case CARDEA_NEW_PIN_DIFFERENT:
    return _ ("The new PIN was not typed twice in the same way.");
  case CARDEA_NEW_PIN_GOOD:
  default:
    return NULL;
  }
}
