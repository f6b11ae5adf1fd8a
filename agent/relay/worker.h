/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One I/O thread: a main context, and an epoll set within it that says which tasks can move. Whatever is not
 * marked otherwise is called on the worker's own thread. */
typedef struct _CardeaRelayWorker CardeaRelayWorker;
typedef struct _CardeaRelayTask CardeaRelayTask;

typedef struct
{
  /* Does a bounded amount of work. TRUE when there is more that needs no waiting: it runs again after the
   * others had their turn. The task may be gone when this returns FALSE. */
  gboolean (*run) (CardeaRelayTask *task, guint8 *scratch, gsize scratch_size);
  /* The thread is about to end: the task forgets itself. */
  void (*stop) (CardeaRelayTask *task);
} CardeaRelayTaskClass;

/* Embedded in what is to be run. */
struct _CardeaRelayTask
{
  const CardeaRelayTaskClass *klass;
  GList all;   /* in the worker's list of tasks */
  GList ready; /* in its queue of those to run */
  gboolean is_ready;
};

/* One descriptor of a task. */
typedef struct
{
  CardeaRelayTask *task;
  int fd;         /* borrowed */
  guint32 events; /* what epoll was asked for; meaningless unless watched */
  gboolean watched;
  /* The peer is gone for good: nothing on this descriptor will have to be waited for again, so it is no
   * longer watched (epoll would report it without end). */
  gboolean hung_up;
} CardeaRelayWatch;

/* Any thread. @scratch_size: bytes of the buffer all its tasks share. */
CardeaRelayWorker *cardea_relay_worker_new (gsize scratch_size, GError **error);
CardeaRelayWorker *cardea_relay_worker_ref (CardeaRelayWorker *self);
void cardea_relay_worker_unref (CardeaRelayWorker *self);
/* Any other thread: stops all tasks, joins the thread. What is posted later is refused. */
void cardea_relay_worker_close (CardeaRelayWorker *self);
/* Any thread: runs @function on the worker. FALSE when the worker is closed: @data was not taken. */
gboolean cardea_relay_worker_post (CardeaRelayWorker *self, GSourceFunc function, gpointer data,
                                   GDestroyNotify destroy);
/* Any thread: how many tasks it was given and did not give back; the caller counts. */
int cardea_relay_worker_get_load (CardeaRelayWorker *self);
void cardea_relay_worker_add_load (CardeaRelayWorker *self, int change);

GMainContext *cardea_relay_worker_get_context (CardeaRelayWorker *self);
void cardea_relay_worker_adopt (CardeaRelayWorker *self, CardeaRelayTask *task);
void cardea_relay_worker_forget (CardeaRelayWorker *self, CardeaRelayTask *task);
void cardea_relay_worker_enqueue (CardeaRelayWorker *self, CardeaRelayTask *task);
/* Asks for EPOLLIN and EPOLLOUT; a hang-up is reported whatever is asked for. FALSE with errno set on
 * failure. */
gboolean cardea_relay_worker_watch (CardeaRelayWorker *self, CardeaRelayWatch *watch, guint32 events);
void cardea_relay_worker_unwatch (CardeaRelayWorker *self, CardeaRelayWatch *watch);

G_END_DECLS
