/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One folder, watched by the kernel.
 *
 * GFileMonitor looks every four seconds for what does not exist yet, and a folder that is to come is just
 * what we wait for: the card service's, a database that somebody will create. Here the nearest folder above
 * that is there is watched instead, until the next one down appears. After each event all watches are made
 * anew, since what a path means may have changed on any level of it. */

#include "agent/tokens/folder-watch.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "agent/base/source.h"

#define MAX_INNER 64 /* folders in it that are watched */
#define CONTENT                                                                                              \
  (IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
/* Of a folder on the way only that the next one appears. */
#define WAY (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct _CardeaFolderWatch
{
  char *folder;
  guint depth;
  GSourceOnceFunc changed;
  gpointer data;

  int fd;
  GSource *source;
  char *next; /* while the folder is not there: what must appear for a watch further down */
};

static void
watch_inner (CardeaFolderWatch *self)
{
  g_autoptr (GDir) directory = g_dir_open (self->folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (directory != NULL && n < MAX_INNER && (name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);

    n += inotify_add_watch (self->fd, path, CONTENT) >= 0;
  }
}

/* The nearest folder above that is there. It may appear while it is looked for: then from the start. */
static void
watch_way (CardeaFolderWatch *self)
{
  g_autofree char *path = g_strdup (self->folder);

  while (path[1] != '\0') {
    char *above = g_path_get_dirname (path);
    gboolean watched = inotify_add_watch (self->fd, above, WAY) >= 0;

    g_free (self->next);
    self->next = path;
    path = above;
    if (watched)
      return;
  }
}

static void
watch (CardeaFolderWatch *self)
{
  g_clear_pointer (&self->next, g_free);
  if (inotify_add_watch (self->fd, self->folder, CONTENT) < 0) {
    watch_way (self);
    if (inotify_add_watch (self->fd, self->folder, CONTENT) < 0)
      return;
    g_clear_pointer (&self->next, g_free);
  }
  if (self->depth > 0)
    watch_inner (self);
}

static void close_watches (CardeaFolderWatch *self);
static gboolean open_watches (CardeaFolderWatch *self);

static void
drain (CardeaFolderWatch *self)
{
  char buffer[4096];

  while (read (self->fd, buffer, sizeof buffer) > 0)
    continue;
}

/* On the way most events are about others: they matter only when the next folder is there. */
static gboolean
on_events (int fd, GIOCondition condition, gpointer data)
{
  CardeaFolderWatch *self = data;

  drain (self);
  if (self->next != NULL && access (self->next, F_OK) != 0 && errno == ENOENT) {
    g_autofree char *above = g_path_get_dirname (self->next);

    if (access (above, F_OK) == 0)
      return G_SOURCE_CONTINUE;
  }
  close_watches (self);
  if (!open_watches (self))
    g_warning ("%s is not watched any more: %s", self->folder, g_strerror (errno));
  self->changed (self->data);
  return G_SOURCE_REMOVE;
}

static void
close_watches (CardeaFolderWatch *self)
{
  cardea_source_clear (&self->source);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static gboolean
open_watches (CardeaFolderWatch *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->fd < 0)
    return FALSE;
  watch (self);
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_events), self, NULL);
  g_source_attach (self->source, context);
  return TRUE;
}

CardeaFolderWatch *
cardea_folder_watch_new (const char *folder, guint depth, GSourceOnceFunc changed, gpointer data)
{
  CardeaFolderWatch *self = g_new0 (CardeaFolderWatch, 1);

  g_return_val_if_fail (g_path_is_absolute (folder), NULL);

  self->folder = g_canonicalize_filename (folder, NULL);
  self->depth = depth;
  self->changed = changed;
  self->data = data;
  self->fd = -1;
  if (open_watches (self))
    return self;
  cardea_folder_watch_free (self);
  return NULL;
}

void
cardea_folder_watch_free (CardeaFolderWatch *self)
{
  close_watches (self);
  g_free (self->folder);
  g_free (self->next);
  g_free (self);
}
