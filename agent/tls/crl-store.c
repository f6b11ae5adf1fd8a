/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of revoked certificates in files.
 *
 * They are replaced every few hours by whatever fetches them, so each verification looks whether they changed
 * and reads only what did. That is some calls of stat() on a worker, where a watch would be state of the main
 * loop, and late by its nature: a list that is in place counts for the next connection.
 *
 * A file that was replaced by one that cannot be used, or is half written, leaves what it said before: nobody
 * gets rid of a revocation by damaging a list. One that was removed says nothing any more. */

#include "agent/tls/crl-store.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tls/file-bytes.h"
#include "agent/tls/pem.h"
#include "socket-api/limits.h"

typedef struct
{
  char *path;
  struct stat seen;
  GPtrArray *lists; /* of CardeaCrl */
  char *problem;    /* or NULL */
} File;

struct _CardeaCrlStore
{
  GMutex paths_lock;
  char **paths; /* protected by paths_lock */

  GMutex lock;
  GPtrArray *files;      /* of File; protected by lock */
  GHashTable *by_issuer; /* Name (GBytes) -> GPtrArray of CardeaCrl; protected by lock */

  GMutex problems_lock;
  GPtrArray *problems; /* of char *; protected by problems_lock */
};

static void
file_free (gpointer data)
{
  File *self = data;

  g_free (self->path);
  g_clear_pointer (&self->lists, g_ptr_array_unref);
  g_free (self->problem);
  g_free (self);
}

static GPtrArray *
new_lists (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_crl_unref);
}

CardeaCrlStore *
cardea_crl_store_new (const char *const *paths)
{
  CardeaCrlStore *self = g_atomic_rc_box_new0 (CardeaCrlStore);

  self->paths = g_strdupv ((char **)paths);
  g_mutex_init (&self->paths_lock);
  g_mutex_init (&self->lock);
  g_mutex_init (&self->problems_lock);
  self->files = g_ptr_array_new_with_free_func (file_free);
  self->problems = g_ptr_array_new_with_free_func (g_free);
  self->by_issuer = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
                                           (GDestroyNotify)g_ptr_array_unref);
  return self;
}

CardeaCrlStore *
cardea_crl_store_ref (CardeaCrlStore *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  CardeaCrlStore *self = data;

  g_strfreev (self->paths);
  g_ptr_array_unref (self->files);
  g_hash_table_unref (self->by_issuer);
  g_ptr_array_unref (self->problems);
  g_mutex_clear (&self->paths_lock);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->problems_lock);
}

void
cardea_crl_store_set_paths (CardeaCrlStore *self, const char *const *paths)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->paths_lock);

  g_strfreev (self->paths);
  self->paths = g_strdupv ((char **)paths);
}

static char **
dup_paths (CardeaCrlStore *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->paths_lock);

  return g_strdupv (self->paths);
}

void
cardea_crl_store_unref (CardeaCrlStore *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static gboolean
add_list (File *file, GBytes *der, GPtrArray *lists, GError **error)
{
  CardeaCrl *list = cardea_crl_new (der, CARDEA_LIMIT_REVOCATION_LIST_BYTES, error);

  if (list == NULL) {
    g_prefix_error (error, "%s cannot be used: list %u ", file->path, lists->len + 1);
    return FALSE;
  }
  g_ptr_array_add (lists, list);
  return TRUE;
}

/* PEM, or else one list as DER. */
static GPtrArray *
parse (File *file, GString *text, GError **error)
{
  g_autoptr (GPtrArray) lists = new_lists ();
  g_autoptr (GPtrArray) blocks = cardea_pem_parse (text->str, CARDEA_PEM_LIST, file->path, error);

  if (blocks == NULL)
    return NULL;
  if (blocks->len == 0)
    g_ptr_array_add (blocks, g_bytes_new (text->str, text->len));
  for (guint i = 0; i < blocks->len; i++)
    if (!add_list (file, blocks->pdata[i], lists, error))
      return NULL;
  return g_steal_pointer (&lists);
}

static GPtrArray *
read_lists (File *file, GError **error)
{
  g_autoptr (GString) text = NULL;
  int fd = cardea_file_bytes_open (file->path, error);

  if (fd < 0)
    return NULL;
  text = cardea_file_bytes_read (fd, file->path, CARDEA_LIMIT_REVOCATION_LIST_BYTES, error);
  close (fd);
  return text != NULL ? parse (file, text, error) : NULL;
}

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
         a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Mostly it is where it was. @hint: the place. */
static const File *
find_file (GPtrArray *files, const char *path, guint hint)
{
  if (hint < files->len && g_str_equal (((const File *)files->pdata[hint])->path, path))
    return files->pdata[hint];
  for (guint i = 0; i < files->len; i++)
    if (g_str_equal (((const File *)files->pdata[i])->path, path))
      return files->pdata[i];
  return NULL;
}

/* One file as it is now, read only where it is not as it was. @before: or NULL. */
static File *
look_at (const File *before, const char *path, const struct stat *now)
{
  File *file = g_new0 (File, 1);
  g_autoptr (GError) error = NULL;

  file->path = g_strdup (path);
  file->seen = *now;
  if (before != NULL && is_same (&before->seen, now)) {
    file->lists = g_ptr_array_ref (before->lists);
    file->problem = g_strdup (before->problem);
    return file;
  }
  file->lists = read_lists (file, &error);
  if (file->lists != NULL)
    return file;
  file->problem = g_strdup (error->message);
  file->lists = before != NULL ? g_ptr_array_ref (before->lists) : new_lists ();
  return file;
}

/* Files as they are found, until there are too many. */
typedef struct
{
  GPtrArray *before, *files;
  GPtrArray *problems;
  goffset bytes;
  gboolean full;
  gboolean changed; /* a file is new, or not as it was */
} Walk;

static void
add_file (Walk *walk, const char *path, const struct stat *now)
{
  const File *before = find_file (walk->before, path, walk->files->len);
  File *file;

  if (walk->full)
    return;
  walk->bytes += now->st_size;
  walk->full =
      walk->files->len >= CARDEA_LIMIT_REVOCATION_FILES || walk->bytes > CARDEA_LIMIT_REVOCATION_LISTS_BYTES;
  if (walk->full) {
    g_ptr_array_add (
        walk->problems,
        g_strdup_printf ("%s and what comes after it is not read: there are more than %d files of "
                         "revocation lists, or %d bytes.",
                         path, CARDEA_LIMIT_REVOCATION_FILES, CARDEA_LIMIT_REVOCATION_LISTS_BYTES));
    return;
  }
  file = look_at (before, path, now);
  walk->changed |= before == NULL || file->lists != before->lists;
  if (file->problem != NULL)
    g_ptr_array_add (walk->problems, g_strdup (file->problem));
  g_ptr_array_add (walk->files, file);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *)a, *(const char *const *)b);
}

