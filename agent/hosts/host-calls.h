/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host-collector.h"
#include "agent/hosts/host-waiter.h"
#include "agent/hosts/sign-call.h"

G_BEGIN_DECLS

/* The calls one process has not answered yet, and their deadlines. Main loop only. */
typedef struct _CardeaHostCalls CardeaHostCalls;

typedef struct
{
  guint64 id;
  CardeaHostMessageType type; /* of the request; READY stands for the start of the process */
  gint64 sent;                /* monotonic microseconds, as are the next two */
  gint64 quiet;               /* how long the host may say nothing at all */
  gint64 total;               /* how long the call may take, whatever else the host says */

  CardeaHostCollector *collector; /* LIST */
  GPtrArray *listers;             /* LIST: CardeaHostWaiter, each freed by its answer */
  CardeaHostWaiter *waiter;       /* LOGIN, LOGOUT, SET_PIN */
  CardeaSignCall *sign;           /* SIGN */
} CardeaHostCall;

/* Called when a call has passed its deadline; whoever is called ends the process. */
typedef void (*CardeaHostCallsOverdue) (gpointer data);

CardeaHostCalls *cardea_host_calls_new (GMainContext *context, CardeaHostCallsOverdue overdue, gpointer data);
/* Nothing may be pending. */
void cardea_host_calls_free (CardeaHostCalls *self);

/* A new call, owned by the table until it is removed. */
CardeaHostCall *cardea_host_calls_add (CardeaHostCalls *self, guint64 id, CardeaHostMessageType type,
                                       guint quiet_ms, guint total_ms);
guint cardea_host_calls_count (CardeaHostCalls *self);
/* The host said something: it is not stuck. NULL when no such call is pending. */
CardeaHostCall *cardea_host_calls_heard (CardeaHostCalls *self, guint64 id);
/* The call belongs to the caller now. */
CardeaHostCall *cardea_host_calls_take (CardeaHostCalls *self, CardeaHostCall *call);
/* Fails all calls: those past their deadline with @late, others with @error. */
void cardea_host_calls_fail_all (CardeaHostCalls *self, const GError *error, const GError *late);

/* Answers whoever waits with @error and frees the call. */
void cardea_host_call_fail (CardeaHostCall *call, const GError *error);
/* Frees a call whose waiters were answered. */
void cardea_host_call_free (CardeaHostCall *call);

G_END_DECLS
