/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Threads for what may block: NSS signs inside the call that goes on with a handshake, and a signature lasts
 * as long as a person needs to touch a key.
 *
 * There may be as many threads as handshakes, so that slow signatures delay nobody else; GLib keeps a few
 * idle ones. The pool is the process's: it has no state but its threads. */

#include "agent/tls/worker.h"

#include "socket-api/limits.h"

typedef struct
{
  GMainContext *context;
  CardeaWork work;
  gpointer work_data;
  CardeaWork done;
  gpointer done_data;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_main_context_unref (job->context);
  g_free (job);
}

static gboolean
on_work_done (gpointer data)
{
  Job *job = data;

  job->done (job->done_data);
  return G_SOURCE_REMOVE;
}

static void
work_in_thread (gpointer data, gpointer user_data)
{
  Job *job = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  job->work (job->work_data);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_work_done, job, job_free);
  g_source_attach (source, job->context);
}

static gpointer
create_pool (gpointer data)
{
  return g_thread_pool_new (work_in_thread, NULL, CARDEA_LIMIT_PENDING, FALSE, NULL);
}

void
cardea_worker_run (GMainContext *context, CardeaWork work, gpointer work_data, CardeaWork done,
                   gpointer done_data)
{
  static GOnce once = G_ONCE_INIT;
  GThreadPool *pool = g_once (&once, create_pool, NULL);
  Job *job = g_new (Job, 1);

  *job = (Job){ g_main_context_ref (context), work, work_data, done, done_data };
  /* Where no further thread can be had the job waits for one of those there are. */
  g_thread_pool_push (pool, job, NULL);
}
