/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The main loop's half of the watch: it takes what the thread saw, last state first, and tells the thread
 * when a service that is not there may have come: its socket appears, which the kernel tells for nothing. */

#include "agent/tokens/pcsc-watch.h"

#include <unistd.h>

#include "agent/tokens/folder-watch.h"
#include "agent/tokens/pcsc-loop.h"
#include "socket-api/limits.h"
#include "agent/base/source.h"

/* What both halves have: the thread may outlive the watch, if the service's library hangs. */
typedef struct
{
  gint ref_count;
  GMutex lock;
  GMainContext *context;
  CardeaReaders *latest;  /* protected by lock; NULL: taken */
  CardeaPcscWatch *watch; /* main loop's; NULL once it is freed */
} Post;

struct _CardeaPcscWatch
{
  Post *post;
  CardeaPcscLoop *loop;
  CardeaFolderWatch *folder; /* of the socket, or NULL */
  CardeaReaders *readers;
  GSource *silence; /* until the service answered for the first time */
  GSourceOnceFunc changed;
  gpointer data;
};

static Post *
post_ref (Post *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

static void
post_unref (gpointer data)
{
  Post *self = data;

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_clear_pointer (&self->latest, cardea_readers_unref);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
set_readers (CardeaPcscWatch *self, CardeaReaders *readers)
{
  g_autoptr (CardeaReaders) before = self->readers;

  self->readers = readers;
  if (before->service != readers->service)
    g_message ("Card readers: the service is %s", cardea_reader_service_to_string (readers->service));
  if (!cardea_readers_equal (before, readers))
    self->changed (self->data);
}

/* A socket may have appeared between the thread's look at it and its word that there is none; the kernel's
 * told us while the service was ready, as far as we knew. */
static void
look_if_there (CardeaPcscWatch *self)
{
  if (self->readers->service == CARDEA_READER_SERVICE_ABSENT && access (cardea_pcsc_get_socket (), F_OK) == 0)
    cardea_pcsc_loop_look (self->loop);
}

static gboolean
on_posted (gpointer data)
{
  Post *self = data;
  CardeaReaders *latest;

  g_mutex_lock (&self->lock);
  latest = g_steal_pointer (&self->latest);
  g_mutex_unlock (&self->lock);
  if (latest == NULL || self->watch == NULL) {
    g_clear_pointer (&latest, cardea_readers_unref);
    return G_SOURCE_REMOVE;
  }
  cardea_source_clear (&self->watch->silence);
  set_readers (self->watch, latest);
  look_if_there (self->watch);
  return G_SOURCE_REMOVE;
}

/* In the thread. One source for all that comes before the loop gets to it. */
static void
post (CardeaReaders *readers, gpointer data)
{
  Post *self = data;
  gboolean pending;

  g_mutex_lock (&self->lock);
  pending = self->latest != NULL;
  g_clear_pointer (&self->latest, cardea_readers_unref);
  self->latest = readers;
  g_mutex_unlock (&self->lock);
  if (pending)
    return;

  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_posted, post_ref (self), post_unref);
  g_source_attach (source, self->context);
}

static gboolean
on_silence (gpointer data)
{
  CardeaPcscWatch *self = data;

  cardea_source_clear (&self->silence);
  set_readers (self, cardea_readers_new (CARDEA_READER_SERVICE_SILENT, NULL));
  return G_SOURCE_REMOVE;
}

static void
on_folder_changed (gpointer data)
{
  CardeaPcscWatch *self = data;

  if (self->readers->service != CARDEA_READER_SERVICE_READY)
    cardea_pcsc_loop_look (self->loop);
}

CardeaPcscWatch *
cardea_pcsc_watch_new (GSourceOnceFunc changed, gpointer data)
{
  CardeaPcscWatch *self = g_new0 (CardeaPcscWatch, 1);
  g_autofree char *folder = g_path_get_dirname (cardea_pcsc_get_socket ());

  self->changed = changed;
  self->data = data;
  self->readers = cardea_readers_new (CARDEA_READER_SERVICE_STARTING, NULL);
  self->post = g_new0 (Post, 1);
  self->post->ref_count = 1;
  self->post->watch = self;
  self->post->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->post->lock);
  /* Before the first try, so that no socket appears unseen. */
  if (g_path_is_absolute (folder))
    self->folder = cardea_folder_watch_new (folder, 0, on_folder_changed, self);
  self->silence = g_timeout_source_new (CARDEA_LIMIT_READER_SERVICE_MS);
  g_source_set_callback (self->silence, on_silence, self, NULL);
  g_source_attach (self->silence, self->post->context);
  self->loop = cardea_pcsc_loop_new (post, post_ref (self->post), post_unref);
  return self;
}

void
cardea_pcsc_watch_free (CardeaPcscWatch *self)
{
  self->post->watch = NULL;
  g_clear_pointer (&self->folder, cardea_folder_watch_free);
  cardea_source_clear (&self->silence);
  if (!cardea_pcsc_loop_end (self->loop))
    g_message ("Card readers: the service hangs; it is not waited for");
  cardea_readers_unref (self->readers);
  post_unref (self->post);
  g_free (self);
}

CardeaReaders *
cardea_pcsc_watch_get_readers (CardeaPcscWatch *self)
{
  return self->readers;
}

void
cardea_pcsc_watch_look (CardeaPcscWatch *self)
{
  cardea_pcsc_loop_look (self->loop);
}
