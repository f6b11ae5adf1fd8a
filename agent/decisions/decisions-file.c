/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file of decisions, against everything a disk and a folder can do.
 *
 * It says which keys may be used without asking, so it is read only where nobody but the user can have
 * written it: folder and file are the user's own and closed to others, and neither is a link. It is written
 * beside itself and renamed, each step on the disk before the next, so that at any moment the one name leads
 * to a whole file: the old one or the new one.
 *
 * A file that somebody else put there meanwhile (a newer agent, a backup that was restored) holds decisions
 * that are not known here. It is told by its inode, size and time, and is not replaced. */

#include "agent/decisions/decisions-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/private-folder.h"
#include "socket-api/limits.h"

#define WHAT "Decisions" /* in messages */
#define NAME "decisions.json"
#define NEW_NAME "decisions.json.new"
#define ASIDE_NAME "decisions.json.bad-"

/* One version of the file; all zero for none. */
typedef struct
{
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} Version;

struct _CardeaDecisionsFile
{
  gatomicrefcount ref_count;
  char *folder;
  GMutex lock;
  Version known;  /* protected by `lock`: what was read or written last */
  guint64 serial; /* protected by `lock`: of what was written last */
};

CardeaDecisionsFile *
cardea_decisions_file_new (const char *folder)
{
  CardeaDecisionsFile *self = g_new0 (CardeaDecisionsFile, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->folder = g_strdup (folder);
  g_mutex_init (&self->lock);
  return self;
}

CardeaDecisionsFile *
cardea_decisions_file_ref (CardeaDecisionsFile *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
cardea_decisions_file_unref (CardeaDecisionsFile *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_free (self->folder);
  g_free (self);
}

static gboolean
fail_bad (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The file cannot be trusted: %s.", what);
  return FALSE;
}

static Version
make_version (const struct stat *status)
{
  return (Version){ status->st_dev, status->st_ino, status->st_size, status->st_mtim };
}

static gboolean
is_same_version (const Version *a, const Version *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static gboolean
check_status (const struct stat *status, GError **error)
{
  if (!S_ISREG (status->st_mode))
    return fail_bad (error, "it is no ordinary file");
  if (status->st_uid != geteuid ())
    return fail_bad (error, "it belongs to another user");
  if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail_bad (error, "others may write it");
  if (status->st_size > CARDEA_LIMIT_DECISIONS_BYTES)
    return fail_bad (error, "it is too long");
  return TRUE;
}

/* One byte more than may be there, so that a file that grows meanwhile is noticed. */
static GBytes *
read_whole (int fd, const char *path, GError **error)
{
  g_autofree char *data = g_malloc (CARDEA_LIMIT_DECISIONS_BYTES + 1);
  gsize length = 0;
  gssize n;

  do {
    n = TEMP_FAILURE_RETRY (read (fd, data + length, CARDEA_LIMIT_DECISIONS_BYTES + 1 - length));
    if (n < 0) {
      cardea_private_folder_fail (error, "Decisions cannot be read from", path);
      return NULL;
    }
    length += (gsize)n;
  } while (n > 0 && length <= CARDEA_LIMIT_DECISIONS_BYTES);
  if (length > CARDEA_LIMIT_DECISIONS_BYTES) {
    fail_bad (error, "it is too long");
    return NULL;
  }
  return g_bytes_new (data, length);
}

static gboolean
fail_open (GError **error, const char *path)
{
  if (errno == ELOOP)
    return fail_bad (error, "it is a symbolic link");
  if (errno == EACCES)
    return fail_bad (error, "it belongs to another user, or may not be read");
  if (errno == ENXIO)
    return fail_bad (error, "it is no ordinary file");
  return cardea_private_folder_fail (error, "Decisions cannot be read from", path);
}

static GBytes *
read_in_folder (CardeaDecisionsFile *self, int folder_fd, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, NAME, NULL);
  int fd = openat (folder_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  GBytes *text = NULL;
  struct stat status;

  if (fd < 0) {
    if (errno != ENOENT)
      fail_open (error, path);
    return NULL;
  }
  if (fstat (fd, &status) < 0) {
    cardea_private_folder_fail (error, "Decisions cannot be read from", path);
  } else if (check_status (&status, error)) {
    text = read_whole (fd, path, error);
    self->known = make_version (&status);
  }
  close (fd);
  return text;
}

GBytes *
cardea_decisions_file_read (CardeaDecisionsFile *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GBytes *text;
  int fd;

  self->known = (Version){ 0 };
  if (access (self->folder, F_OK) < 0 && errno == ENOENT)
    return NULL;
  fd = cardea_private_folder_open (self->folder, WHAT, error);
  if (fd < 0)
    return NULL;
  text = read_in_folder (self, fd, error);
  close (fd);
  return text;
}

/* File systems without RENAME_NOREPLACE are looked at first: the folder is the user's alone. */
static gboolean
rename_if_free (int folder_fd, const char *name)
{
  struct stat status;

  if (renameat2 (folder_fd, NAME, folder_fd, name, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS)
    return FALSE;
  if (fstatat (folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return FALSE;
  }
  return errno == ENOENT && renameat (folder_fd, NAME, folder_fd, name) == 0;
}

static char *
set_aside_in_folder (int folder_fd, GError **error)
{
  for (guint i = 1; i <= CARDEA_LIMIT_DECISIONS_ASIDE; i++) {
    g_autofree char *name = g_strdup_printf (ASIDE_NAME "%u", i);

    if (rename_if_free (folder_fd, name))
      return g_steal_pointer (&name);
    if (errno != EEXIST) {
      cardea_private_folder_fail (error, "The file of decisions cannot be renamed to", name);
      return NULL;
    }
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
               "There are %d files of decisions already that could not be used.",
               CARDEA_LIMIT_DECISIONS_ASIDE);
  return NULL;
}

char *
cardea_decisions_file_set_aside (CardeaDecisionsFile *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  int fd = cardea_private_folder_open (self->folder, WHAT, error);
  char *name;

  if (fd < 0)
    return NULL;
  name = set_aside_in_folder (fd, error);
  if (name != NULL) {
    self->known = (Version){ 0 };
    (void)fsync (fd); /* undone by a crash, it is set aside again */
  }
  close (fd);
  return name;
}

/* One that is left over from a crash was never of use to anybody. */
static gboolean
write_new (int folder_fd, GBytes *text, Version *version, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  struct stat status;

  if (unlinkat (folder_fd, NEW_NAME, 0) < 0 && errno != ENOENT)
    return cardea_private_folder_fail (error, "An old file cannot be removed:", NEW_NAME);
  if (!cardea_private_folder_create (folder_fd, NEW_NAME, data, length, WHAT, error))
    return FALSE;
  if (fstatat (folder_fd, NEW_NAME, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    cardea_private_folder_fail (error, "The file of decisions cannot be read:", NEW_NAME);
    (void)unlinkat (folder_fd, NEW_NAME, 0);
    return FALSE;
  }
  *version = make_version (&status);
  return TRUE;
}

static gboolean
check_known (const CardeaDecisionsFile *self, int folder_fd, GError **error)
{
  Version now = { 0 };
  struct stat status;

  if (fstatat (folder_fd, NAME, &status, AT_SYMLINK_NOFOLLOW) == 0)
    now = make_version (&status);
  else if (errno != ENOENT)
    return cardea_private_folder_fail (error, "The file of decisions cannot be read:", NAME);
  if (is_same_version (&self->known, &now))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
               "Decisions cannot be written: another program changed or removed %s/%s.", self->folder, NAME);
  return FALSE;
}

static gboolean
replace (CardeaDecisionsFile *self, int folder_fd, GBytes *text, GError **error)
{
  Version version;

  if (!check_known (self, folder_fd, error) || !write_new (folder_fd, text, &version, error))
    return FALSE;
  if (renameat (folder_fd, NEW_NAME, folder_fd, NAME) < 0) {
    cardea_private_folder_fail (error, "The file of decisions cannot be replaced:", NAME);
    (void)unlinkat (folder_fd, NEW_NAME, 0);
    return FALSE;
  }
  self->known = version;
  return fsync (folder_fd) == 0 ||
         cardea_private_folder_fail (error, "Decisions cannot be written", "to the disk");
}

gboolean
cardea_decisions_file_write (CardeaDecisionsFile *self, GBytes *text, guint64 serial, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean done;
  int fd;

  if (serial <= self->serial)
    return TRUE;
  if (!cardea_private_folder_make (self->folder, WHAT, error))
    return FALSE;
  fd = cardea_private_folder_open (self->folder, WHAT, error);
  if (fd < 0)
    return FALSE;
  done = replace (self, fd, text, error);
  if (done)
    self->serial = serial;
  close (fd);
  return done;
}
