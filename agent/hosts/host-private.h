/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host-backoff.h"
#include "agent/hosts/host-calls.h"
#include "agent/hosts/host-channel.h"
#include "agent/hosts/host-deadlines.h"
#include "agent/hosts/host-process.h"
#include "agent/hosts/host.h"

/* What the two halves of a host share: its life (host.c), and what it is asked for (host-requests.c). */

struct _CardeaHost
{
  GObject parent_instance;

  CardeaHostSpec *spec;
  char *program;
  char **environment;
  GMainContext *context;
  CardeaHostDeadlines deadlines;

  CardeaProcess *process;     /* NULL: none runs */
  CardeaHostChannel *channel; /* as long as the process */
  gboolean ready;             /* the module is loaded and initialised */
  guint64 generation;
  guint64 next_id;
  CardeaHostCalls *calls;
  CardeaHostCall *listing; /* the one LIST under way; the table's */
  GPtrArray *listers;      /* CardeaHostWaiter: for the next listing */

  CardeaHostBackoff backoff;
  GSource *retry;   /* when the back-off is over */
  GSource *changed; /* the signal, soon */
  CardeaReason *problem;
  GPtrArray *old_problems; /* borrowed by somebody until "changed" */
};
