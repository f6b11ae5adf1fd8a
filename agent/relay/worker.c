/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One I/O thread of the pool.
 *
 * Thousands of streams are idle at any moment. With a GSource for each, every wake-up would walk all of them,
 * twice; so one source holds an epoll set, and a wake-up costs what there is to do. Tasks that could go on
 * without waiting stand in a queue and take turns: a stream that never blocks must not starve the rest. One
 * scratch buffer serves all tasks, since only one runs at a time. */

#include "agent/relay/worker.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

typedef struct
{
  GSource source;
  CardeaRelayWorker *worker; /* borrowed: the source is destroyed before the worker */
} PollerSource;

struct _CardeaRelayWorker
{
  gatomicrefcount references;
  GThread *thread; /* owned by whoever closes; NULL afterwards */
  GMainContext *context;
  GMainLoop *loop;
  GSource *poller;
  int epoll_fd;
  gsize scratch_size;
  guint8 *scratch;
  GQueue tasks; /* of CardeaRelayTask.all */
  GQueue ready; /* of CardeaRelayTask.ready */
  int load;     /* atomic */
  GMutex lock;
  gboolean closed; /* protected by `lock` */
};

static gboolean
poller_prepare (GSource *source, int *timeout)
{
  CardeaRelayWorker *self = ((PollerSource *)source)->worker;
  *timeout = -1;
  return self->ready.length > 0;
}

static void
collect_events (CardeaRelayWorker *self)
{
  struct epoll_event events[EVENTS_AT_ONCE];
  int n = epoll_wait (self->epoll_fd, events, EVENTS_AT_ONCE, 0);
  for (int i = 0; i < n; i++) {
    CardeaRelayWatch *watch = events[i].data.ptr;
    cardea_relay_worker_enqueue (self, watch->task);
    if (events[i].events & (EPOLLHUP | EPOLLERR)) {
      watch->hung_up = TRUE;
      cardea_relay_worker_unwatch (self, watch);
    }
  }
}

/* Each task that is ready now has one turn; what becomes ready meanwhile comes next time. */
static gboolean
poller_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  CardeaRelayWorker *self = ((PollerSource *)source)->worker;
  collect_events (self);
  for (guint turns = self->ready.length; turns > 0 && self->ready.length > 0; turns--) {
    CardeaRelayTask *task = g_queue_pop_head_link (&self->ready)->data;
    task->is_ready = FALSE;
    if (task->klass->run (task, self->scratch, self->scratch_size))
      cardea_relay_worker_enqueue (self, task);
  }
  return G_SOURCE_CONTINUE;
}

/* Without a check function GLib looks at the epoll descriptor itself. */
static GSourceFuncs poller_functions = { .prepare = poller_prepare, .dispatch = poller_dispatch };

static gpointer
run_in_thread (gpointer data)
{
  CardeaRelayWorker *self = data;
  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

CardeaRelayWorker *
cardea_relay_worker_new (gsize scratch_size, GError **error)
{
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (epoll_fd < 0) {
    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (errno), "An I/O thread cannot be set up: %s",
                 g_strerror (errno));
    return NULL;
  }
  CardeaRelayWorker *self = g_new0 (CardeaRelayWorker, 1);
  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->epoll_fd = epoll_fd;
  self->scratch_size = scratch_size;
  self->scratch = g_malloc (scratch_size);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->poller = g_source_new (&poller_functions, sizeof (PollerSource));
  ((PollerSource *)self->poller)->worker = self;
  g_source_set_static_name (self->poller, "relay streams");
  g_source_add_unix_fd (self->poller, epoll_fd, G_IO_IN);
  g_source_attach (self->poller, self->context);
  self->thread = g_thread_new ("relay", run_in_thread, self);
  return self;
}

CardeaRelayWorker *
cardea_relay_worker_ref (CardeaRelayWorker *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
cardea_relay_worker_unref (CardeaRelayWorker *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_assert (!self->thread); /* closed, so nothing runs and nothing is attached */
  close (self->epoll_fd);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self->scratch);
  g_free (self);
}

static gboolean
stop_in_thread (gpointer data)
{
  CardeaRelayWorker *self = data;
  while (self->tasks.length > 0) {
    CardeaRelayTask *task = self->tasks.head->data;
    task->klass->stop (task);
  }
  g_source_destroy (self->poller);
  g_clear_pointer (&self->poller, g_source_unref);
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
attach (CardeaRelayWorker *self, GSourceFunc function, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  /* One priority for all, the poller's: sources of the same priority run in the order they were attached. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, data, destroy);
  g_source_attach (source, self->context);
}

gboolean
cardea_relay_worker_post (CardeaRelayWorker *self, GSourceFunc function, gpointer data,
                          GDestroyNotify destroy)
{
  g_mutex_lock (&self->lock);
  gboolean open = !self->closed;
  if (open)
    attach (self, function, data, destroy);
  g_mutex_unlock (&self->lock);
  return open;
}

void
cardea_relay_worker_close (CardeaRelayWorker *self)
{
  g_mutex_lock (&self->lock);
  /* Last of all that was posted: whoever was accepted is served. */
  if (!self->closed)
    attach (self, stop_in_thread, self, NULL);
  self->closed = TRUE;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
}

int
cardea_relay_worker_get_load (CardeaRelayWorker *self)
{
  return g_atomic_int_get (&self->load);
}

void
cardea_relay_worker_add_load (CardeaRelayWorker *self, int change)
{
  g_atomic_int_add (&self->load, change);
}

GMainContext *
cardea_relay_worker_get_context (CardeaRelayWorker *self)
{
  return self->context;
}

void
cardea_relay_worker_adopt (CardeaRelayWorker *self, CardeaRelayTask *task)
{
  task->all.data = task;
  task->ready.data = task;
  g_queue_push_tail_link (&self->tasks, &task->all);
}

void
cardea_relay_worker_forget (CardeaRelayWorker *self, CardeaRelayTask *task)
{
  g_queue_unlink (&self->tasks, &task->all);
  if (task->is_ready)
    g_queue_unlink (&self->ready, &task->ready);
  task->is_ready = FALSE;
}

void
cardea_relay_worker_enqueue (CardeaRelayWorker *self, CardeaRelayTask *task)
{
  if (task->is_ready)
    return;
  task->is_ready = TRUE;
  g_queue_push_tail_link (&self->ready, &task->ready);
}

gboolean
cardea_relay_worker_watch (CardeaRelayWorker *self, CardeaRelayWatch *watch, guint32 events)
{
  if (watch->hung_up || (watch->watched && watch->events == events))
    return TRUE;
  struct epoll_event event = { .events = events, .data.ptr = watch };
  if (epoll_ctl (self->epoll_fd, watch->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) != 0)
    return FALSE;
  watch->watched = TRUE;
  watch->events = events;
  return TRUE;
}

void
cardea_relay_worker_unwatch (CardeaRelayWorker *self, CardeaRelayWatch *watch)
{
  if (watch->watched)
    epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->watched = FALSE;
}
