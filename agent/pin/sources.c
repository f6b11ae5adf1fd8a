/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where PINs come from without a person: a file, a credential of systemd, an inherited descriptor.
 *
 * Everything is judged by the descriptor that is then read, never by the path, which may mean another file a
 * moment later. An inherited descriptor cannot be read twice, so its PIN stays in memory, as a secret, until
 * it is refused. */

#include "agent/pin/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket-api/limits.h"

#define DESCRIPTOR_WAIT_MS 10000

struct _CardeaPinSource
{
  gint ref_count;
  char *name, *token;
  char *file, *credential;
  char *credentials_directory;
  int descriptor;

  GMutex lock;          /* protects what follows */
  gboolean spent;       /* the descriptor was read, or must never be */
  CardeaSecret *secret; /* what the descriptor held */
  CardeaPinIdentity identity;
};

/* Our own descriptors are closed on exec from birth, so one that is not was inherited; from now on it is ours
 * alone. A number in the configuration that means something else in this process is never read. */
static gboolean
take_inherited (int fd)
{
  struct stat status;
  int flags = fcntl (fd, F_GETFD);

  return flags >= 0 && (flags & FD_CLOEXEC) == 0 && fstat (fd, &status) == 0 &&
         (S_ISFIFO (status.st_mode) || S_ISREG (status.st_mode)) && fcntl (fd, F_SETFD, FD_CLOEXEC) == 0;
}

CardeaPinSource *
cardea_pin_source_new (const CardeaPinSourceConfig *config)
{
  CardeaPinSource *self = g_new0 (CardeaPinSource, 1);

  self->ref_count = 1;
  self->name = g_strdup (config->name);
  self->token = g_strdup (config->token);
  self->file = g_strdup (config->file);
  self->credential = g_strdup (config->credential);
  self->credentials_directory = g_strdup (g_getenv ("CREDENTIALS_DIRECTORY"));
  self->descriptor = config->descriptor;
  g_mutex_init (&self->lock);
  self->spent = self->descriptor >= 0 && !take_inherited (self->descriptor);
  return self;
}

CardeaPinSource *
cardea_pin_source_ref (CardeaPinSource *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_pin_source_unref (CardeaPinSource *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_clear_pointer (&self->secret, cardea_secret_unref);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  g_free (self->token);
  g_free (self->file);
  g_free (self->credential);
  g_free (self->credentials_directory);
  g_free (self);
}

const char *
cardea_pin_source_get_name (const CardeaPinSource *self)
{
  return self->name;
}

const char *
cardea_pin_source_get_token (const CardeaPinSource *self)
{
  return self->token;
}

gboolean
cardea_pin_source_is (const CardeaPinSource *self, const CardeaPinSourceConfig *config)
{
  return g_str_equal (self->name, config->name) && g_str_equal (self->token, config->token) &&
         g_strcmp0 (self->file, config->file) == 0 && g_strcmp0 (self->credential, config->credential) == 0 &&
         self->descriptor == config->descriptor;
}

static void
identify (const struct stat *status, CardeaPinIdentity *identity)
{
  identity->inode = status->st_ino;
  identity->mtime_ns = (gint64)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
  identity->size = status->st_size;
}

/* A link is not followed, and nothing that could block or act on being opened is waited for. */
static int
open_path (const char *path, struct stat *status, GError **error)
{
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), code = errno;

  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s cannot be opened: %s.", path,
                 code == ELOOP ? "it is a symbolic link" : g_strerror (code));
    return -1;
  }
  if (fstat (fd, status) == 0 && S_ISREG (status->st_mode))
    return fd;
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is not a regular file.", path);
  return -1;
}

static gboolean
open_file (CardeaPinSource *self, CardeaPinOpened *opened, GError **error)
{
  struct stat status;
  int fd = open_path (self->file, &status, error);

  if (fd < 0)
    return FALSE;
  if (status.st_uid == geteuid () && (status.st_mode & 07177) == 0) {
    identify (&status, &opened->identity);
    opened->fd = fd;
    return TRUE;
  }
  close (fd);
  if (status.st_uid != geteuid ())
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 "%s belongs to another user; make it belong to the one that the agent runs as.", self->file);
  else
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "%s has mode %04o, so that others may read it; run \"chmod 0600\" on it, and consider the PIN known.",
        self->file, status.st_mode & 07777);
  return FALSE;
}

/* systemd owns the folder and its files, in ways that differ by file system: mode 0400 of ours, or root's
 * with an access list. Nobody else's, and nothing for all, holds in each. */
static gboolean
open_credential (CardeaPinSource *self, CardeaPinOpened *opened, GError **error)
{
  g_autofree char *path = NULL;
  struct stat status;
  int fd;

  if (self->credentials_directory == NULL || self->credentials_directory[0] != '/') {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "The agent was started without credentials; its unit needs LoadCredentialEncrypted=%s:FILE.",
                 self->credential);
    return FALSE;
  }
  path = g_build_filename (self->credentials_directory, self->credential, NULL);
  fd = open_path (path, &status, error);
  if (fd < 0)
    return FALSE;
  if ((status.st_uid == geteuid () || status.st_uid == 0) && (status.st_mode & 0027) == 0) {
    identify (&status, &opened->identity);
    opened->fd = fd;
    return TRUE;
  }
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "%s is not for the agent alone.", path);
  return FALSE;
}

static gboolean
open_descriptor (CardeaPinSource *self, CardeaPinOpened *opened, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  struct stat status;

  opened->fd = -1;
  opened->identity = self->identity;
  if (self->secret != NULL)
    return TRUE;
  if (self->spent || fstat (self->descriptor, &status) < 0) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_CLOSED,
        "Descriptor %d was used up, or is no pipe or file that the agent was started with; start the agent "
        "again with the right PIN in it.",
        self->descriptor);
    return FALSE;
  }
  identify (&status, &opened->identity);
  return TRUE;
}

gboolean
cardea_pin_source_open (CardeaPinSource *self, CardeaPinOpened *opened, GError **error)
{
  if (self->file != NULL)
    return open_file (self, opened, error);
  if (self->credential != NULL)
    return open_credential (self, opened, error);
  return open_descriptor (self, opened, error);
}

/* Once. The descriptor is closed, so that no child and no later reader gets at it. */
static CardeaSecret *
read_descriptor (CardeaPinSource *self, const CardeaPinOpened *opened, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->secret == NULL && self->spent) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Descriptor %d was used up.", self->descriptor);
    return NULL;
  }
  if (self->secret == NULL) {
    self->spent = TRUE;
    self->identity = opened->identity;
    self->secret =
        cardea_secret_new_from_fd (self->descriptor, CARDEA_LIMIT_PIN_BYTES, TRUE, DESCRIPTOR_WAIT_MS, error);
    close (self->descriptor);
  }
  return self->secret != NULL ? cardea_secret_ref (self->secret) : NULL;
}

CardeaSecret *
cardea_pin_source_read (CardeaPinSource *self, CardeaPinOpened *opened, GError **error)
{
  CardeaSecret *secret;

  if (opened->fd < 0)
    return read_descriptor (self, opened, error);
  secret = cardea_secret_new_from_fd (opened->fd, CARDEA_LIMIT_PIN_BYTES, TRUE, 0, error);
  close (opened->fd);
  opened->fd = -1;
  return secret;
}

void
cardea_pin_source_refuse (CardeaPinSource *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->spent = TRUE;
  g_clear_pointer (&self->secret, cardea_secret_unref);
}
