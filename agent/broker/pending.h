/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/broker/request.h"
#include "agent/broker/step.h"
#include "agent/caller/caller.h"

G_BEGIN_DECLS

/* One call, until it has its session or an error. Main loop only. */
typedef struct
{
  CardeaCaller *caller;
  CardeaRequest *request;
  CardeaStepFunc step; /* or NULL */
  gpointer step_data;
  gint64 deadline; /* monotonic; 0: none */

  GCancellable *cancellable; /* ours: the caller's leads to it, and so does the agent's stopping */
  GCancellable *callers;     /* or NULL */
  gulong gone_id;
  guint timer; /* while the tokens are waited for; then the connection has its own */
  gboolean timed_out;
} CardeaPending;

/* The request is copied. */
CardeaPending *cardea_pending_new (CardeaCaller *caller, const CardeaRequest *request, CardeaStepFunc step,
                                   gpointer step_data, GCancellable *cancellable);
void cardea_pending_free (CardeaPending *self);

/* The time that the program allowed runs from now on, whatever is waited for; until stop_waiting() its end
 * cancels the call. */
void cardea_pending_start_waiting (CardeaPending *self);
void cardea_pending_stop_waiting (CardeaPending *self);
/* Why the wait for the tokens came to nothing. */
GError *cardea_pending_make_error (const CardeaPending *self);

G_END_DECLS
