/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far a connection has come, in the words of `Open`. */
typedef enum
{
  CARDEA_STEP_CONNECTING,
  CARDEA_STEP_VERIFYING,
  CARDEA_STEP_CHOOSING,
  CARDEA_STEP_PIN,
  CARDEA_STEP_SIGNING,
  CARDEA_STEP_READY,
  CARDEA_STEP_FAILED,
} CardeaStep;

const char *cardea_step_to_string (CardeaStep step);

/* Whether a connection may go from one step to the other. Any step may fail; READY and FAILED are final. */
gboolean cardea_step_may_follow (CardeaStep from, CardeaStep to);

typedef void (*CardeaStepFunc) (CardeaStep step, gpointer user_data);

G_END_DECLS
