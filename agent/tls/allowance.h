/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An amount of time that is used up only while it runs. */
typedef struct
{
  gint64 left_us;
  gint64 started; /* monotonic; 0: not running */
  GSource *source;
} CardeaAllowance;

/* @over is called in @context once nothing is left; without effect while it runs already. */
void cardea_allowance_run (CardeaAllowance *self, GMainContext *context, GSourceFunc over, gpointer data);
void cardea_allowance_stop (CardeaAllowance *self);

G_END_DECLS