static void
add_folder (Walk *walk, const char *folder)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  if (dir == NULL) {
    g_ptr_array_add (walk->problems, g_strdup (error->message));
    return;
  }
  while ((name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.')
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    struct stat now;

    if (stat (names->pdata[i], &now) == 0 && S_ISREG (now.st_mode))
      add_file (walk, names->pdata[i], &now);
  }
}

static void
add_path (Walk *walk, const char *path)
{
  struct stat now;

  if (stat (path, &now) != 0)
    g_ptr_array_add (walk->problems, g_strdup_printf ("%s cannot be read: %s", path, g_strerror (errno)));
  else if (S_ISDIR (now.st_mode))
    add_folder (walk, path);
  else
    add_file (walk, path, &now);
}

static void
index_lists (CardeaCrlStore *self)
{
  g_hash_table_remove_all (self->by_issuer);
  for (guint i = 0; i < self->files->len; i++) {
    const File *file = self->files->pdata[i];

    for (guint j = 0; j < file->lists->len; j++) {
      CardeaCrl *list = file->lists->pdata[j];
      CardeaDer issuer = cardea_crl_get_issuer (list);
      g_autoptr (GBytes) key = g_bytes_new (issuer.data, issuer.length);
      GPtrArray *lists = g_hash_table_lookup (self->by_issuer, key);

      if (lists == NULL) {
        lists = new_lists ();
        g_hash_table_insert (self->by_issuer, g_steal_pointer (&key), lists);
      }
      g_ptr_array_add (lists, cardea_crl_ref (list));
    }
  }
}

void
cardea_crl_store_refresh (CardeaCrlStore *self)
{
  Walk walk = { 0 };
  g_auto (GStrv) paths = NULL;

  g_mutex_lock (&self->lock);
  paths = dup_paths (self);
  walk.before = self->files;
  walk.files = g_ptr_array_new_with_free_func (file_free);
  walk.problems = g_ptr_array_new_with_free_func (g_free);
  for (char **path = paths; path != NULL && *path != NULL; path++)
    add_path (&walk, *path);
  walk.changed |= walk.files->len != walk.before->len;
  self->files = walk.files;
  g_ptr_array_unref (walk.before);
  if (walk.changed)
    index_lists (self);
  g_mutex_unlock (&self->lock);

  g_mutex_lock (&self->problems_lock);
  g_ptr_array_unref (self->problems);
  self->problems = walk.problems;
  g_mutex_unlock (&self->problems_lock);
}

static GPtrArray *
find_lists (CardeaCrlStore *self, CardeaDer issuer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GBytes) key = g_bytes_new_static (issuer.data, issuer.length);
  GPtrArray *lists = g_hash_table_lookup (self->by_issuer, key);

  return lists != NULL ? g_ptr_array_ref (lists) : NULL;
}

CardeaRevocationStatus
cardea_crl_store_check (CardeaCrlStore *self, const CardeaX509 *certificate, const CardeaX509 *issuer,
                        gint64 now)
{
  g_autoptr (GPtrArray) lists = find_lists (self, certificate->issuer);
  CardeaRevocationStatus found = CARDEA_REVOCATION_UNKNOWN;

  for (guint i = 0; lists != NULL && i < lists->len && found != CARDEA_REVOCATION_REVOKED; i++) {
    CardeaRevocationStatus status = cardea_crl_check (lists->pdata[i], certificate, issuer, now, NULL);

    found = MAX (found, status);
  }
  return found;
}

GPtrArray *
cardea_crl_store_get_problems (CardeaCrlStore *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->problems_lock);
  GPtrArray *copy = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->problems->len; i++)
    g_ptr_array_add (copy, g_strdup (self->problems->pdata[i]));
  return copy;
}
