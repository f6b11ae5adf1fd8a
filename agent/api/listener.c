/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The socket.
 *
 * Whoever can write to the folder can put a socket of its own in the place of ours and hear what programs ask
 * for. So the folder must be ours and nobody else's, and no link; otherwise we do not start. Two agents must
 * not serve one path: the lock is held as long as the socket is, so a second start sees it whatever the
 * socket looks like, and a socket without a lock is asked whether anybody answers before it is replaced. */
#include "agent/api/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "socket-api/wire/error.h"

#define BACKLOG 128
#define ACCEPT_AT_ONCE 16
#define BREATH_MS 100 /* before the next try when there are no descriptors left */

struct _CardeaListener
{
  int fd;      /* owned */
  int lock_fd; /* owned; -1 when systemd made the socket */
  char *path;  /* NULL when systemd made the socket */
  ino_t inode; /* of the socket we made */
  CardeaIncoming incoming;
  gpointer user_data;
  guint source_id; /* the socket's, or the pause's */
};

static gboolean
fail (GError **error, const char *path, const char *what, const char *remedy)
{
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: %s; %s", path, what, remedy);
  return FALSE;
}

static gboolean
check_folder (const char *folder, GError **error)
{
  struct stat info;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return fail (error, folder, g_strerror (errno), "make this folder, or name another socket with --socket");
  if (lstat (folder, &info) != 0)
    return fail (error, folder, g_strerror (errno), "make this folder, or name another socket with --socket");
  if (S_ISLNK (info.st_mode))
    return fail (error, folder, "this is a link", "remove it, and the agent makes a folder of its own");
  if (!S_ISDIR (info.st_mode))
    return fail (error, folder, "this is not a folder", "remove it, and the agent makes a folder of its own");
  if (info.st_uid != geteuid ())
    return fail (error, folder, "this folder belongs to another user",
                 "remove it, or name another socket with --socket");
  if (info.st_mode & (S_IRWXG | S_IRWXO))
    return fail (error, folder, "other users may enter this folder",
                 "run: chmod 0700 on it, and start again");

  return TRUE;
}

static gboolean
fail_running (GError **error, const char *path)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
               "An agent is already running and serves %s; use it, or stop it first (systemctl --user stop "
               "cardea-agent.socket cardea-agent.service)",
               path);
  return FALSE;
}

static gboolean
take_lock (CardeaListener *self, GError **error)
{
  g_autofree char *path = g_strconcat (self->path, ".lock", NULL);

  self->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (self->lock_fd < 0)
    return fail (error, path, g_strerror (errno), "remove it and start again");

  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno == EWOULDBLOCK)
    return fail_running (error, self->path);

  return fail (error, path, g_strerror (errno), "remove it and start again");
}

/* Removes what nobody serves. */
static gboolean
clear_path (CardeaListener *self, const struct sockaddr_un *address, GError **error)
{
  struct stat info;
  int probe, result, problem;

  if (lstat (self->path, &info) != 0)
    return errno == ENOENT || fail (error, self->path, g_strerror (errno), "remove it and start again");
  if (!S_ISSOCK (info.st_mode))
    return fail (error, self->path, "this is not a socket", "move it away and start again");

  probe = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0)
    return fail (error, self->path, g_strerror (errno), "raise the limit on open files (ulimit -n)");
  result = connect (probe, (const struct sockaddr *)address, sizeof *address);
  problem = errno;
  close (probe);

  /* A full queue (EAGAIN) has somebody behind it as well. */
  if (result == 0 || problem != ECONNREFUSED)
    return fail_running (error, self->path);
  if (unlink (self->path) != 0 && errno != ENOENT)
    return fail (error, self->path, g_strerror (errno), "remove it and start again");

  return TRUE;
}

static gboolean
bind_socket (CardeaListener *self, const struct sockaddr_un *address, GError **error)
{
  struct stat info;

  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* The file gets the socket's own mode (unix(7)): it is never there with another. */
  if (self->fd < 0 || fchmod (self->fd, 0600) != 0 ||
      bind (self->fd, (const struct sockaddr *)address, sizeof *address) != 0)
    return fail (error, self->path, g_strerror (errno), "name another socket with --socket");
  if (lstat (self->path, &info) == 0)
    self->inode = info.st_ino;
  if (listen (self->fd, BACKLOG) != 0)
    return fail (error, self->path, g_strerror (errno), "name another socket with --socket");

  return TRUE;
}

static gboolean on_incoming (int fd, GIOCondition condition, gpointer user_data);

static void
start (CardeaListener *self)
{
  self->source_id = g_unix_fd_add (self->fd, G_IO_IN, on_incoming, self);
}

static gboolean
on_breath (gpointer user_data)
{
  start (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_incoming (int fd, GIOCondition condition, gpointer user_data)
{
  CardeaListener *self = user_data;

  for (guint i = 0; i < ACCEPT_AT_ONCE; i++) {
    int connection = accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (connection >= 0) {
      self->incoming (connection, self->user_data);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      /* The socket stays readable: without a pause this would spin until others close. */
      g_warning ("No connection can be taken now: %s", g_strerror (errno));
      self->source_id = g_timeout_add (BREATH_MS, on_breath, self);
      return G_SOURCE_REMOVE;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      break;
    }
  }

  return G_SOURCE_CONTINUE;
}

static CardeaListener *
allocate (CardeaIncoming incoming, gpointer user_data)
{
  CardeaListener *self = g_new0 (CardeaListener, 1);

  self->fd = -1;
  self->lock_fd = -1;
  self->incoming = incoming;
  self->user_data = user_data;
  return self;
}

CardeaListener *
cardea_listener_new (const char *path, CardeaIncoming incoming, gpointer user_data, GError **error)
{
  g_autoptr (CardeaListener) self = allocate (incoming, user_data);
  g_autofree char *folder = g_path_get_dirname (path);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  self->path = g_strdup (path);
  if (!g_path_is_absolute (path)) {
    fail (error, path, "this is not an absolute path", "begin it with a slash");
    return NULL;
  }
  if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
    fail (error, path, "this path is too long for a socket (107 bytes at most)",
          "name a shorter one with --socket");
    return NULL;
  }
  if (!check_folder (folder, error) || !take_lock (self, error) || !clear_path (self, &address, error) ||
      !bind_socket (self, &address, error))
    return NULL;

  start (self);
  return g_steal_pointer (&self);
}

CardeaListener *
cardea_listener_new_for_fd (int fd, CardeaIncoming incoming, gpointer user_data, GError **error)
{
  g_autoptr (CardeaListener) self = allocate (incoming, user_data);

  self->fd = fd;
  if (sd_is_socket_unix (fd, SOCK_STREAM, 1, NULL, 0) <= 0) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "The descriptor that was passed is not a listening Unix stream socket; "
                      "correct ListenStream= of the socket unit");
    return NULL;
  }
  if (!g_unix_set_fd_nonblocking (fd, TRUE, error))
    return NULL;

  start (self);
  return g_steal_pointer (&self);
}

/* Only what we made and nobody replaced. */
static void
remove_socket (CardeaListener *self)
{
  struct stat info;

  if (self->path && self->inode != 0 && lstat (self->path, &info) == 0 && info.st_ino == self->inode)
    unlink (self->path);
}

void
cardea_listener_free (CardeaListener *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  remove_socket (self);
  if (self->fd >= 0)
    close (self->fd);
  /* The lock's file stays: removing it would let two hold a lock on two files of one name. */
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->path);
  g_free (self);
}
